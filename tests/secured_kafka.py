"""Apache Kafka with two more listeners: SASL_SSL, and SSL that requires a client's certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from local.parts.apache_kafka import ApacheKafka
from local.ports import HOST, Ports
from services.chassis.events.bus import KafkaConnection

USERNAME = "roost"
PASSWORD = "password-of-tests"

_LISTENERS = """\
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port},SASL://{host}:{sasl_port},\
MUTUAL://{host}:{mutual_port}
advertised.listeners=BROKER://{host}:{port},SASL://{host}:{sasl_port},MUTUAL://{host}:{mutual_port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.sasl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{username}="{password}";
listener.name.mutual.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={key_store}
ssl.truststore.type=PEM
ssl.truststore.location={trust_store}
"""


@dataclass(frozen=True)
class Certificate:
    """Files of a certificate, and of its key."""

    certificate: Path
    key: Path


class Authority:
    """An authority of its own in `folder`; `ca` is the file of its certificate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Authority of the tests")
        self._certificate = self._sign(self._name, self._key.public_key(), is_authority=True)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str) -> Certificate:
        """A certificate for the loopback address."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_named(name), key.public_key(), is_authority=False)
        issued = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}-key.pem")
        issued.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        issued.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return issued

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )


class SecuredKafka(ApacheKafka):
    """The broker of tests that connect with TLS. Roost connects by SCRAM-SHA-512."""

    def __init__(self, folder: Path, *, ports: Ports, libraries: Path) -> None:
        super().__init__(folder, ports=ports, libraries=libraries)
        self._sasl_port = ports.port("broker.sasl")
        self._mutual_port = ports.port("broker.mutual")
        self.authority = Authority(folder / "authority")

    @property
    def connection(self) -> KafkaConnection:
        return KafkaConnection(
            brokers=(f"{HOST}:{self._sasl_port}",),
            idempotent=True,
            security="sasl_ssl",
            ca_file=self.authority.ca,
            sasl_mechanism="SCRAM-SHA-512",
            username=USERNAME,
            password=PASSWORD,
        )

    @property
    def mutual(self) -> KafkaConnection:
        """The connection with a certificate of the client."""
        client = self.authority.issue("client")
        return KafkaConnection(
            brokers=(f"{HOST}:{self._mutual_port}",),
            idempotent=True,
            security="ssl",
            ca_file=self.authority.ca,
            certificate_file=client.certificate,
            key_file=client.key,
        )

    def configuration(self, data: Path) -> str:
        server = self.authority.issue("server")
        key_store = self._folder / "server-store.pem"
        key_store.write_bytes(server.key.read_bytes() + server.certificate.read_bytes())
        lines = super().configuration(data).splitlines(keepends=True)
        kept = [each for each in lines if "listeners=" not in each and "protocol.map" not in each]
        return "".join(kept) + _LISTENERS.format(
            host=HOST,
            port=self._port,
            controller_port=self._controller_port,
            sasl_port=self._sasl_port,
            mutual_port=self._mutual_port,
            username=USERNAME,
            password=PASSWORD,
            key_store=key_store,
            trust_store=self.authority.ca,
        )

    def format_arguments(self) -> Sequence[str]:
        return ("--add-scram", f"SCRAM-SHA-512=[name={USERNAME},password={PASSWORD}]")


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

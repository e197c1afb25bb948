"""Certificates of tests: an authority, and folders as a Secret of Kubernetes has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.chassis.runtime.tls import TlsFiles

LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))


class Authority:
    """Signs certificates of 127.0.0.1 and of names."""

    def __init__(self, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self._own = (
            self._builder(self._subject, self._key, days=1)
            .add_extension(constraints, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = _pem(self._own)

    def issue(
        self,
        folder: Path,
        *names: str,
        expired: bool = False,
        days: int = 1,
        loopback: bool = True,
        serial: int | None = None,
    ) -> Path:
        """Writes tls.crt, tls.key and ca.crt into the folder, each by a rename; returns it."""
        key = ec.generate_private_key(ec.SECP256R1())
        # As cert-manager makes them: without a subject, of both uses.
        subject = x509.Name([])
        found: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        certificate = (
            self._builder(subject, key, days=-1 if expired else days, serial=serial)
            .add_extension(
                x509.SubjectAlternativeName([*found, *([LOOPBACK] if loopback else [])]),
                critical=True,
            )
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        pem_key = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {
            "ca.crt": self.pem,
            "tls.crt": _pem(certificate),
            "tls.key": pem_key,
        }.items():
            draft = folder.parent / f"{folder.name}-{name}.new"
            draft.write_bytes(content)
            draft.replace(folder / name)
        return folder

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        days: int,
        serial: int | None = None,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        number = x509.random_serial_number() if serial is None else serial
        return x509.CertificateBuilder(
            self._subject,
            subject,
            key.public_key(),
            number,
            now - timedelta(days=2),
            now + timedelta(days=days),
        )


def settings_of(folder: Path) -> dict[str, str]:
    """The settings of a process that uses the files of a folder."""
    return {
        "ROOST_TLS_CERTIFICATE_FILE": str(folder / "tls.crt"),
        "ROOST_TLS_KEY_FILE": str(folder / "tls.key"),
        "ROOST_TLS_CA_FILE": str(folder / "ca.crt"),
    }


def files_of(folder: Path) -> TlsFiles:
    """The files of a folder."""
    return TlsFiles(
        certificate=folder / "tls.crt", key=folder / "tls.key", authority=folder / "ca.crt"
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)

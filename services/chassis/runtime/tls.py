"""Mutual TLS between Envoy and Roost's processes, by files that may be renewed at any time.

A process shows one certificate, as a server and as a client of the mesh, and accepts those that the
authority signed. Handshakes use the files as they are then; open connections stay as they are.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from prometheus_client import Gauge

from services.chassis.runtime.logs import logger

_expiry = Gauge(
    "roost_tls_certificate_expiry_time_seconds",
    "The time at which the certificate of the process expires, in Unix time.",
    ("file",),
)

# What changes when a file is written or replaced.
_Version = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TlsMaterial:
    """The contents of the files, in PEM. Contents that were read again are another object."""

    certificate: bytes
    key: bytes
    authority: bytes


class TlsFiles:
    """The certificate with its chain, its key, and the authority of all processes.

    Raises OSError or ValueError if the files cannot be read or do not fit.
    """

    def __init__(self, *, certificate: Path, key: Path, authority: Path) -> None:
        self._certificate, self._key, self._authority = certificate, key, authority
        self._version = self._read_version()
        self._material = self._read()

    def current(self) -> TlsMaterial:
        """Reads the files again if they have changed. Files that do not fit are not taken: the last
        that did are used until they do."""
        try:
            version = self._read_version()
            if version != self._version:
                self._material = self._read()
                self._version = version
                logger().info("tls_files_read")
        except (OSError, ValueError) as error:
            logger().warning("tls_files_refused", error=str(error))
        return self._material

    def server_context(self) -> ssl.SSLContext:
        """Returns a context that requires a client's certificate of the authority, and uses the
        current files in each handshake."""
        material, latest = self._material, self._read_context(self._material)

        def renew(connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
            nonlocal material, latest
            current = self.current()
            if current is not material:
                try:
                    material, latest = current, self._read_context(current)
                except (OSError, ValueError) as error:
                    logger().warning("tls_files_refused", error=str(error))
            connection.context = latest

        first = self._read_context(material)
        # It is called for each handshake, whether the client sent a name or not.
        first.sni_callback = renew
        return first

    def _read_context(self, material: TlsMaterial) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        # Connections are few and long; a resumed one would skip the current authority.
        context.num_tickets = 0
        context.load_cert_chain(self._certificate, self._key)
        # OpenSSL takes text alone, and comments may be in any encoding.
        context.load_verify_locations(cadata=material.authority.decode("ascii", "ignore"))
        return context

    def _read_version(self) -> _Version:
        stats = (each.stat() for each in (self._certificate, self._key, self._authority))
        return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in stats)

    def _read(self) -> TlsMaterial:
        material = TlsMaterial(
            certificate=self._certificate.read_bytes(),
            key=self._key.read_bytes(),
            authority=self._authority.read_bytes(),
        )
        own, *_ = _certificates(material.certificate, self._certificate)
        _certificates(material.authority, self._authority)
        private = _private_key(material.key, self._key)
        if _public(private.public_key()) != _own_public(own, self._certificate):
            raise ValueError(f"{self._key} is not the key of the certificate {self._certificate}")
        _expiry.labels(str(self._certificate)).set(own.not_valid_after_utc.timestamp())
        return material


def _certificates(pem: bytes, file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ValueError(f"{file} holds no certificate in PEM") from None


def _private_key(pem: bytes, file: Path) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"{file} holds no private key in PEM without a password") from None


def _own_public(certificate: x509.Certificate, file: Path) -> bytes:
    try:
        return _public(certificate.public_key())
    except UnsupportedAlgorithm:
        raise ValueError(f"{file} has a public key of an unknown kind") from None


def _public(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded

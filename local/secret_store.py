"""Generates a stack's secrets at its first start; only the owner of the files can read them."""

from __future__ import annotations

import base64
import json
import os
import secrets
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# The identity of the command line. Services accept it for the calls alone that name it.
OPERATOR = "operator"
# Signs the certificates of Envoy and of the processes.
_AUTHORITY = "tls-authority"
# Longer than any stack: certificates are deleted with the folder, and clocks may be wrong.
_BEGIN, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
COORDINATE_BYTES = 32  # of a P-256 point


class SecretStore:
    """Secrets by name in ``folder``; each is made at the first call for it, and never changes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._folder = folder

    def token(self, name: str) -> str:
        """Return 32 random bytes in hexadecimal: a key, or a password that needs no quoting."""
        file = self._folder / name
        if not file.exists():
            write_private(file, new_token())
        return file.read_text()

    def file(self, name: str, text: str) -> Path:
        """Return a file with this text, which a part reads at its start."""
        file = self._folder / name
        write_private(file, text)
        return file

    def identity(self, service: str) -> Path:
        """Return the file of the ES256 private key that authenticates ``service``."""
        return self.signing_key(service)

    def signing_key(self, name: str) -> Path:
        """Return the file of an ES256 private key (PEM)."""
        file = self._folder / f"{name}.pem"
        if not file.exists():
            write_private(file, new_signing_key())
        return file

    def certificate(self, name: str) -> Path:
        """Return the file of a self-signed certificate (PEM) of 127.0.0.1 for
        ``signing_key(name)``."""
        file = self._folder / f"{name}.crt"
        if not file.exists():
            key = _read_key(self.signing_key(name).read_text())
            write_private(file, _self_signed(name, key))
        return file

    def tls_folder(self, name: str) -> Path:
        """Return a folder with tls.crt, tls.key and ca.crt: a certificate of ``name`` and of
        127.0.0.1, its key, and the stack's authority, which signed it."""
        folder = self._folder / "tls" / name
        folder.mkdir(parents=True, exist_ok=True)
        key = _read_key(self.signing_key(f"tls-{name}").read_text())
        authority = self.certificate(_AUTHORITY)
        if not (folder / "tls.crt").exists():
            signer = x509.load_pem_x509_certificate(authority.read_bytes())
            signer_key = _read_key(self.signing_key(_AUTHORITY).read_text())
            write_private(
                folder / "tls.crt", _signed(name, key, signer=signer, signer_key=signer_key)
            )
        write_private(folder / "tls.key", self.signing_key(f"tls-{name}").read_text())
        write_private(folder / "ca.crt", authority.read_text())
        return folder

    def identities(self, services: list[str]) -> Path:
        """Return a JWKS file (RFC 7517) of the services' public keys, each under its name."""
        keys = [public_jwk(service, self.identity(service).read_text()) for service in services]
        return self.file("services.jwks.json", json.dumps({"keys": keys}))

    def symmetric_keys(self, name: str) -> Path:
        """Return a JWKS file whose only key, for HS256, is ``token(name)``."""
        keys = [symmetric_jwk(self.token(name))]
        return self.file(f"{name}.jwks.json", json.dumps({"keys": keys}))


def new_token() -> str:
    """Return 32 random bytes in hexadecimal."""
    return secrets.token_hex(32)


def new_signing_key() -> str:
    """Return a new ES256 private key (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


def public_jwk(service: str, pem: str) -> dict[str, str]:
    """Return the public key of an ES256 private key, with the service as its id.

    Raises ValueError if the PEM has no such key.
    """
    point = _read_key(pem).public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": service,
        "x": _base64url(point.x.to_bytes(COORDINATE_BYTES, "big")),
        "y": _base64url(point.y.to_bytes(COORDINATE_BYTES, "big")),
    }


def symmetric_jwk(token: str) -> dict[str, str]:
    """Return the HS256 key of a token. Raises ValueError if it is not in hexadecimal."""
    return {"kty": "oct", "alg": "HS256", "k": _base64url(bytes.fromhex(token))}


def _read_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError("the PEM has no ES256 private key")
    return key


def _self_signed(name: str, key: ec.EllipticCurvePrivateKey) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    loopback = x509.IPAddress(ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, _BEGIN, _END)
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    signer: x509.Certificate,
    signer_key: ec.EllipticCurvePrivateKey,
) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
    number = x509.random_serial_number()
    certificate = (
        x509.CertificateBuilder(signer.subject, subject, key.public_key(), number, _BEGIN, _END)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def write_private(file: Path, text: str) -> None:
    """Write the file atomically, readable by its owner only."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)  # before data that is encrypted with it
    draft.replace(file)

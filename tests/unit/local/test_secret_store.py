"""Secrets are made once, kept, and readable by their owner only."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from local.secret_store import SecretStore


def test_secret_is_the_same_at_the_next_start(tmp_path: Path) -> None:
    first = SecretStore(tmp_path / "secrets").token("master-key")
    second = SecretStore(tmp_path / "secrets").token("master-key")

    assert first == second
    assert len(bytes.fromhex(first)) == 32


def test_only_the_owner_can_read_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secrets = SecretStore(folder)

    secrets.token("page-token-key")
    secrets.identities(["user", "post"])

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_what_a_service_signs_is_verified_by_the_published_identities(tmp_path: Path) -> None:
    secrets = SecretStore(tmp_path / "secrets")
    private = ECKey.import_key(secrets.identity("post").read_text())
    signed = jwt.encode({"alg": "ES256", "kid": "post"}, {"sub": "service:post"}, private)

    published = json.loads(secrets.identities(["user", "post"]).read_text())

    claims = jwt.decode(signed, KeySet.import_key_set(published)).claims
    assert claims == {"sub": "service:post"}
    assert not any("d" in key for key in published["keys"])


def test_a_certificate_is_of_its_key_and_stays(tmp_path: Path) -> None:
    secrets = SecretStore(tmp_path)
    file = secrets.certificate("store")
    first = file.read_bytes()

    again = SecretStore(tmp_path).certificate("store").read_bytes()

    key = serialization.load_pem_private_key(secrets.signing_key("store").read_bytes(), None)
    assert x509.load_pem_x509_certificate(first).public_key() == key.public_key()
    assert again == first
    assert file.stat().st_mode & 0o077 == 0


def test_a_symmetric_key_is_published_for_hs256(tmp_path: Path) -> None:
    secrets = SecretStore(tmp_path)

    [key] = json.loads(secrets.symmetric_keys("paths").read_text())["keys"]

    raw = base64.urlsafe_b64decode(key.pop("k") + "=")
    assert raw.hex() == secrets.token("paths")
    assert key == {"kty": "oct", "alg": "HS256"}


def test_files_of_tls_are_signed_by_one_authority_and_stay(tmp_path: Path) -> None:
    store = SecretStore(tmp_path)
    first, second = store.tls_folder("post"), store.tls_folder("user")
    before = {each.name: each.read_bytes() for each in first.iterdir()}

    own = x509.load_pem_x509_certificate(before["tls.crt"])
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert before.keys() == {"tls.crt", "tls.key", "ca.crt"}
    assert (second / "ca.crt").read_bytes() == before["ca.crt"]
    assert names.get_values_for_type(x509.DNSName) == ["post"]
    own.verify_directly_issued_by(x509.load_pem_x509_certificate(before["ca.crt"]))
    assert (first / "tls.key").stat().st_mode & 0o077 == 0
    again = SecretStore(tmp_path).tls_folder("post")
    assert {each.name: each.read_bytes() for each in again.iterdir()} == before

"""The Secrets of an installation on Kubernetes: what is in each, as Kubernetes manifests.

The chart names them by their owner: a service, the gateway, Envoy, or what several owners use.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local.parts.envoy import PATH_KEY
from local.secret_store import OPERATOR, new_signing_key, new_token, public_jwk, symmetric_jwk
from services.chassis.runtime.manifest import Engine, Manifest

GATEWAY = "gateway"
ENVOY = "envoy"
IDENTITIES = "identities"
KAFKA = "kafka"
RATE_LIMITS = "rate-limits"
OPTIONAL = (KAFKA, RATE_LIMITS)

IDENTITY = "service-key.pem"
CREDENTIALS = "media-store.credentials"
# What an operator has to give to a service, by the engine that needs it.
GIVEN = {
    Engine.POSTGRES: ("database-url",),
    Engine.VALKEY: ("redis-url",),
    Engine.S3: ("s3-access-key", "s3-secret-key"),
}

# The values of each owner's Secret by their key. They may be any bytes, which are text as
# `os.fsdecode` reads them.
Secrets = dict[str, dict[str, str]]


class SecretMissing(Exception):
    """A value can only be given, and is not; the owner of the Secret, and the key."""

    def __init__(self, owner: str, key: str) -> None:
        super().__init__(f"the Secret of {owner} needs a {key}")
        self.owner = owner
        self.key = key


class SecretsInvalid(Exception):
    """Kept or given values cannot be used; the message is a clause."""


def key_of(variable: str) -> str:
    """Return the key in a Secret of what a variable holds, or of the file that it names."""
    name = variable.removeprefix("ROOST_")
    form = ".pem" if name.endswith("_FILE") else ""
    return name.removesuffix("_FILE").lower().replace("_", "-") + form


def complete(
    services: Sequence[Manifest],
    given: Mapping[str, Mapping[str, str]],
    kept: Mapping[str, Mapping[str, str]],
) -> Secrets:
    """Return the Secrets of all owners: what is given, else what is kept, else new random values.

    Kept values that nobody gives stay as they are. Raises SecretMissing or SecretsInvalid.
    """
    optional = [owner for owner in OPTIONAL if owner in kept or owner in given]
    secrets: Secrets = {
        owner: {**kept.get(owner, {}), **given.get(owner, {})}
        for owner in [*owners(services), *optional]
    }
    for service in services:
        for key in (key for engine in service.engines for key in GIVEN.get(engine, ())):
            if key not in secrets[service.noun]:
                raise SecretMissing(service.noun, key)
        secrets[service.noun].setdefault("page-token-key", new_token())
    if CREDENTIALS not in secrets[ENVOY]:
        raise SecretMissing(ENVOY, CREDENTIALS)
    _refuse_shared_databases(secrets, services)
    for places in _shared_tokens(services).values():
        _share(secrets, places, new_token())
    for places in _shared_keys(services).values():
        _share(secrets, places, new_signing_key())
    try:
        _publish(secrets, identified(services))
    except (ValueError, KeyError, TypeError) as wrong:
        raise SecretsInvalid(f"a kept key is damaged: {wrong}") from None
    return secrets


def owners(services: Sequence[Manifest]) -> list[str]:
    """Return the owners of the Secrets that every installation has."""
    return [*identified(services), ENVOY, IDENTITIES]


def identified(services: Sequence[Manifest]) -> list[str]:
    """Return the owners of an identity. No pod has the operator's: it is for the command line."""
    return [*(each.noun for each in services), GATEWAY, OPERATOR]


def fullname(release: str) -> str:
    """Return the prefix of the names of a release's objects, as the chart forms it."""
    return release if "roost" in release else f"{release}-roost"


def manifest(secrets: Secrets, *, release: str, namespace: str | None) -> dict[str, Any]:
    """Return the Secrets as a List of Kubernetes."""
    place = {} if namespace is None else {"namespace": namespace}
    labels = {"app.kubernetes.io/name": "roost", "app.kubernetes.io/instance": release}
    items = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{fullname(release)}-{owner}", **place, "labels": labels},
            "type": "Opaque",
            "data": {key: _encoded(value) for key, value in values.items()},
        }
        for owner, values in secrets.items()
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def read(
    text: str, services: Sequence[Manifest], *, release: str, namespace: str | None
) -> Secrets:
    """Return the Secrets of a release in what `kubectl get secrets -o json` or `manifest` wrote.

    Other objects are ignored. Raises SecretsInvalid.
    """
    names = {f"{fullname(release)}-{owner}": owner for owner in [*owners(services), *OPTIONAL]}
    found: Secrets = {}
    try:
        said = json.loads(text)
        for each in said.get("items", [said]):
            metadata = each["metadata"]
            owner = names.get(metadata["name"])
            elsewhere = namespace is not None and metadata.get("namespace", namespace) != namespace
            if each["kind"] != "Secret" or owner is None or elsewhere:
                continue
            if owner in found:
                raise SecretsInvalid(f"there are two Secrets named {metadata['name']}")
            data = {key: _decoded(value) for key, value in (each.get("data") or {}).items()}
            found[owner] = data | dict(each.get("stringData") or {})
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise SecretsInvalid("it holds no Secrets of Kubernetes in JSON") from None
    return found


def _shared_tokens(services: Sequence[Manifest]) -> dict[str, list[tuple[str, str]]]:
    """Where each random secret is, by its name in the manifests: owners and keys."""
    places: dict[str, list[tuple[str, str]]] = {PATH_KEY: [(GATEWAY, PATH_KEY)]}
    for service in services:
        for variable, name in service.secrets.items():
            places.setdefault(name, []).append((service.noun, key_of(variable)))
    return places


def _shared_keys(services: Sequence[Manifest]) -> dict[str, list[tuple[str, str]]]:
    """Where each signing key is, by its name."""
    places = {f"identity of {owner}": [(owner, IDENTITY)] for owner in identified(services)}
    for service in services:
        for variable, name in service.keys.items():
            places.setdefault(name, []).append((service.noun, key_of(variable)))
    return places


def _share(secrets: Secrets, places: Sequence[tuple[str, str]], new: str) -> None:
    """Give the same value to every place: the one that a place has, else a new one."""
    known = {secrets[owner][key] for owner, key in places if key in secrets[owner]}
    if len(known) > 1:
        where = " and ".join(f"{key} of {owner}" for owner, key in places)
        raise SecretsInvalid(f"{where} differ, and have to be the same")
    for owner, key in places:
        secrets[owner][key] = next(iter(known), new)


def _publish(secrets: Secrets, names: Iterable[str]) -> None:
    """Complete the sets of keys that verify what the secret keys sign."""
    public = [public_jwk(name, secrets[name][IDENTITY]) for name in names]
    _add_keys(secrets[IDENTITIES], "services.jwks.json", public)
    paths = [symmetric_jwk(secrets[GATEWAY][PATH_KEY])]
    _add_keys(secrets[ENVOY], "media-path-keys.json", paths)


def _add_keys(secret: dict[str, str], name: str, needed: Sequence[Mapping[str, str]]) -> None:
    """Add the missing keys to a JWKS. A key with the id of a missing one is replaced."""
    kept = json.loads(secret[name])["keys"] if name in secret else []
    missing = [each for each in needed if each not in kept]
    if missing or name not in secret:
        replaced = {each["kid"] for each in missing if "kid" in each}
        keys = [*(each for each in kept if each.get("kid") not in replaced), *missing]
        secret[name] = json.dumps({"keys": keys})


def _refuse_shared_databases(secrets: Secrets, services: Sequence[Manifest]) -> None:
    by_url: dict[str, str] = {}
    for service in services:
        url = secrets[service.noun].get("database-url")
        if url is None:
            continue
        if url in by_url:
            raise SecretsInvalid(
                f"{by_url[url]} and {service.noun} have the same database, "
                "and each service needs its own"
            )
        by_url[url] = service.noun


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode(errors="surrogateescape")).decode()


def _decoded(value: str) -> str:
    return base64.b64decode(value, validate=True).decode(errors="surrogateescape")

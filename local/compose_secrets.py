"""Makes the secrets of charts/compose.yaml, in a folder that only its owner may enter.

``python -m local.compose_secrets FOLDER``. What exists stays as it is; only what is missing is
added, so a second run changes no password and no key.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from local import cluster_secrets
from local.cluster_secrets import CREDENTIALS, ENVOY, GATEWAY, IDENTITIES, Secrets
from local.parts.seaweedfs import MEDIA_BUCKET, SERVED
from local.secret_store import SecretStore, write_private
from services.chassis.runtime.manifest import Engine, Manifest, deployed

# The values of all owners, which a second run keeps.
KEPT = "secrets.json"
# Settings in Secrets that are not in the manifests, by their keys.
SETTINGS = {
    "database-url": "ROOST_DATABASE_URL",
    "redis-url": "ROOST_REDIS_URL",
    "page-token-key": "ROOST_PAGE_TOKEN_KEY",
    "media-path-key": "ROOST_MEDIA_PATH_KEY",
    "s3-access-key": "ROOST_S3_ACCESS_KEY",
    "s3-secret-key": "ROOST_S3_SECRET_KEY",
}
STORE_KEYS = {"media": "roost-media", "cdn": "roost-cdn"}
VALKEY = """\
requirepass {password}
save ""
appendonly no
maxmemory 512mb
maxmemory-policy allkeys-lru
"""


def main(arguments: list[str]) -> int:
    """Make the folder; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name the folder: python -m local.compose_secrets FOLDER\n")
        return 2
    make(Path(arguments[0]))
    return 0


def make(folder: Path) -> None:
    """Add what is missing in the folder, and write what the parts read."""
    services = [each for each in deployed() if each.processes]
    passwords = SecretStore(folder / "passwords")
    folder.chmod(0o700)
    file = folder / KEPT
    kept: Secrets = json.loads(file.read_text()) if file.exists() else {}
    secrets = cluster_secrets.complete(services, _given(services, passwords), kept)
    write_private(file.absolute(), json.dumps(secrets, indent=1))
    databases = {each.noun: secrets[each.noun]["database-url"] for each in services}
    _environment(
        folder / "migrate.env",
        {f"ROOST_DATABASE_URL_{noun.upper()}": url for noun, url in databases.items()},
    )
    for owner in [*(each.noun for each in services), GATEWAY]:
        own = {SETTINGS[key]: value for key, value in secrets[owner].items() if key in SETTINGS}
        own |= _declared(owner, services, secrets)
        _environment(folder / f"{owner}.env", own)
        pems = {key: text for key, text in secrets[owner].items() if key.endswith(".pem")}
        _mounted(folder / owner, pems)
    _mounted(folder / IDENTITIES, secrets[IDENTITIES])
    _mounted(folder / ENVOY, secrets[ENVOY])
    superuser = passwords.token("postgres.roost")
    _mounted(folder / "postgres", {"password": superuser, "roost.sql": _roles(services, passwords)})
    _mounted(folder / "valkey", {"valkey.conf": VALKEY.format(password=passwords.token("valkey"))})
    _mounted(folder / "seaweedfs", {"s3.json": _identities(passwords)})
    _mounted(folder / "grafana", {"password": passwords.token("grafana")})


def _given(services: list[Manifest], passwords: SecretStore) -> Mapping[str, Mapping[str, str]]:
    """What the engines of compose.yaml are reached by."""
    given: dict[str, dict[str, str]] = {}
    for each in services:
        role = f"roost_{each.noun}"
        password = passwords.token(f"postgres.{role}")
        own = {
            "database-url": f"postgres://{role}:{password}@postgres:5432/{role}?sslmode=disable",
            "redis-url": f"redis://:{passwords.token('valkey')}@valkey:6379/0",
        }
        if Engine.S3 in each.engines:
            own |= {
                "s3-access-key": STORE_KEYS["media"],
                "s3-secret-key": passwords.token("s3.media"),
            }
        given[each.noun] = own
    reader = [
        "[default]",
        f"aws_access_key_id={STORE_KEYS['cdn']}",
        f"aws_secret_access_key={passwords.token('s3.cdn')}",
    ]
    given[ENVOY] = {CREDENTIALS: "\n".join([*reader, ""])}
    return given


def _declared(owner: str, services: list[Manifest], secrets: Secrets) -> dict[str, str]:
    """The secrets that the manifest of a service names."""
    return {
        variable: secrets[owner][cluster_secrets.key_of(variable)]
        for service in services
        if service.noun == owner
        for variable in service.secrets
    }


def _roles(services: list[Manifest], passwords: SecretStore) -> str:
    """The SQL that makes a database and its owner for each service."""
    lines = []
    for each in services:
        role = f"roost_{each.noun}"
        lines += [
            f"CREATE ROLE {role} LOGIN PASSWORD '{passwords.token(f'postgres.{role}')}';",
            f"CREATE DATABASE {role} OWNER {role};",
        ]
    return "\n".join([*lines, ""])


def _identities(passwords: SecretStore) -> str:
    """Who may do what in the object store."""
    actions = {
        "media": [f"{action}:{MEDIA_BUCKET}" for action in ("Read", "Write", "List")],
        "cdn": [f"Read:{MEDIA_BUCKET}/{folder}/*" for folder in SERVED],
    }
    identities = [
        {
            "name": STORE_KEYS[who],
            "credentials": [
                {"accessKey": STORE_KEYS[who], "secretKey": passwords.token(f"s3.{who}")}
            ],
            "actions": allowed,
        }
        for who, allowed in actions.items()
    ]
    return json.dumps({"identities": identities})


def _environment(file: Path, values: Mapping[str, str]) -> None:
    lines = [f"{name}={value}" for name, value in sorted(values.items())]
    write_private(file.absolute(), "\n".join([*lines, ""]))


def _mounted(folder: Path, files: Mapping[str, str]) -> None:
    """Write files that the user of a container reads. Others cannot: the folder above is closed."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name, text in files.items():
        write_private((folder / name).absolute(), text)
        (folder / name).chmod(0o644)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

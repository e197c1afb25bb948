"""`roost secrets`, which makes the Secrets of an installation on Kubernetes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from local import cluster_secrets
from local.chart import settings_of, variables
from local.cluster_secrets import (
    CREDENTIALS,
    ENVOY,
    KAFKA,
    RATE_LIMITS,
    SecretMissing,
    Secrets,
    SecretsInvalid,
)
from local.commands.options import error_console, print_error
from local.parts.envoy import credentials
from local.secret_store import write_private
from services.chassis.runtime.manifest import Engine, Manifest, deployed
from services.chassis.runtime.settings import PostgresUrl, RedisUrl

SERVICE = "{service}"
# Options of a value that an owner cannot do without, by its key.
OPTIONS = {CREDENTIALS: "--s3-reader-access-key and --s3-reader-secret-key"}
# The setting of services that read lists from a standby.
REPLICA = "ROOST_REPLICA_URL"
# Values that are of no use without each other.
PAIRS = ((KAFKA, "username", "password"), (KAFKA, "tls.crt", "tls.key"))

_FROM_FILE = "@FILE reads it from a file."


class OptionInvalid(Exception):
    """An option has a value that is not allowed; the message is a sentence."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(secrets)


def secrets(
    *,
    release: Annotated[str, typer.Option(help="The name of the Helm release.")] = "roost",
    namespace: Annotated[
        str | None, typer.Option(help="The namespace; that of kubectl if absent.")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="What `kubectl get secrets -o json` or this command wrote, or - for standard "
            "input. All of it stays, except what an option gives.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write to this file, for its owner only.")
    ] = None,
    database_url: Annotated[
        list[str] | None,
        typer.Option(
            envvar="ROOST_DATABASE_URL",
            help="PostgreSQL: a URL with {service} in the name of the database, or SERVICE=URL; "
            f"repeatable. {_FROM_FILE}",
        ),
    ] = None,
    replica_url: Annotated[
        list[str] | None,
        typer.Option(
            envvar=REPLICA,
            help="A standby for lists of post, timeline and user, as --database-url; repeatable. "
            f"{_FROM_FILE}",
        ),
    ] = None,
    redis_url: Annotated[
        list[str] | None,
        typer.Option(
            envvar="ROOST_REDIS_URL",
            help=f"Valkey: a URL, or SERVICE=URL; repeatable. {_FROM_FILE}",
        ),
    ] = None,
    s3_access_key: Annotated[
        str | None, typer.Option(envvar="ROOST_S3_ACCESS_KEY", help="Reads and writes media.")
    ] = None,
    s3_secret_key: Annotated[
        str | None, typer.Option(envvar="ROOST_S3_SECRET_KEY", help=_FROM_FILE)
    ] = None,
    s3_reader_access_key: Annotated[
        str | None,
        typer.Option(
            envvar="ROOST_S3_READER_ACCESS_KEY", help="Envoy's, which only reads what is served."
        ),
    ] = None,
    s3_reader_secret_key: Annotated[
        str | None, typer.Option(envvar="ROOST_S3_READER_SECRET_KEY", help=_FROM_FILE)
    ] = None,
    kafka_username: Annotated[
        str | None, typer.Option(envvar="ROOST_KAFKA_USERNAME", help="Of SASL.")
    ] = None,
    kafka_password: Annotated[
        str | None, typer.Option(envvar="ROOST_KAFKA_PASSWORD", help=_FROM_FILE)
    ] = None,
    kafka_ca_file: Annotated[
        Path | None, typer.Option(help="The authority of the brokers' certificates (PEM).")
    ] = None,
    kafka_certificate_file: Annotated[
        Path | None, typer.Option(help="The certificate of Kafka's clients (PEM).")
    ] = None,
    kafka_key_file: Annotated[Path | None, typer.Option(help="Its private key (PEM).")] = None,
    smtp_url: Annotated[
        str | None,
        typer.Option(envvar="ROOST_SMTP_URL", help=f"The mail server. {_FROM_FILE}"),
    ] = None,
    opensearch_username: Annotated[
        str | None, typer.Option(envvar="ROOST_OPENSEARCH_USERNAME")
    ] = None,
    opensearch_password: Annotated[
        str | None, typer.Option(envvar="ROOST_OPENSEARCH_PASSWORD", help=_FROM_FILE)
    ] = None,
    rate_limits_redis_url: Annotated[
        str | None,
        typer.Option(
            envvar="ROOST_RATE_LIMITS_REDIS_URL",
            help=f"The Valkey of Envoy's rate limit service. {_FROM_FILE}",
        ),
    ] = None,
) -> None:
    """Make the Secrets that the Helm chart needs, as JSON for `kubectl apply -f -`.

    Keys and identities are random. They must survive: give the earlier Secrets to --keep, and only
    what is missing is added.
    """
    services = [each for each in deployed() if each.processes]
    try:
        given = _given(
            {
                **_by_service("--database-url", "database-url", database_url, services),
                **_by_service(
                    "--replica-url",
                    "replica-url",
                    replica_url,
                    [each for each in services if REPLICA in variables(settings_of(each.noun))],
                ),
                **_by_service("--redis-url", "redis-url", redis_url, services),
                **{
                    (each.noun, key): value
                    for each in services
                    if Engine.S3 in each.engines
                    for key, value in (
                        ("s3-access-key", _value(s3_access_key)),
                        ("s3-secret-key", _value(s3_secret_key)),
                    )
                },
                (ENVOY, CREDENTIALS): _reader(
                    _value(s3_reader_access_key), _value(s3_reader_secret_key)
                ),
                (KAFKA, "username"): _value(kafka_username),
                (KAFKA, "password"): _value(kafka_password),
                (KAFKA, "ca.crt"): _content(kafka_ca_file),
                (KAFKA, "tls.crt"): _content(kafka_certificate_file),
                (KAFKA, "tls.key"): _content(kafka_key_file),
                ("notification", "smtp-url"): _value(smtp_url),
                ("search", "opensearch-username"): _value(opensearch_username),
                ("search", "opensearch-password"): _value(opensearch_password),
                (RATE_LIMITS, "redis-url"): _value(rate_limits_redis_url),
            }
        )
        if keep is None and output is not None and output.is_file() and output.stat().st_size:
            raise OptionInvalid(
                f"{output} exists. New keys would make stored data unreadable: "
                f"give --keep {output} to add what is missing."
            )
        kept = _kept(keep, services, release=release, namespace=namespace)
        made = cluster_secrets.complete(services, given, kept)
        _check(made)
    except OptionInvalid as refused:
        raise print_error(str(refused)) from None
    except SecretMissing as missing:
        option = OPTIONS.get(missing.key, f"--{missing.key}")
        raise print_error(
            f"The Secret of {missing.owner} has no {missing.key} yet: give {option}."
        ) from None
    except SecretsInvalid as refused:
        raise print_error(f"The Secrets cannot be used: {refused}.") from None
    text = json.dumps(
        cluster_secrets.manifest(made, release=release, namespace=namespace), indent=1
    )
    if output is None:
        typer.echo(text)
    else:
        try:
            write_private(output.absolute(), text + "\n")
        except OSError as error:
            raise print_error(f"{output} cannot be written: {error.strerror}.") from None
    _report(made, kept)


def _by_service(
    option: str, key: str, values: Sequence[str] | None, services: Sequence[Manifest]
) -> Mapping[tuple[str, str], str | None]:
    """Read templates and `SERVICE=VALUE`; the latter win, wherever they are."""
    nouns = [each.noun for each in services]
    everywhere: dict[str, str] = {}
    named: dict[str, str] = {}
    for each in values or ():
        noun, sign, rest = each.partition("=")
        if sign and re.fullmatch(r"[\w-]+", noun):
            if noun not in nouns:
                known = ", ".join(nouns)
                raise OptionInvalid(
                    f"{option} names a service {noun} that does not exist; there are {known}."
                )
            named[noun] = _read(rest)
        else:
            template = _read(each)
            everywhere = {noun: template.replace(SERVICE, noun) for noun in nouns}
    return {(noun, key): value for noun, value in {**everywhere, **named}.items()}


def _reader(access_key: str | None, secret_key: str | None) -> str | None:
    if (access_key is None) != (secret_key is None):
        raise OptionInvalid(f"{OPTIONS[CREDENTIALS]} belong together; one of them is absent.")
    if access_key is None or secret_key is None:
        return None
    return credentials(access_key, secret_key)


def _given(values: Mapping[tuple[str, str], str | None]) -> Secrets:
    given: Secrets = {}
    for (owner, key), value in values.items():
        if value is not None:
            given.setdefault(owner, {})[key] = value
    return given


def _kept(
    source: str | None, services: Sequence[Manifest], *, release: str, namespace: str | None
) -> Secrets:
    if source is None:
        return {}
    text = sys.stdin.read() if source == "-" else _content(Path(source)) or ""
    try:
        return cluster_secrets.read(text, services, release=release, namespace=namespace)
    except SecretsInvalid as wrong:
        raise OptionInvalid(f"--keep {source}: {wrong}.") from None


def _check(made: Secrets) -> None:
    """Refuse what the processes would refuse at their start. Raises SecretsInvalid."""
    urls: dict[str, TypeAdapter[str]] = {
        "database-url": TypeAdapter(PostgresUrl),
        "replica-url": TypeAdapter(PostgresUrl),
        "redis-url": TypeAdapter(RedisUrl),
    }
    for owner, values in made.items():
        for key, allowed in urls.items():
            try:
                if key in values:
                    allowed.validate_python(values[key])
            except ValidationError as error:
                rule = error.errors()[0]["msg"].removeprefix("Value error, ")
                raise SecretsInvalid(f"the {key} of {owner} {rule}") from None
    if not made.get(RATE_LIMITS, {}).get("redis-url", "redis://").startswith("redis://"):
        raise SecretsInvalid(f"the redis-url of {RATE_LIMITS} must start with redis://")
    for owner, first, second in PAIRS:
        if (first in made.get(owner, {})) != (second in made.get(owner, {})):
            raise SecretsInvalid(f"{first} and {second} of {owner} belong together")


def _value(option: str | None) -> str | None:
    return None if option is None else _read(option)


def _read(value: str) -> str:
    """Return the value, or the content of the file that `@FILE` names."""
    if not value.startswith("@"):
        return value
    return (_content(Path(value[1:])) or "").removesuffix("\n")


def _content(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise OptionInvalid(f"{file} cannot be read: {reason}.") from None


def _report(made: Secrets, kept: Secrets) -> None:
    """Print on standard error what is new and what has changed, without values."""
    new = [
        f"{owner}/{key}"
        for owner, values in made.items()
        for key, value in values.items()
        if kept.get(owner, {}).get(key) != value
    ]
    said = ", ".join(new) if kept and new else "all" if new else "none"
    error_console.print(f"New or changed keys: {said}.", markup=False, soft_wrap=True)

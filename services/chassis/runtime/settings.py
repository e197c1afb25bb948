"""The settings that Roost's processes share, read from the environment (`ROOST_…`).

A service subclasses `ServiceSettings` in its own `settings.py`; the gateway, `ProcessSettings`.
"""

import ssl
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.chassis.runtime.tls import TlsFiles

PREFIX = "ROOST_"
# Into how many slices an outbox can be divided. A slice of more would have fewer than eight
# buckets, and some of them none.
SLICE_COUNTS = (1, 2, 4, 8, 16, 32, 64)

S = TypeVar("S", bound=BaseSettings)


def split_address(address: str) -> tuple[str, int]:
    """Host and port of a `host:port` setting; an IPv6 host is in square brackets."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be host:port, for example 127.0.0.1:7001")
    return value


def _addresses(value: object) -> object:
    return tuple(value.split(",")) if isinstance(value, str) else value


def _key(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        key = bytes.fromhex(value)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("must be 32 bytes in hexadecimal (64 digits)")
    return key


_REDIS_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster")
_REDIS_STARTS = "redis://, rediss:// (TLS), redis+cluster:// or rediss+cluster://"


def _postgres_url(value: str) -> str:
    if not value.startswith(("postgres://", "postgresql://")):
        raise ValueError("must be a URL that starts with postgres://")
    return value


def _existing_file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError(f"names a file that does not exist: {value}")
    return value


def _redis_url(value: str) -> str:
    if value.partition("://")[0] not in _REDIS_SCHEMES or not urlsplit(value).hostname:
        raise ValueError(f"must be a URL with a host that starts with {_REDIS_STARTS}")
    return value


def _authorities(value: Path) -> Path:
    try:
        ssl.create_default_context().load_verify_locations(value)
    except OSError:
        raise ValueError("must be the path of a readable file of certificates in PEM") from None
    return value


def _slice_count(value: int) -> int:
    if value not in SLICE_COUNTS:
        raise ValueError(f"must be a power of two from 1 to {SLICE_COUNTS[-1]}")
    return value


_TLS_FILES = ("tls_certificate_file", "tls_key_file", "tls_ca_file")
_KAFKA_FILES = ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
_KAFKA_LOGIN = ("kafka_sasl_mechanism", "kafka_username", "kafka_password")


def _given(values: Mapping[str, object]) -> list[str]:
    return [name for name, value in values.items() if value]


def _variables(names: Sequence[str]) -> str:
    return " and ".join(PREFIX + name.upper() for name in names)


def _refuse(names: Sequence[str], reason: str) -> None:
    if names:
        raise ValueError(f"{reason}, so {_variables(names)} must not be set")


Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_addresses)]
ExistingFile = Annotated[Path, AfterValidator(_existing_file)]
Key32 = Annotated[bytes, BeforeValidator(_key)]
PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
SliceCount = Annotated[int, AfterValidator(_slice_count)]
Authorities = Annotated[Path, AfterValidator(_authorities)]


class ProcessSettings(BaseSettings):
    """Settings of every process of Roost. Frozen; the repr shows no secret."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    listen: Address = "127.0.0.1:0"
    admin_listen: Address = "127.0.0.1:0"
    mesh: Address
    token_issuer: str = Field(default="https://roost.local", min_length=1)
    token_audience: str = Field(default="roost", min_length=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    # The commit of an image, for `roost_build_info`.
    revision: str = ""
    trace_ratio: float = Field(default=0.0, ge=0.0, le=1.0)
    otlp_endpoint: str = ""
    # How long a stopping process goes on answering after it has said that it stops: long enough
    # for Envoy's health check to see it (interval 1 s, two failures).
    drain_seconds: float = Field(default=3.0, ge=0.0, le=15.0)
    # The certificate (with its chain) and the key of the process, and the authority of Envoy and
    # all processes: with them every connection from and to Envoy is mutual TLS.
    tls_certificate_file: ExistingFile | None = None
    tls_key_file: ExistingFile | None = None
    tls_ca_file: ExistingFile | None = None

    @cached_property
    def tls(self) -> TlsFiles | None:
        """The files of mutual TLS, or None for plain text."""
        certificate, key, authority = self.tls_certificate_file, self.tls_key_file, self.tls_ca_file
        if certificate is None or key is None or authority is None:
            return None
        return TlsFiles(certificate=certificate, key=key, authority=authority)

    @model_validator(mode="after")
    def _tls_files_fit(self) -> Self:
        given = _given({name: getattr(self, name) for name in _TLS_FILES})
        if given and len(given) < len(_TLS_FILES):
            missing = [name for name in _TLS_FILES if name not in given]
            raise ValueError(
                f"{_variables(_TLS_FILES)} are set together or not at all; "
                f"{_variables(missing)} is missing"
            )
        try:
            _ = self.tls
        except OSError as error:
            raise ValueError(f"{_variables(_TLS_FILES)} cannot be read: {error}") from None
        return self


class IdentifiedSettings(ProcessSettings):
    """Settings of a process that makes calls in its own name."""

    service_key_file: Path


class KafkaSettings(BaseSettings):
    """How a process connects to the brokers."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    kafka_brokers: Addresses
    # Whether the brokers keep a repeated record out of the log. Not all that speak the protocol do
    # so without losing records when they are killed.
    kafka_idempotence: bool = True
    # Whether the brokers hold a fetch until a record arrives. Where they do not, records are
    # announced over Redis, and consumers seldom fetch.
    kafka_long_polls: bool = True
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    # The authorities that may sign certificates of brokers. Without it, those of the system.
    kafka_ca_file: ExistingFile | None = None
    # The client's own certificate and its key, where brokers require one.
    kafka_certificate_file: ExistingFile | None = None
    kafka_key_file: ExistingFile | None = None
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_username: str | None = None
    kafka_password: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _kafka_security_is_complete(self) -> Self:
        files = {name: getattr(self, name) for name in _KAFKA_FILES}
        login = {name: getattr(self, name) for name in _KAFKA_LOGIN}
        security = f"{PREFIX}KAFKA_SECURITY={self.kafka_security}"
        if not self.kafka_security.endswith("ssl"):
            _refuse(_given(files), f"{security} uses no TLS")
        if not self.kafka_security.startswith("sasl"):
            _refuse(_given(login), f"{security} uses no SASL")
        elif missing := [name for name, value in login.items() if not value]:
            raise ValueError(f"{security} needs {_variables(missing)}")
        if (self.kafka_certificate_file is None) != (self.kafka_key_file is None):
            raise ValueError(
                f"{PREFIX}KAFKA_CERTIFICATE_FILE and {PREFIX}KAFKA_KEY_FILE are set together or "
                "not at all"
            )
        return self


class ServiceSettings(IdentifiedSettings, KafkaSettings):
    """Settings of every service, in addition."""

    database_url: PostgresUrl = Field(repr=False)
    # The most connections that the pool of this process opens. The sum of all processes, with their
    # dedicated connections, must stay below max_connections of PostgreSQL: docs/connections.md.
    database_connections: int = Field(default=10, ge=1)
    redis_url: RedisUrl = Field(repr=False)
    # Authorities that certify Redis, besides those of the system.
    redis_ca_file: Authorities | None = None
    page_token_key: Key32 = Field(repr=False)
    service_keys_file: Path
    # Beyond this many calls at once a process answers RESOURCE_EXHAUSTED instead of queueing.
    max_in_flight: int = Field(default=500, ge=1)


class ReplicaSettings(ServiceSettings):
    """Settings of a service that may read lists from a hot standby, in addition."""

    # A standby of the database, or what leads to one of several. docs/replicas.md.
    replica_url: PostgresUrl | None = Field(default=None, repr=False)


class RelaySettings(ServiceSettings):
    """Settings of a service that publishes events, in addition."""

    # How many slices the outbox has, for as many processes that publish it (docs/sharding.md). All
    # processes of the service have the same number; while they do not, fewer publish.
    relay_slices: SliceCount = 1


def load(kind: type[S], **given: Any) -> S:
    """Reads the settings of a process, or ends it with code 2 and one sentence a mistake."""
    try:
        return kind(**given)
    except ValidationError as error:
        for mistake in descriptions(error):
            print(mistake, file=sys.stderr)
        raise SystemExit(2) from None


def descriptions(error: ValidationError) -> list[str]:
    """One sentence a wrong setting: which variable, and which rule. Values are not repeated."""
    said = []
    for mistake in error.errors(include_input=False, include_url=False):
        rule = mistake["msg"].removeprefix("Value error, ")
        if not mistake["loc"]:
            # It concerns several variables, which it names.
            said.append(f"{rule}.")
            continue
        variable = PREFIX + str(mistake["loc"][0]).upper()
        if mistake["type"] == "missing":
            said.append(f"{variable} is not set, and there is no default for it.")
            continue
        rule = rule.replace("Input should be ", "must be ")
        said.append(f"{variable} is wrong: it {rule.removesuffix('.')}.")
    return said

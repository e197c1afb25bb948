"""How producers, consumers and administrators connect to the brokers."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from confluent_kafka import KafkaError

from services.chassis.runtime.logs import logger
from services.chassis.runtime.settings import KafkaSettings

LOG_SECONDS = 10.0

# The broker refuses the client, or the client refuses the broker. Waiting does not help.
_REFUSALS = frozenset(
    {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED}
)
_ALERT = "SSL routines::"


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConnection:
    """The brokers, and how both sides authenticate.

    `idempotent` says whether the brokers keep a repeated record out of the log. `security` is one
    of plaintext, ssl, sasl_plaintext and sasl_ssl. With TLS the certificate of the broker must name
    its host, and be signed by an authority of `ca_file`, or by one of the system.
    """

    brokers: tuple[str, ...]
    idempotent: bool
    security: str = "plaintext"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: KafkaSettings) -> Self:
        """The connection that the settings of a process describe."""
        return cls(
            brokers=settings.kafka_brokers,
            idempotent=settings.kafka_idempotence,
            security=settings.kafka_security,
            ca_file=settings.kafka_ca_file,
            certificate_file=settings.kafka_certificate_file,
            key_file=settings.kafka_key_file,
            sasl_mechanism=settings.kafka_sasl_mechanism,
            username=settings.kafka_username,
            password=settings.kafka_password,
        )

    def configuration(self) -> dict[str, Any]:
        """The part of a client's configuration that concerns the connection."""
        given = {
            "bootstrap.servers": ",".join(self.brokers),
            "security.protocol": self.security,
            "ssl.ca.location": self.ca_file and str(self.ca_file),
            "ssl.certificate.location": self.certificate_file and str(self.certificate_file),
            "ssl.key.location": self.key_file and str(self.key_file),
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
        }
        return {name: value for name, value in given.items() if value is not None}


def refusal(error: KafkaError) -> str | None:
    """Why broker and client do not accept each other; None for an error of another kind."""
    # A broker that does not accept the client's certificate ends the connection with an alert.
    is_alert = error.code() == KafkaError._TRANSPORT and _ALERT in error.str()
    return error.str() if is_alert or error.code() in _REFUSALS else None


class RefusalLog:
    """Logs refusals of one client, at most one each LOG_SECONDS: the library tries many times a
    second."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._again_at = float("-inf")

    def write(self, reason: str) -> None:
        """Logs the reason, unless there was a refusal a moment ago."""
        now = time.monotonic()
        if now >= self._again_at:
            self._again_at = now + LOG_SECONDS
            logger().error("kafka_refused", client=self._client, error=reason)

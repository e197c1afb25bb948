"""Creates the topics of events, and their dead-letter topics, before anybody uses them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Self

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pydantic import Field, model_validator

from services.chassis.events.bus import KafkaConnection, dead_letter_topic
from services.chassis.events.bus.connection import refusal
from services.chassis.runtime.manifest import consumers, deployed
from services.chassis.runtime.settings import KafkaSettings, load

LIMIT_SECONDS = 20.0

# Brokers answer a creation before each of them knows the topic.
_LOOK_SECONDS = 0.1


class TopicSettings(KafkaSettings):
    """Settings of the command `topics`."""

    # As many members of a consumer group can work at once. Choose it for years: a key keeps its
    # partition, and so the order of its events, only while the number stays the same.
    topic_partitions: int = Field(default=1, ge=1, le=1_000)
    topic_replication: int = Field(default=1, ge=1, le=100)
    # Without it, what the brokers have as their default.
    topic_min_insync: int | None = Field(default=None, ge=1, le=100)

    @model_validator(mode="after")
    def _replicas_can_be_in_sync(self) -> Self:
        if self.topic_min_insync is not None and self.topic_min_insync > self.topic_replication:
            raise ValueError(
                f"ROOST_TOPIC_MIN_INSYNC={self.topic_min_insync} is more than "
                f"ROOST_TOPIC_REPLICATION={self.topic_replication}"
            )
        return self


class TopicsFailed(Exception):
    """The topics are not as they must be; the message is a sentence that names the cause."""


def run() -> int:
    """The command `topics`; returns the exit code."""
    settings = load(TopicSettings)
    try:
        created = create(
            KafkaConnection.of(settings),
            names(),
            partitions=settings.topic_partitions,
            replication=settings.topic_replication,
            min_insync=settings.topic_min_insync,
        )
    except TopicsFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(f"Created {', '.join(created)}." if created else "All topics exist already.")
    return 0


def names() -> list[str]:
    """Every topic that a service publishes to, each followed by its dead-letter topic."""
    return [name for topic in consumers(deployed()) for name in (topic, dead_letter_topic(topic))]


def create(
    connection: KafkaConnection,
    topics: Sequence[str],
    *,
    partitions: int = 1,
    replication: int = 1,
    min_insync: int | None = None,
) -> list[str]:
    """Creates the topics that do not exist yet; returns their names once brokers know them all.

    Several may do so at once. An existing topic is left as it is. Raises TopicsFailed, too where an
    existing topic has fewer partitions.
    """
    refusals: list[str] = []

    def note(error: KafkaError) -> None:
        if reason := refusal(error):
            refusals.append(reason)

    # Failures are in the outcomes; the library would also log them to the terminal.
    admin = AdminClient(connection.configuration() | {"log_level": 0, "error_cb": note})
    try:
        existing = _existing(admin)
        missing = [name for name in topics if name not in existing]
        created = _create(
            admin,
            [
                NewTopic(
                    name,
                    num_partitions=partitions,
                    replication_factor=replication,
                    config={} if min_insync is None else {"min.insync.replicas": str(min_insync)},
                )
                for name in missing
            ],
        )
        _check(_await(admin, topics), topics, partitions)
    except KafkaException as failure:
        # Whatever waits for a refused connection ends without its cause.
        admin.poll(0)
        cause = refusals[-1] if refusals else failure.args[0].str()
        brokers = ", ".join(connection.brokers)
        raise TopicsFailed(f"The brokers {brokers} cannot be used: {cause}.") from None
    return created


def _existing(admin: AdminClient) -> dict[str, int]:
    """The topics, each with its number of partitions."""
    return {
        name: len(topic.partitions)
        for name, topic in admin.list_topics(timeout=LIMIT_SECONDS).topics.items()
        if topic.error is None
    }


def _create(admin: AdminClient, topics: list[NewTopic]) -> list[str]:
    """Returns the names of those that nobody else created in the same moment."""
    outcomes = admin.create_topics(topics, request_timeout=LIMIT_SECONDS) if topics else {}
    created = []
    for name, outcome in outcomes.items():
        try:
            outcome.result(LIMIT_SECONDS)
        except KafkaException as failure:
            error = failure.args[0]
            if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            if error.code() < 0:  # the library's own: no broker has answered
                raise
            raise TopicsFailed(f"The topic {name} cannot be created: {error.str()}") from None
        created.append(name)
    return created


def _await(admin: AdminClient, topics: Sequence[str]) -> dict[str, int]:
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        existing = _existing(admin)
        missing = [name for name in topics if name not in existing]
        if not missing:
            return existing
        if time.monotonic() > deadline:
            raise TopicsFailed(f"The brokers do not show {', '.join(missing)} after its creation.")
        time.sleep(_LOOK_SECONDS)


def _check(existing: dict[str, int], topics: Sequence[str], partitions: int) -> None:
    for name in topics:
        found = existing[name]
        if found < partitions:
            raise TopicsFailed(
                f"The topic {name} has {found} partitions, not {partitions}: more partitions would "
                f"break the order of its events. Set ROOST_TOPIC_PARTITIONS={found}, or create the "
                "topic again while no event waits in an outbox or a consumer group."
            )

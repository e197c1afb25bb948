"""Creates the topics that events flow through, before anybody subscribes to them."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.part import CannotStart

PARTITIONS = 8  # consumers of one group that can share a topic
LIMIT_SECONDS = 20.0


def topic_of(noun: str) -> str:
    """Return the topic that a service publishes to."""
    return f"roost.{noun}.v1"


def create(brokers: str, names: Sequence[str], *, partitions: int = PARTITIONS) -> None:
    """Create those of the topics that do not exist. Raises CannotStart."""
    if not names:
        return
    # What matters is told by the outcomes; the library's own log would go to the terminal.
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    wanted = [NewTopic(name, num_partitions=partitions, replication_factor=1) for name in names]
    created = admin.create_topics(wanted, request_timeout=LIMIT_SECONDS)
    for name, outcome in created.items():
        try:
            outcome.result(LIMIT_SECONDS)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise CannotStart(f"topic {name} could not be created: {error.str()}") from failure

"""Creates the topics that events flow through, before anybody subscribes to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.part import CannotStart

# Consumers of one group that can share a topic: on one machine there is one of each. Tansu writes
# two objects for each partition of a batch, one after another, and looks at each partition for each
# idle consumer, so every further partition costs what the first one does.
PARTITIONS = 1
# Who reads the events of each service, by consumer group.
_EVERY_GROUP = (
    "user.counters",
    "post.departures",
    "timeline.events",
    "notification.events",
    "notification.log",
)
CONSUMERS: Mapping[str, Sequence[str]] = {
    "user": _EVERY_GROUP,
    "post": _EVERY_GROUP,
    "timeline": ("timeline.events", "notification.log"),
    "notification": (),
}
LIMIT_SECONDS = 20.0


def topic_of(noun: str) -> str:
    """Return the topic that a service publishes to."""
    return f"roost.{noun}.v1"


def create(brokers: str, names: Sequence[str], *, partitions: int = PARTITIONS) -> None:
    """Create those of the topics that do not exist. Raises CannotStart."""
    # What matters is told by the outcomes; the library's own log would go to the terminal.
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    try:
        existing = admin.list_topics(timeout=LIMIT_SECONDS).topics
        missing = [
            NewTopic(name, num_partitions=partitions, replication_factor=1)
            for name in names
            if name not in existing
        ]
        created = admin.create_topics(missing, request_timeout=LIMIT_SECONDS) if missing else {}
        for outcome in created.values():
            outcome.result(LIMIT_SECONDS)
    except KafkaException as failure:
        raise CannotStart(f"its topics could not be created: {failure.args[0].str()}") from None

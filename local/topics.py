"""Creates the topics of events before consumers subscribe to them."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.part import CannotStart

# Each consumer group has one member on one machine, so one partition is enough. Tansu writes two
# objects for each partition of a batch, one after the other, and looks at each partition for each
# idle consumer: every further partition costs as much as the first.
PARTITIONS = 1
LIMIT_SECONDS = 20.0


def create(brokers: str, names: Sequence[str], *, partitions: int = PARTITIONS) -> None:
    """Create the topics that do not exist yet. Raises CannotStart."""
    # Failures are in the outcomes; the library would also log them to the terminal.
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

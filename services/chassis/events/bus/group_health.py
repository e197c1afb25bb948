"""The state of a consumer group at the broker."""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from services.chassis.runtime.logs import logger

# What the broker may take for one answer.
_SECONDS = 5.0


def has_live_member(
    consumer: Consumer, connecting: dict[str, Any], group: str, topics: Sequence[str]
) -> bool:
    """Whether members of the group hold every partition of the topics; False if unconfirmed.

    Brokers that do not list members say at least whether the group is stable; the assignment of a
    stable group leaves no partition out.
    """
    # Held until the answer is there: it would never come to a client that was let go.
    admin = AdminClient(connecting)
    try:
        partitions = {
            (topic, number)
            for topic in topics
            for number in consumer.list_topics(topic, _SECONDS).topics[topic].partitions
        }
        answer = admin.describe_consumer_groups([group], request_timeout=_SECONDS)
        described = answer[group].result(2 * _SECONDS)
    except (KafkaException, TimeoutError) as unknown:
        logger().warning("group_describe_failed", group=group, error=str(unknown))
        return False
    held = {
        (place.topic, place.partition)
        for member in described.members
        for place in member.assignment.topic_partitions
    }
    is_stable = described.state == ConsumerGroupState.STABLE
    return bool(partitions) and is_stable and (partitions <= held or not described.members)

"""Gets a broker out of a group that it cannot settle.

Tansu keeps a group in memory, and may go on naming a leader that has left: each new member then
waits for that leader to hand out partitions. It reads the group again from its store, where it
checks the leader, when two requests change the group at the same moment. Committing what is
committed already is such a request, and changes nothing else. Kafka has no use for it and takes it
from a group without members only, where it is as harmless.
"""

import threading
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from services.chassis.runtime.logs import logger

_CONNECTIONS = 4
_COMMITS_EACH = 5
_SECONDS = 5.0


def rewrite_committed_offsets(configuration: dict[str, Any], topics: Sequence[str]) -> None:
    """Commits the committed offsets of the group over some connections at once. Never raises
    KafkaException: joining again shows whether it helped."""
    try:
        offsets = _committed(configuration, topics)
    except KafkaException as away:
        logger().warning("offset_refresh_failed", error=str(away))
        return
    together = threading.Barrier(_CONNECTIONS)
    threads = [
        threading.Thread(target=_commit, args=(configuration, offsets, together), daemon=True)
        for _ in range(_CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _committed(configuration: dict[str, Any], topics: Sequence[str]) -> list[TopicPartition]:
    """The committed offsets; where there is none, the one at which a member would begin."""
    consumer = Consumer(configuration)
    try:
        places = [
            TopicPartition(topic, number)
            for topic in topics
            for number in consumer.list_topics(topic, _SECONDS).topics[topic].partitions
        ]
        committed = consumer.committed(places, _SECONDS)
        for each in committed:
            if each.offset < 0:
                each.offset, _ = consumer.get_watermark_offsets(each, _SECONDS)
        return list(committed)
    finally:
        consumer.close()


def _commit(
    configuration: dict[str, Any], offsets: list[TopicPartition], together: threading.Barrier
) -> None:
    consumer = Consumer(configuration)
    try:
        # Connected, so that the others are not waited for in vain.
        consumer.committed(offsets, _SECONDS)
        together.wait(_SECONDS)
        for _ in range(_COMMITS_EACH):
            consumer.commit(offsets=offsets, asynchronous=False)
    except (KafkaException, threading.BrokenBarrierError) as refused:
        logger().debug("offset_refresh_failed", error=str(refused))
    finally:
        consumer.close()

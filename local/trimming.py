"""Keeps the embedded broker's log short: what every consumer group has read is dropped.

Tansu keeps all records for ever and, for each fetch that finds something, lists every batch of the
partition. Without this each event would cost more the more there were before it. A batch is an
object, `…/partitions/<number>/records/<first offset>.batch`; the object store's filer lists and
deletes them without signatures, at a fraction of what S3 costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import httpx2
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

# How often partitions are looked at, and the batches one may have before offsets are asked for.
LOOK_SECONDS = 1.0
MOST_BATCHES = 20
LISTED_AT_ONCE = 1_000
DELETED_AT_ONCE = 8
LIMIT_SECONDS = 5.0


class LogTrimming:
    """Drops from the log of a broker what has been read.

    `consumers` names, for each topic, the groups that must have read an event before it goes;
    topics that are not in it are left alone. A group that never committed an offset
    holds everything.
    """

    def __init__(
        self, *, brokers: str, topics_url: str, consumers: Mapping[str, Sequence[str]]
    ) -> None:
        self._brokers = brokers
        self._topics_url = topics_url
        self._consumers = consumers

    async def run(self) -> None:
        """Trims for ever. While broker or store are away nothing is dropped."""
        admin = AdminClient({"bootstrap.servers": self._brokers, "log_level": 0})
        async with httpx2.AsyncClient(timeout=LIMIT_SECONDS) as http:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                try:
                    await self._trim(http, admin)
                except (httpx2.HTTPError, KafkaException):
                    continue  # the next look makes up for it

    async def _trim(self, http: httpx2.AsyncClient, admin: AdminClient) -> None:
        for topic, groups in self._consumers.items():
            partitions = f"{self._topics_url}/{topic}/partitions"
            for number in await _names(http, f"{partitions}/"):
                records = f"{partitions}/{number}/records"
                batches = await _names(http, f"{records}/")
                if len(batches) > MOST_BATCHES:
                    place = TopicPartition(topic, int(number))
                    read = await asyncio.to_thread(_read_by_all, admin, groups, place)
                    await _delete(http, [f"{records}/{name}" for name in done(batches, read)])


def done(batches: Sequence[str], read: int) -> list[str]:
    """Of the batches of a partition, by their names and in order, those whose records all lie below
    the offset `read`. The newest is never among them: the broker finds the log's end by it."""
    ends = [int(following.partition(".")[0]) for following in batches[1:]]
    return [name for name, end in zip(batches, ends, strict=False) if end <= read]


def _read_by_all(admin: AdminClient, groups: Sequence[str], place: TopicPartition) -> int:
    """The offset below which every group has read the partition. Raises KafkaException."""
    lowest: list[int] = []
    for group in groups:
        asked = ConsumerGroupTopicPartitions(group, [place])
        answer = admin.list_consumer_group_offsets([asked], request_timeout=LIMIT_SECONDS)
        (committed,) = answer[group].result(LIMIT_SECONDS).topic_partitions
        if committed.error is not None:
            raise KafkaException(committed.error)
        # One that was never committed is below every offset.
        lowest.append(committed.offset)
    return min(lowest)


async def _names(http: httpx2.AsyncClient, folder: str) -> list[str]:
    """What is in a folder of the filer, in order; nothing where there is none."""
    response = await http.get(
        folder, params={"limit": LISTED_AT_ONCE}, headers={"accept": "application/json"}
    )
    if response.status_code == httpx2.codes.NOT_FOUND:
        return []
    response.raise_for_status()
    return [each["FullPath"].rpartition("/")[2] for each in response.json()["Entries"] or []]


async def _delete(http: httpx2.AsyncClient, paths: Sequence[str]) -> None:
    for begin in range(0, len(paths), DELETED_AT_ONCE):
        at_once = paths[begin : begin + DELETED_AT_ONCE]
        for response in await asyncio.gather(*map(http.delete, at_once)):
            response.raise_for_status()

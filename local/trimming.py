"""Keeps the embedded broker's log short: what every consumer group has read is dropped.

Tansu keeps all records for ever and, for each fetch that finds something, lists every batch of the
partition. Without this each event would cost more the more there were before it. A batch is an
object, `…/partitions/<number>/records/<first offset>.batch`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx2
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

# How often partitions are looked at, and the batches one may have before offsets are asked for.
LOOK_SECONDS = 1.0
MOST_BATCHES = 10
# How often what was read goes however few batches there are, so that texts of people who are gone
# do not stay in the log of a quiet stack.
SWEEP_SECONDS = 30.0
LISTED_AT_ONCE = 1_000
DELETED_AT_ONCE = 8
LIMIT_SECONDS = 5.0


class Folders:
    """Folders of the object store as its filer shows them: without signatures, at a fraction of
    what S3 costs. Made by `folders`."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def names(self, folder: str) -> list[str]:
        """What is in a folder, in order, 1,000 at most; nothing where there is none."""
        response = await self._http.get(f"{folder}/", params={"limit": LISTED_AT_ONCE})
        if response.status_code == httpx2.codes.NOT_FOUND:
            return []
        response.raise_for_status()
        return [each["FullPath"].rpartition("/")[2] for each in response.json()["Entries"] or []]

    async def delete(self, folder: str, names: Sequence[str]) -> None:
        """Delete files of a folder."""
        for begin in range(0, len(names), DELETED_AT_ONCE):
            paths = [f"{folder}/{name}" for name in names[begin : begin + DELETED_AT_ONCE]]
            for response in await asyncio.gather(*map(self._http.delete, paths)):
                response.raise_for_status()


@asynccontextmanager
async def folders(url: str, credential: httpx2.Auth) -> AsyncIterator[Folders]:
    """The folders below a URL of the filer, for the length of the block."""
    async with httpx2.AsyncClient(
        base_url=url,
        auth=credential,
        headers={"accept": "application/json"},
        timeout=LIMIT_SECONDS,
        trust_env=False,
    ) as http:
        yield Folders(http)


class LogTrimming:
    """Drops from the log of a broker what has been read.

    `topics_url` is the folder of its topics at the filer, which takes `credential`. `consumers`
    names, for each topic, the groups that must have read an event before it goes; topics that are
    not in it are left alone. A group that never committed an offset holds everything.
    """

    def __init__(
        self,
        *,
        brokers: str,
        topics_url: str,
        credential: httpx2.Auth,
        consumers: Mapping[str, Sequence[str]],
        look_seconds: float = LOOK_SECONDS,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._brokers = brokers
        self._topics_url = topics_url
        self._credential = credential
        self._consumers = consumers
        self._look_seconds = look_seconds
        self._sweep_seconds = sweep_seconds

    async def run(self) -> None:
        """Trims for ever. While broker or store are away nothing is dropped."""
        admin = AdminClient({"bootstrap.servers": self._brokers, "log_level": 0})
        sweep_at = time.monotonic() + self._sweep_seconds
        async with folders(self._topics_url, self._credential) as topics:
            while True:
                await asyncio.sleep(self._look_seconds)
                now = time.monotonic()
                most = MOST_BATCHES
                if now >= sweep_at:
                    sweep_at = now + self._sweep_seconds
                    most = 1
                try:
                    await self._trim(topics, admin, most)
                except (httpx2.HTTPError, KafkaException):
                    continue  # the next look makes up for it

    async def _trim(self, topics: Folders, admin: AdminClient, most: int) -> None:
        for topic, groups in self._consumers.items():
            for number in await topics.names(f"{topic}/partitions"):
                records = f"{topic}/partitions/{number}/records"
                batches = await topics.names(records)
                if len(batches) > most:
                    place = TopicPartition(topic, int(number))
                    read = await asyncio.to_thread(_read_by_all, admin, groups, place)
                    await topics.delete(records, done(batches, read))


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

"""Trims the log of the embedded broker: deletes what every consumer group has read.

Tansu never deletes records, and each fetch that finds a record lists every batch of the partition.
Without trimming, the cost of an event would grow with the number of earlier events. A batch is an
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

from services.chassis.events.bus import KafkaConnection

# The interval between checks, as long as that between commits, and the number of batches from which
# offsets are fetched.
CHECK_SECONDS = 5.0
MOST_BATCHES = 10
# The interval at which read batches are deleted however few there are, so that texts of deleted
# accounts do not stay in the log of a quiet stack.
SWEEP_SECONDS = 30.0
LISTED_AT_ONCE = 1_000
DELETED_AT_ONCE = 8
LIMIT_SECONDS = 5.0


class Folders:
    """Folders of the object store by its filer, which is cheaper than S3. Made by `folders`."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def names(self, folder: str) -> list[str]:
        """The names in a folder, in order, 1,000 at most; empty if there is no folder."""
        response = await self._http.get(f"{folder}/", params={"limit": LISTED_AT_ONCE})
        if response.status_code == httpx2.codes.NOT_FOUND:
            return []
        response.raise_for_status()
        return [each["FullPath"].rpartition("/")[2] for each in response.json()["Entries"] or []]

    async def delete(self, folder: str, names: Sequence[str]) -> None:
        """Delete these files of a folder."""
        for begin in range(0, len(names), DELETED_AT_ONCE):
            paths = [f"{folder}/{name}" for name in names[begin : begin + DELETED_AT_ONCE]]
            for response in await asyncio.gather(*map(self._http.delete, paths)):
                response.raise_for_status()


@asynccontextmanager
async def folders(url: str, credential: httpx2.Auth) -> AsyncIterator[Folders]:
    """Open the folders below a URL of the filer, inside the block."""
    async with httpx2.AsyncClient(
        base_url=url,
        auth=credential,
        headers={"accept": "application/json"},
        timeout=LIMIT_SECONDS,
        trust_env=False,
    ) as http:
        yield Folders(http)


class LogTrimming:
    """Deletes read events from the log of the broker.

    `topics_url` is the folder of its topics at the filer, which accepts `credential`. `consumers`
    names for each topic the groups that must have read an event before its deletion; other topics
    are not trimmed. A group that never committed an offset keeps everything.
    """

    def __init__(
        self,
        *,
        connection: KafkaConnection,
        topics_url: str,
        credential: httpx2.Auth,
        consumers: Mapping[str, Sequence[str]],
        check_seconds: float = CHECK_SECONDS,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._connection = connection
        self._topics_url = topics_url
        self._credential = credential
        self._consumers = consumers
        self._check_seconds = check_seconds
        self._sweep_seconds = sweep_seconds

    async def run(self) -> None:
        """Trim periodically until cancelled. While broker or store are away nothing is deleted."""
        admin = AdminClient(self._connection.configuration() | {"log_level": 0})
        sweep_at = time.monotonic() + self._sweep_seconds
        async with folders(self._topics_url, self._credential) as topics:
            while True:
                await asyncio.sleep(self._check_seconds)
                now = time.monotonic()
                most = MOST_BATCHES
                if now >= sweep_at:
                    sweep_at = now + self._sweep_seconds
                    most = 1
                try:
                    await self._trim(topics, admin, most)
                except (httpx2.HTTPError, KafkaException):
                    continue  # the next check repeats it

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
    """Return the batches whose records all lie below the offset `read`, without the newest.

    `batches` are the names of a partition's batches, in order. The broker needs the newest batch to
    find the end of the log."""
    ends = [int(following.partition(".")[0]) for following in batches[1:]]
    return [name for name, end in zip(batches, ends, strict=False) if end <= read]


def _read_by_all(admin: AdminClient, groups: Sequence[str], place: TopicPartition) -> int:
    """Return the offset below which every group has read the partition. Raises KafkaException."""
    lowest: list[int] = []
    for group in groups:
        queried = ConsumerGroupTopicPartitions(group, [place])
        answer = admin.list_consumer_group_offsets([queried], request_timeout=LIMIT_SECONDS)
        (committed,) = answer[group].result(LIMIT_SECONDS).topic_partitions
        if committed.error is not None:
            raise KafkaException(committed.error)
        # The value for a group that never committed is below every offset.
        lowest.append(committed.offset)
    return min(lowest)

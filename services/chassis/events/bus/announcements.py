"""Announces published records to consumers over Redis' channels, for brokers without long polls.

A message has records that the broker has acknowledged, with their offsets. A consumer that has all
earlier records of the partition handles these without a fetch. Redis stores nothing: what is lost
is fetched from the broker (see `fetching`).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from prometheus_client import Counter

from services.chassis.cache import redis_channels
from services.chassis.cache.redis_client import RedisClient
from services.chassis.events.records import Record
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.chassis.runtime.settings import ServiceSettings

# Records of more bytes are announced without their contents, so that large batches, which are worth
# a fetch, do not pass through Redis to every consumer.
MAX_BYTES = 128 * 1024

_CHANNEL = "bus:"

_lost = Counter(
    "roost_announcements_lost_total",
    "Announcements of records that could not be published; consumers fetch these records later",
)


class Contents(NamedTuple):
    """What a record has besides its place."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Announcement(NamedTuple):
    """The broker has the records of a partition from offset `first` up to `end` (exclusive).

    `contents` has all of them in order, or none.
    """

    topic: str
    partition: int
    first: int
    end: int
    contents: tuple[Contents, ...]

    def records(self, begin: int) -> list[Record]:
        """The records from the offset `begin` on, which is at least `first`."""
        return [Record(self.topic, *each) for each in self.contents[begin - self.first :]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Announcement)


class Announcements:
    """The channels of all topics. Made by `open_announcements`."""

    def __init__(self, client: RedisClient, *, url: str, ca_file: Path | None = None) -> None:
        self._client = client
        self._url = url
        self._ca_file = ca_file
        self._waiting: list[Announcement] = []
        self._publishing: asyncio.Task[None] | None = None

    def announce(self, announcements: Iterable[Announcement]) -> None:
        """Publishes them in order, in the background. Never raises."""
        self._waiting += announcements
        if self._waiting and (self._publishing is None or self._publishing.done()):
            self._publishing = asyncio.create_task(self._publish(), name="announcements")

    async def received(self, topics: Sequence[str]) -> AsyncIterator[Announcement]:
        """What is announced of the topics, without end; nothing while Redis is away."""
        channels = [_CHANNEL + topic for topic in topics]
        messages = redis_channels.messages(self._url, channels, ca_file=self._ca_file)
        async for _, message in messages:
            try:
                announcement = _decoder.decode(message)
            except msgspec.DecodeError as error:
                logger().warning("announcement_undecodable", error=str(error))
            else:
                yield announcement

    async def close(self) -> None:
        """Waits until everything is published, or lost."""
        if self._publishing is not None:
            await asyncio.wait({self._publishing})

    async def _publish(self) -> None:
        while self._waiting:
            announcements, self._waiting = self._waiting, []
            commands = [
                ("PUBLISH", _CHANNEL + each.topic, _encoder.encode(each)) for each in announcements
            ]
            try:
                # The deadline of the call that published the records does not apply here.
                with deadline.none():
                    await self._client.pipeline(commands)
            except (Unavailable, DeadlineExceeded):
                _lost.inc(len(commands))


@asynccontextmanager
async def open_announcements(
    settings: ServiceSettings, client: RedisClient
) -> AsyncIterator[Announcements | None]:
    """Announcements for the length of the block; None where brokers have long polls."""
    if settings.kafka_long_polls:
        yield None
        return
    made = Announcements(client, url=settings.redis_url, ca_file=settings.redis_ca_file)
    try:
        yield made
    finally:
        await made.close()


def announcements_of(
    records: Sequence[Record], places: Sequence[tuple[int, int] | None]
) -> list[Announcement]:
    """Announcements of records with their partitions and offsets; None where these are unknown.

    One for each run of offsets without a gap.
    """
    found: defaultdict[tuple[str, int], list[tuple[int, Record]]] = defaultdict(list)
    for record, place in zip(records, places, strict=True):
        if place is not None:
            partition, offset = place
            found[record.topic, partition].append((offset, record))
    made: list[Announcement] = []
    for (topic, partition), placed in found.items():
        run: list[Record] = []
        first = 0
        for offset, record in sorted(placed, key=lambda each: each[0]):
            if run and offset != first + len(run):
                made.append(_announcement(topic, partition, first, run))
                run = []
            if not run:
                first = offset
            run.append(record)
        made.append(_announcement(topic, partition, first, run))
    return made


def _announcement(topic: str, partition: int, first: int, records: list[Record]) -> Announcement:
    size = sum(len(each.value or b"") for each in records)
    contents = tuple(map(_contents, records)) if size <= MAX_BYTES else ()
    return Announcement(topic, partition, first, first + len(records), contents)


def _contents(record: Record) -> Contents:
    headers = tuple(
        (name, value.encode() if isinstance(value, str) else value)
        for name, value in record.headers
    )
    return Contents(record.key, record.value, headers)

"""Sends records to Kafka and says when the broker holds them safely."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from services.chassis.events.bus.announcements import Announcements, announcements_of
from services.chassis.events.bus.connection import KafkaConnection, RefusalLog, refusal
from services.chassis.events.records import Event, Record
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.logs import logger

# After this long without an acknowledgement a record counts as failed, and its batch is repeated.
DELIVERY_SECONDS = 30.0

# Long enough to fill a batch from a burst, too short to be noticed.
_LINGER_MILLISECONDS = 2
_POLL_SECONDS = 0.2
_CLOSE_SECONDS = 5.0

# What the library and brokers say of a record that no repetition makes acceptable.
_REFUSED = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError._INVALID_ARG,
    }
)


class PublishFailed(Unavailable):
    """A record was not acknowledged, and neither, for all that is known, was any later one.

    The first `delivered` records of the batch were.
    """

    reason = "DEPENDENCY_UNAVAILABLE"

    def __init__(self, delivered: int, cause: str) -> None:
        super().__init__(metadata={"cause": cause})
        self.delivered = delivered


class RecordsRefused(Exception):
    """The broker holds all records but these, and will never take them: too large, or malformed.

    `reasons` says why, by the place of the record in what was sent.
    """

    def __init__(self, reasons: Mapping[int, str]) -> None:
        super().__init__("; ".join(dict.fromkeys(reasons.values())))
        self.reasons = reasons


class Publisher:
    """A producer with `acks=all`: what it acknowledged is there, maybe twice. Made by `publisher`.

    Where the connection is idempotent, it repeats a record that was not acknowledged in time
    without doubling it. Brokers that note a record's number before they store it lose the record if
    they die in between.

    Within a batch, and from one batch to the next, records of one key stay in order. After any
    failure the producer is replaced, and with it everything that it still held is dropped: nothing
    of a failed batch arrives later than its repetition.

    With `announcements` it announces what the broker acknowledged.
    """

    def __init__(
        self,
        *,
        connection: KafkaConnection,
        client_id: str,
        delivery_seconds: float = DELIVERY_SECONDS,
        announcements: Announcements | None = None,
    ) -> None:
        self._announcements = announcements
        self._refusals = RefusalLog(client_id)
        self._configuration = {
            **connection.configuration(),
            "client.id": client_id,
            "acks": "all",
            "enable.idempotence": connection.idempotent,
            # Where brokers number nothing, a repetition could be overtaken by a later record of its
            # key; where they do, they refuse that.
            "max.in.flight.requests.per.connection": 5 if connection.idempotent else 1,
            "linger.ms": _LINGER_MILLISECONDS,
            "delivery.timeout.ms": round(delivery_seconds * 1000),
            "compression.type": "none",
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1000,
            "retry.backoff.ms": 20,
            "topic.metadata.refresh.interval.ms": 60_000,
            # As other clients of the protocol do, so that all agree on a key's partition.
            "partitioner": "murmur2_random",
            "error_cb": self._note,
            "log_level": 2,
        }
        self._producer = Producer(self._configuration)
        self._closing = threading.Event()
        self._polling = threading.Thread(target=self._poll, name="kafka producer", daemon=True)
        self._polling.start()

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns when the broker holds all of them safely.

        Raises PublishFailed, and RecordsRefused where the broker holds all but some.
        """
        await self.send([event.to_record() for event in events])

    async def send(self, records: Sequence[Record]) -> None:
        """Like `publish`, of records."""
        refused = await self._send(records)
        if len(records) > 1:
            # A broker refuses all that reached it together. Alone, only the one to blame is.
            for place in list(refused):
                again = await self._send([records[place]])
                if not again:
                    del refused[place]
        if refused:
            raise RecordsRefused(refused)

    async def _send(self, records: Sequence[Record]) -> dict[int, str]:
        """Returns what was refused for good, by place, once all others are safe."""
        batch = _Batch(len(records))
        producer = self._producer
        try:
            for place, record in enumerate(records):
                try:
                    producer.produce(
                        record.topic,
                        record.value,
                        record.key,
                        headers=list(record.headers),
                        on_delivery=partial(batch.settle, place),
                    )
                except (TypeError, ValueError) as wrong:
                    batch.refuse(place, str(wrong))
                except KafkaException as wrong:
                    if wrong.args[0].code() not in _REFUSED:
                        raise
                    batch.refuse(place, wrong.args[0].str())
            await batch.settled
        except (BufferError, KafkaException) as refused:
            self._replace(producer)
            raise PublishFailed(batch.delivered, str(refused)) from refused
        except asyncio.CancelledError:
            self._replace(producer)
            raise
        if batch.failure is not None:
            self._replace(producer)
            raise PublishFailed(batch.delivered, batch.failure)
        if self._announcements is not None:
            self._announcements.announce(announcements_of(records, batch.places))
        return batch.refused

    async def close(self) -> None:
        """Waits a little for what is under way, then drops the rest."""
        await asyncio.to_thread(self._close)

    def _replace(self, failed: Producer) -> None:
        if failed is not self._producer:
            return
        self._producer = Producer(self._configuration)
        # Purging and letting go of a producer waits for its threads; this one must not.
        threading.Thread(target=_drop, args=(failed,), name="kafka purge", daemon=True).start()

    def _note(self, error: KafkaError) -> None:
        # Lost connections are retried by the library; what fails for good fails a delivery.
        if reason := refusal(error):
            self._refusals.write(reason)
        else:
            logger().debug("kafka_producer", error=error.str())

    def _poll(self) -> None:
        while not self._closing.is_set():
            producer = self._producer
            try:
                producer.poll(_POLL_SECONDS)
            except KafkaException as fatal:
                # It takes nothing more, and what it holds would fail only when its time is over.
                logger().warning("kafka_producer_failed", error=str(fatal))
                producer.purge(in_queue=True, in_flight=True, blocking=False)

    def _close(self) -> None:
        self._closing.set()
        self._polling.join()
        with contextlib.suppress(KafkaException):
            self._producer.flush(_CLOSE_SECONDS)
        _drop(self._producer)


@asynccontextmanager
async def publisher(
    *,
    connection: KafkaConnection,
    client_id: str,
    delivery_seconds: float = DELIVERY_SECONDS,
    announcements: Announcements | None = None,
) -> AsyncIterator[Publisher]:
    """A publisher for the length of the block. The broker may be away when it begins."""
    made = Publisher(
        connection=connection,
        client_id=client_id,
        delivery_seconds=delivery_seconds,
        announcements=announcements,
    )
    try:
        yield made
    finally:
        await made.close()


class _Batch:
    """Counts the acknowledgements of a batch on the producer's thread, and wakes its loop once."""

    def __init__(self, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._outcomes: list[str | None] = ["not sent"] * size
        # Partition and offset of each record, where the broker reported them.
        self.places: list[tuple[int, int] | None] = [None] * size
        self._waiting = size
        # Acknowledgements come on the producer's thread, refusals on the caller's too.
        self._lock = threading.Lock()
        self.refused: dict[int, str] = {}
        self.settled = self._loop.create_future()
        if not size:
            self.settled.set_result(None)

    def settle(self, place: int, error: KafkaError | None, message: Message) -> None:
        if error is not None and error.code() in _REFUSED:
            self.refuse(place, error.str())
            return
        partition, offset = message.partition(), message.offset()
        if error is None and partition is not None and offset is not None and offset >= 0:
            self.places[place] = partition, offset
        self._outcomes[place] = None if error is None else error.str()
        self._end_one()

    def refuse(self, place: int, reason: str) -> None:
        """The record will never be taken; the others do not suffer from it."""
        self.refused[place] = reason
        self._outcomes[place] = None
        self._end_one()

    def _end_one(self) -> None:
        with self._lock:
            self._waiting -= 1
            ended = not self._waiting
        if ended:
            self._loop.call_soon_threadsafe(self._finish)

    @property
    def delivered(self) -> int:
        """How many are acknowledged, counted from the front up to the first that is not."""
        for place, outcome in enumerate(self._outcomes):
            if outcome is not None or place in self.refused:
                return place
        return len(self._outcomes)

    @property
    def failure(self) -> str | None:
        return next((outcome for outcome in self._outcomes if outcome is not None), None)

    def _finish(self) -> None:
        if not self.settled.done():
            self.settled.set_result(None)


def _drop(producer: Producer) -> None:
    """Fails whatever the producer still holds: batches beside the failed one wait for that."""
    producer.purge(in_queue=True, in_flight=True, blocking=False)
    with contextlib.suppress(KafkaException):
        producer.flush(_CLOSE_SECONDS)

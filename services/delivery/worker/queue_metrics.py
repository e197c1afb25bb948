"""Shows how many messages are due, and for how long."""

from prometheus_client import Gauge

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job
from services.delivery.domain.model import Channel
from services.delivery.domain.store import DeliveryStore, DueCount

# Every process counts. A million due messages take PostgreSQL about 0.1 s.
_INTERVAL_SECONDS = 15.0

_waiting = Gauge("roost_delivery_waiting", "Messages that are due and not sent", ["channel"])
_due_seconds = Gauge(
    "roost_delivery_due_seconds", "For how long the longest waiting one is due", ["channel"]
)


def job(store: DeliveryStore, clock: Clock) -> Job:
    """The job that counts."""

    async def count() -> None:
        due = await store.count_due(clock.now())
        for channel in Channel:
            messages, seconds = due.get(channel, DueCount(0, 0.0))
            _waiting.labels(channel).set(messages)
            _due_seconds.labels(channel).set(seconds)

    return every(_INTERVAL_SECONDS, "delivery_queue_metrics", count)

"""What follows from an attempt: sent, given up, or tried again after a pause."""

from datetime import datetime, timedelta

from services.chassis.runtime.backoff import doubled, spread
from services.delivery.domain.model import (
    Delivery,
    DeliveryUpdate,
    SendResult,
    SendStatus,
    State,
)

# Some five hours.
MAX_ATTEMPTS = 15
# A receiver may ask for longer pauses, but news of yesterday is no news.
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
# How long a delivery waits that met a receiver with too much under way.
BUSY_PAUSE = timedelta(seconds=2)
# So that not all come back at once.
_JITTER = 0.25


def update_after(
    delivery: Delivery, result: SendResult, *, again: datetime, now: datetime
) -> DeliveryUpdate:
    """The outcome of an answer. Pauses double with each attempt, or last as long as the receiver
    asks for, up to GIVE_UP_AFTER."""
    if result.status is SendStatus.TAKEN:
        return DeliveryUpdate(State.SENT, result.text, again)
    if result.status is SendStatus.BUSY:
        return DeliveryUpdate(State.DUE, result.text, now + BUSY_PAUSE, counted=False)
    if result.status is not SendStatus.LATER:
        return DeliveryUpdate(State.FAILED, result.text, again)
    wait = min(result.wait or timedelta(), GIVE_UP_AFTER)
    due_time = now + max(_pause(delivery.attempts), wait)
    if delivery.attempts >= MAX_ATTEMPTS or due_time - delivery.start_time > GIVE_UP_AFTER:
        return DeliveryUpdate(State.FAILED, result.text, again)
    return DeliveryUpdate(State.DUE, result.text, due_time)


def paused(until: datetime) -> DeliveryUpdate:
    """The outcome where the receiver is not asked before then: no attempt was made."""
    return DeliveryUpdate(State.DUE, "paused", until, counted=False)


def _pause(attempts: int) -> timedelta:
    pause = doubled(FIRST_PAUSE.total_seconds(), LONGEST_PAUSE.total_seconds(), attempts - 1)
    return timedelta(seconds=spread(pause, _JITTER))

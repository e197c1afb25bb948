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

# About five hours.
MAX_ATTEMPTS = 15
# A receiver may request longer pauses, but a day-old notification is not worth sending.
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
# How long a delivery waits if too many messages are in flight to its receiver.
BUSY_PAUSE = timedelta(seconds=2)
# Spreads the retries of deliveries that failed at the same moment.
_JITTER = 0.25

# After the first time-out only the message itself waits: a single one may be an accident.
_FIRST_DEVICE_PAUSE = timedelta(seconds=30)
LONGEST_DEVICE_PAUSE = timedelta(hours=1)
# Time-outs are counted up to here; the longest pause is reached before.
MAX_TIMEOUTS = 10


def update_after(
    delivery: Delivery, result: SendResult, *, again: datetime, now: datetime
) -> DeliveryUpdate:
    """The update for an answer. Pauses double with each attempt, or last as long as the receiver
    requests, up to GIVE_UP_AFTER."""
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
    """The update for a receiver that is paused until then: no attempt was made."""
    return DeliveryUpdate(State.DUE, "paused", until, counted=False)


def device_pause(timeouts: int, now: datetime) -> datetime | None:
    """Until when a device is paused after this number of consecutive time-outs; None for no pause.
    The pause doubles from 30 s at the second time-out to an hour."""
    if timeouts < 2:
        return None
    seconds = doubled(
        _FIRST_DEVICE_PAUSE.total_seconds(), LONGEST_DEVICE_PAUSE.total_seconds(), timeouts - 2
    )
    return now + timedelta(seconds=seconds)


def _pause(attempts: int) -> timedelta:
    pause = doubled(FIRST_PAUSE.total_seconds(), LONGEST_PAUSE.total_seconds(), attempts - 1)
    return timedelta(seconds=spread(pause, _JITTER))

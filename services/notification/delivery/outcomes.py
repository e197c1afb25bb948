"""What follows from an attempt: sent, given up, or tried again after a pause."""

from datetime import datetime, timedelta

from services.chassis.backoff import doubled, spread
from services.notification.delivery.model import Answer, Delivery, Outcome, State, Verdict

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


def outcome_of(delivery: Delivery, answer: Answer, *, again: datetime, now: datetime) -> Outcome:
    """The outcome of an answer. Pauses double with each attempt, or last as long as the receiver
    asks for, up to GIVE_UP_AFTER."""
    if answer.verdict is Verdict.TAKEN:
        return Outcome(State.SENT, answer.text, again)
    if answer.verdict is Verdict.BUSY:
        return Outcome(State.DUE, answer.text, now + BUSY_PAUSE, counted=False)
    if answer.verdict is not Verdict.LATER:
        return Outcome(State.FAILED, answer.text, again)
    wait = min(answer.wait or timedelta(), GIVE_UP_AFTER)
    due_time = now + max(_pause(delivery.attempts), wait)
    if delivery.attempts >= MAX_ATTEMPTS or due_time - delivery.start_time > GIVE_UP_AFTER:
        return Outcome(State.FAILED, answer.text, again)
    return Outcome(State.DUE, answer.text, due_time)


def paused(until: datetime) -> Outcome:
    """The outcome where the receiver is not asked before then: no attempt was made."""
    return Outcome(State.DUE, "paused", until, counted=False)


def _pause(attempts: int) -> timedelta:
    pause = doubled(FIRST_PAUSE.total_seconds(), LONGEST_PAUSE.total_seconds(), attempts - 1)
    return timedelta(seconds=spread(pause, _JITTER))

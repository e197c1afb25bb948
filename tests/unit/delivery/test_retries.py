"""The update that follows from an answer of a receiver."""

from datetime import UTC, datetime, timedelta

import pytest

from services.delivery.domain.model import (
    Channel,
    Delivery,
    DeliveryUpdate,
    SendResult,
    SendStatus,
    State,
)
from services.delivery.domain.retries import (
    BUSY_PAUSE,
    FIRST_PAUSE,
    GIVE_UP_AFTER,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    update_after,
)

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
AGAIN = NOW + timedelta(hours=3)


def follows(
    result: SendResult, *, attempts: int = 1, started: timedelta = timedelta(seconds=1)
) -> DeliveryUpdate:
    delivery = Delivery(
        user_id=1,
        channel=Channel.PUSH,
        device_id=2,
        topic="LIKE:7",
        version=10,
        attempts=attempts,
        start_time=NOW - started,
        lease_time=NOW,
    )
    return update_after(delivery, result, again=AGAIN, now=NOW)


def later(wait: timedelta | None = None) -> SendResult:
    return SendResult(SendStatus.LATER, "503", wait)


def test_what_was_taken_is_sent() -> None:
    assert follows(SendResult(SendStatus.TAKEN, "201")) == DeliveryUpdate(State.SENT, "201", AGAIN)


@pytest.mark.parametrize("status", [SendStatus.REFUSED, SendStatus.GONE])
def test_what_was_refused_for_good_is_not_tried_again(status: SendStatus) -> None:
    assert follows(SendResult(status, "410")).state is State.FAILED


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [follows(later(), attempts=each).due_time - NOW for each in range(1, MAX_ATTEMPTS)]

    for attempt, pause in enumerate(pauses):
        usual = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
        assert usual * 0.75 <= pause <= usual * 1.25


def test_a_receiver_that_names_a_time_gets_it() -> None:
    outcome = follows(later(timedelta(minutes=20)))

    assert outcome == DeliveryUpdate(State.DUE, "503", NOW + timedelta(minutes=20))


def test_a_receiver_cannot_hurry_us() -> None:
    assert follows(later(timedelta(seconds=-5))).due_time > NOW + timedelta(seconds=3)


def test_it_is_given_up_after_many_attempts() -> None:
    assert follows(later(), attempts=MAX_ATTEMPTS).state is State.FAILED


def test_it_is_given_up_after_a_day() -> None:
    assert follows(later(), started=GIVE_UP_AFTER).state is State.FAILED
    assert follows(later(timedelta(days=2))).state is State.FAILED


@pytest.mark.parametrize("wait", [timedelta.max, timedelta.min])
def test_no_wait_leads_beyond_the_calendar(wait: timedelta) -> None:
    outcome = follows(later(wait), started=timedelta())

    assert NOW < outcome.due_time <= NOW + GIVE_UP_AFTER


def test_attempts_that_were_counted_very_often_have_the_longest_pause() -> None:
    assert follows(later(), attempts=32_767).state is State.FAILED


def test_a_busy_receiver_costs_no_attempt() -> None:
    outcome = follows(SendResult(SendStatus.BUSY, "busy"), attempts=MAX_ATTEMPTS)

    assert outcome == DeliveryUpdate(State.DUE, "busy", NOW + BUSY_PAUSE, counted=False)

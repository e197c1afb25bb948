"""What follows from an answer of a receiver."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notification.delivery.dispatch import (
    FIRST_PAUSE,
    GIVE_UP_AFTER,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    outcome_of,
)
from services.notification.delivery.model import (
    Answer,
    Channel,
    Delivery,
    Outcome,
    State,
    Verdict,
)
from services.notification.delivery.push import retry_after

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
AGAIN = NOW + timedelta(hours=3)


def follows(
    answer: Answer, *, attempts: int = 1, started: timedelta = timedelta(seconds=1)
) -> Outcome:
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
    return outcome_of(delivery, answer, again=AGAIN, now=NOW)


def later(wait: timedelta | None = None) -> Answer:
    return Answer(Verdict.LATER, "503", wait)


def test_what_was_taken_is_sent() -> None:
    assert follows(Answer(Verdict.TAKEN, "201")) == Outcome(State.SENT, "201", AGAIN)


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.GONE])
def test_what_was_refused_for_good_is_not_tried_again(verdict: Verdict) -> None:
    assert follows(Answer(verdict, "410")).state is State.FAILED


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [follows(later(), attempts=each).due_time - NOW for each in range(1, MAX_ATTEMPTS)]

    for attempt, pause in enumerate(pauses):
        usual = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
        assert usual * 0.75 <= pause <= usual * 1.25


def test_a_receiver_that_names_a_time_gets_it() -> None:
    outcome = follows(later(timedelta(minutes=20)))

    assert outcome == Outcome(State.DUE, "503", NOW + timedelta(minutes=20))


def test_a_receiver_cannot_hurry_us() -> None:
    assert follows(later(timedelta(seconds=-5))).due_time > NOW + timedelta(seconds=3)


def test_it_is_given_up_after_many_attempts() -> None:
    assert follows(later(), attempts=MAX_ATTEMPTS).state is State.FAILED


def test_it_is_given_up_after_a_day() -> None:
    assert follows(later(), started=GIVE_UP_AFTER).state is State.FAILED
    assert follows(later(timedelta(days=2))).state is State.FAILED


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("Sun, 01 Feb 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("9" * 400, timedelta(seconds=10**8)),
    ],
)
def test_retry_after(value: str, wait: timedelta | None) -> None:
    assert retry_after(value, NOW) == wait

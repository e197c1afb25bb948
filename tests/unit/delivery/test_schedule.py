"""What is due, and when, after a notification."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.delivery.domain.model import Channel, Due, Notification
from services.delivery.domain.schedule import (
    PUSH_AFTER,
    Notified,
    Schedule,
    next_digest,
)
from tests.builders.notifications import notification, notified

NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
LIKE = notification(10)


def added(each: Notification, recipient_id: int = 1, *, push: bool = True) -> Notified:
    return notified(recipient_id, each, push=push)


def pushes(due: list[Due]) -> list[Due]:
    return [each for each in due if each.channel is Channel.PUSH]


def test_a_push_waits_for_somebody_who_is_just_reading() -> None:
    (push,) = Schedule(digest_hour=None).due([added(LIKE)], NOON)

    assert (push.user_id, push.version) == (1, 10)
    assert push.due_time == NOON + PUSH_AFTER


def test_likes_of_one_post_are_one_message_of_the_newest_version() -> None:
    later = replace(LIKE, id=11, actor_ids=(3, 2), count=2)

    (push,) = Schedule(digest_hour=None).due([added(later), added(LIKE)], NOON)

    assert push.version == 11


def test_what_is_not_to_be_pushed_still_comes_with_the_digest() -> None:
    (digest,) = Schedule(digest_hour=7).due([added(LIKE, push=False)], NOON)

    assert digest.channel is Channel.DIGEST


def test_a_person_has_one_digest_whatever_happened() -> None:
    groups = [LIKE, replace(LIKE, id=11, post_id=8)]

    due = Schedule(digest_hour=7).due([*map(added, groups), added(LIKE, 2)], NOON)

    assert len(pushes(due)) == 3
    digests = [each for each in due if each.channel is Channel.DIGEST]
    assert [each.user_id for each in digests] == [1, 2]


def test_digests_go_out_once_a_day_in_the_hour_that_was_set() -> None:
    for user_id in range(1, 50):
        first = next_digest(user_id, after=NOON, hour=7)

        assert first.hour == 7
        assert first > NOON
        assert next_digest(user_id, after=first, hour=7) == first + timedelta(days=1)
        assert next_digest(user_id, after=first - timedelta(seconds=1), hour=7) == first


def test_digests_are_spread_over_the_hour() -> None:
    minutes = {next_digest(each, after=NOON, hour=7).minute for each in range(1, 1000)}

    assert len(minutes) == 60


def test_a_digest_goes_out_in_the_morning_of_the_person() -> None:
    (_, digest) = Schedule(digest_hour=7).due(
        [notified(1, LIKE, push=True, time_zone="America/New_York")], NOON
    )

    assert digest.due_time.astimezone(ZoneInfo("America/New_York")).hour == 7


def test_what_comes_again_is_marked_and_a_digest_is_not_where_anything_is_new() -> None:
    new = replace(LIKE, id=11, post_id=8)

    due = Schedule(digest_hour=7).due([notified(1, LIKE, push=True, again=True), added(new)], NOON)
    only_again = Schedule(digest_hour=7).due([notified(1, LIKE, push=True, again=True)], NOON)

    assert {each.topic: each.again for each in due} == {
        "LIKE:7": True,
        "LIKE:8": False,
        "digest": False,
    }
    assert all(each.again for each in only_again)

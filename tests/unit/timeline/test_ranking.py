"""The score of RELEVANT."""

from datetime import UTC, datetime, timedelta

from services.chassis.runtime.ids import first_id_at
from services.timeline.domain.model import Entry
from services.timeline.domain.ports import EngagementCounts
from services.timeline.domain.ranking import ranked

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
BOB, CAROL = 2, 3


def post(hours_ago: float, author: int = BOB) -> Entry:
    entry_id = first_id_at(NOW - timedelta(hours=hours_ago)) + author
    return Entry(entry_id, author, entry_id, author)


def test_newer_posts_come_first_where_nobody_responded() -> None:
    entries = [post(1), post(2), post(30)]

    assert ranked(entries, {}, NOW) == entries


def test_many_responses_outweigh_some_hours() -> None:
    new, old = post(1), post(7)

    responses = {old.post_id: EngagementCounts(likes=20)}

    assert ranked([new, old], responses, NOW) == [old, new]


def test_no_number_of_responses_outweighs_days() -> None:
    new, old = post(1), post(72)

    responses = {old.post_id: EngagementCounts(likes=1_000_000)}

    assert ranked([new, old], responses, NOW) == [new, old]


def test_a_repost_counts_more_than_a_like() -> None:
    first, second = post(2, BOB), post(2, CAROL)

    responses = {
        first.post_id: EngagementCounts(reposts=5),
        second.post_id: EngagementCounts(likes=5),
    }

    assert ranked([second, first], responses, NOW) == [first, second]


def test_authors_whom_the_reader_responds_to_are_closer() -> None:
    bobs_new, carols, bobs_old = post(3, BOB), post(2.9, CAROL), post(9, BOB)

    responses = {bobs_old.post_id: EngagementCounts(by_viewer=True)}

    assert ranked([carols, bobs_new, bobs_old], responses, NOW)[0] == bobs_new


def test_a_response_does_not_lift_the_post_that_was_responded_to() -> None:
    bobs, carols = post(3, BOB), post(2.9, CAROL)

    responses = {bobs.post_id: EngagementCounts(by_viewer=True)}

    assert ranked([carols, bobs], responses, NOW) == [carols, bobs]


def test_one_post_appears_once_by_its_newest_entry() -> None:
    original = post(5)
    repost = Entry(post(1, CAROL).entry_id, CAROL, original.post_id, BOB)

    assert ranked([repost, original], {}, NOW) == [repost]

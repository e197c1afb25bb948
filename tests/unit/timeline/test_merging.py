"""Merging pages of feeds: nothing missing, nothing double, nothing that is not certain."""

from hypothesis import given
from hypothesis import strategies as st

from services.timeline.domain.feeds import Reading, State
from services.timeline.domain.homes import merged
from services.timeline.domain.model import TOP, Entry


def post(entry_id: int, author: int) -> Entry:
    return Entry(entry_id, author, entry_id, author)


def reading(ids: list[int], *, author: int, exhausted: bool) -> Reading:
    return Reading(State.READY, [post(each, author) for each in ids], exhausted)


def test_exhausted_feeds_merge_into_an_exhausted_page() -> None:
    one = reading([9, 5], author=1, exhausted=True)
    other = reading([7], author=2, exhausted=True)

    entries, exhausted = merged([one, other], before=TOP, limit=5)

    assert [entry.entry_id for entry in entries] == [9, 7, 5]
    assert exhausted


def test_a_page_ends_where_one_feed_knows_no_further() -> None:
    one = reading([9, 5], author=1, exhausted=False)
    other = reading([7, 4], author=2, exhausted=True)

    entries, exhausted = merged([one, other], before=TOP, limit=5)

    assert [entry.entry_id for entry in entries] == [9, 7, 5]
    assert not exhausted


def test_a_feed_that_knows_nothing_leaves_nothing_certain() -> None:
    one = reading([], author=1, exhausted=False)
    other = reading([7, 4], author=2, exhausted=True)

    assert merged([one, other], before=50, limit=5) == ([], False)


@given(
    kept=st.lists(
        st.tuples(st.sets(st.integers(1, 40)), st.integers(0, 12)), min_size=1, max_size=4
    ),
    before=st.integers(1, 45),
    limit=st.integers(1, 10),
)
def test_a_merged_page_is_the_top_of_everything_that_exists(
    kept: list[tuple[set[int], int]], before: int, limit: int
) -> None:
    # An entry in several feeds is on the page once, as the feed of the highest actor has it: a
    # follow comes before a hashtag, whose entries have no actor.
    by_id = {each: post(each, author) for author, (ids, _) in enumerate(kept) for each in ids}
    everything = sorted(by_id.values(), reverse=True)
    readings = []
    for author, (ids, size) in enumerate(kept):
        held = sorted(ids, reverse=True)[:size]
        below = [each for each in held if each < before]
        exhausted = len(held) == len(ids) and len(below) <= limit
        readings.append(reading(below[:limit], author=author, exhausted=exhausted))

    entries, exhausted = merged(readings, before=before, limit=limit)

    below = [entry for entry in everything if entry.entry_id < before]
    assert entries == below[: len(entries)]
    if exhausted:
        assert entries == below

"""One suite for every implementation of feeds."""

import itertools
from collections.abc import AsyncIterator, Iterable

import pytest

from services.chassis.cache import redis_client
from services.chassis.runtime.clock import SystemClock
from services.timeline.adapters.feeds_memory import MemoryFeeds
from services.timeline.adapters.feeds_valkey import ValkeyFeeds, change_log
from services.timeline.domain.feeds import Begun, Feeds, State
from services.timeline.domain.model import TOP, Entry, home_of
from tests.waiting import LIMIT

MAX = 10
ALICE = home_of(1)
BUILDER = b"b" * 16
OTHER_BUILDER = b"o" * 16


def post(entry_id: int, author: int = 7) -> Entry:
    return Entry(entry_id, author, entry_id, author)


def repost(entry_id: int, actor: int, post_id: int, author: int = 7) -> Entry:
    return Entry(entry_id, actor, post_id, author)


def posts(ids: Iterable[int], author: int = 7) -> list[Entry]:
    return [post(each, author) for each in sorted(ids, reverse=True)]


@pytest.fixture(params=["memory", "valkey", "valkey_cluster"])
async def feeds(request: pytest.FixtureRequest) -> AsyncIterator[Feeds]:
    if request.param == "memory":
        yield MemoryFeeds(clock=SystemClock(), max_entries=MAX)
        return
    async with redis_client.connect(
        request.getfixturevalue(request.param), call_seconds=LIMIT
    ) as client:
        yield ValkeyFeeds(client, changes=change_log(client), max_entries=MAX)


@pytest.fixture(params=["memory", "valkey", "valkey_cluster"])
async def short_lived_feeds(request: pytest.FixtureRequest) -> AsyncIterator[Feeds]:
    """Feeds whose builders are overdue at once."""
    if request.param == "memory":
        yield MemoryFeeds(clock=SystemClock(), max_entries=MAX, build_seconds=0.0)
        return
    async with redis_client.connect(
        request.getfixturevalue(request.param), call_seconds=LIMIT
    ) as client:
        yield ValkeyFeeds(client, changes=change_log(client), max_entries=MAX, build_seconds=0.001)


async def made(
    feeds: Feeds, entries: list[Entry], *, complete: bool = True, feed: str = ALICE, **more: object
) -> None:
    assert await feeds.begin(feed, BUILDER) is Begun.YOURS
    size = await feeds.finish(feed, BUILDER, entries, complete=complete, **more)  # type: ignore[arg-type]
    assert size is not None


async def ids(feeds: Feeds, feed: str = ALICE) -> list[int]:
    reading = await feeds.read(feed, before=TOP, limit=100)
    assert reading.state is State.READY
    return [entry.entry_id for entry in reading.entries]


async def is_complete(feeds: Feeds, feed: str = ALICE) -> bool:
    return (await feeds.read(feed, before=TOP, limit=100)).exhausted


async def test_a_feed_that_was_never_built_is_missing(feeds: Feeds) -> None:
    reading = await feeds.read(ALICE, before=TOP, limit=5)

    assert reading.state is State.MISSING


async def test_a_built_feed_gives_its_entries_newest_first(feeds: Feeds) -> None:
    entries = [post(30), repost(20, actor=8, post_id=5), post(10)]

    await made(feeds, entries)

    reading = await feeds.read(ALICE, before=TOP, limit=5)
    assert reading.state is State.READY
    assert reading.entries == entries
    assert reading.exhausted


async def test_ids_of_63_bits_keep_their_exact_order(feeds: Feeds) -> None:
    top = (1 << 63) - 1
    entries = posts([top, top - 1, top - 2, 1 << 62, (1 << 62) + 1, 255, 256, 1])

    await made(feeds, entries)

    assert await ids(feeds) == [each.entry_id for each in entries]


async def test_pages_join_without_gap_or_double(feeds: Feeds) -> None:
    await made(feeds, posts(range(1, 8)))

    seen: list[int] = []
    before = TOP
    for _ in range(4):
        reading = await feeds.read(ALICE, before=before, limit=2)
        seen += [entry.entry_id for entry in reading.entries]
        before = seen[-1]

    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert reading.exhausted


async def test_a_full_page_says_whether_it_is_the_last(feeds: Feeds) -> None:
    await made(feeds, posts([1, 2, 3, 4]))

    first = await feeds.read(ALICE, before=TOP, limit=2)
    last = await feeds.read(ALICE, before=3, limit=2)

    assert not first.exhausted
    assert last.exhausted


async def test_an_empty_complete_feed_is_ready(feeds: Feeds) -> None:
    await made(feeds, [])

    reading = await feeds.read(ALICE, before=TOP, limit=5)

    assert reading.state is State.READY
    assert reading.exhausted


async def test_an_entry_is_added_once_to_feeds_that_exist_and_to_no_other(feeds: Feeds) -> None:
    bob, carol = home_of(2), home_of(3)
    await made(feeds, posts([1]))
    await made(feeds, posts([1]), feed=bob)

    first = await feeds.add(post(5), [ALICE, bob, carol])
    again = await feeds.add(post(5), [ALICE, bob, carol])

    assert (first, again) == (2, 2)
    assert await ids(feeds) == [5, 1]
    assert await ids(feeds, bob) == [5, 1]
    assert (await feeds.read(carol, before=TOP, limit=1)).state is State.MISSING


async def test_a_late_entry_takes_its_place_in_the_middle(feeds: Feeds) -> None:
    await made(feeds, posts([1, 9]))

    await feeds.add(post(5), [ALICE])

    assert await ids(feeds) == [9, 5, 1]


async def test_a_complete_feed_takes_entries_below_its_lowest(feeds: Feeds) -> None:
    await made(feeds, posts([5]), complete=True)

    await feeds.add(post(2), [ALICE])

    assert await ids(feeds) == [5, 2]
    assert await is_complete(feeds)


async def test_an_incomplete_feed_takes_nothing_below_its_lowest(feeds: Feeds) -> None:
    await made(feeds, posts([5, 9]), complete=False)

    await feeds.add(post(2), [ALICE])

    assert await ids(feeds) == [9, 5]
    assert not await is_complete(feeds)


async def test_a_trimmed_feed_keeps_the_newest_and_is_no_longer_complete(feeds: Feeds) -> None:
    await made(feeds, posts(range(1, MAX)))
    assert await is_complete(feeds)

    await feeds.add(post(50), [ALICE])
    await feeds.add(post(51), [ALICE])

    assert await ids(feeds) == [51, 50, *range(MAX - 1, 1, -1)]
    assert not await is_complete(feeds)


async def test_a_feed_of_exactly_as_many_as_are_kept_is_trimmed_by_one(feeds: Feeds) -> None:
    await made(feeds, posts(range(1, MAX + 1)), complete=False)

    await feeds.add(post(99), [ALICE])

    assert await ids(feeds) == [99, *range(MAX, 1, -1)]


async def test_what_is_added_while_a_feed_is_built_is_in_it(feeds: Feeds) -> None:
    await feeds.begin(ALICE, BUILDER)

    await feeds.add(post(9), [ALICE])
    await feeds.add(post(3), [ALICE])
    await feeds.finish(ALICE, BUILDER, posts([5]), complete=True)

    assert await ids(feeds) == [9, 5, 3]


async def test_a_late_entry_below_what_the_builder_read_leaves_no_hole(feeds: Feeds) -> None:
    await feeds.begin(ALICE, BUILDER)

    await feeds.add(post(2), [ALICE])
    await feeds.finish(ALICE, BUILDER, posts([5, 6]), complete=False)

    assert await ids(feeds) == [6, 5]


async def test_a_feed_that_is_being_built_is_not_read(feeds: Feeds) -> None:
    await feeds.begin(ALICE, BUILDER)
    await feeds.add(post(9), [ALICE])

    assert (await feeds.read(ALICE, before=TOP, limit=5)).state is State.BUILDING


async def test_one_builder_builds_at_a_time(feeds: Feeds) -> None:
    first = await feeds.begin(ALICE, BUILDER)
    second = await feeds.begin(ALICE, OTHER_BUILDER)
    repeated = await feeds.begin(ALICE, BUILDER)

    assert (first, second, repeated) == (Begun.YOURS, Begun.SOMEBODY_ELSES, Begun.YOURS)


async def test_a_ready_feed_is_not_built_again_unless_anew(feeds: Feeds) -> None:
    await made(feeds, posts([1]))

    assert await feeds.begin(ALICE, BUILDER) is Begun.READY_ALREADY
    assert await feeds.begin(ALICE, BUILDER, rebuild=True) is Begun.YOURS
    assert (await feeds.read(ALICE, before=TOP, limit=1)).state is State.BUILDING


async def test_building_anew_takes_the_work_from_another_builder(feeds: Feeds) -> None:
    await feeds.begin(ALICE, BUILDER)

    taken = await feeds.begin(ALICE, OTHER_BUILDER, rebuild=True)
    too_late = await feeds.finish(ALICE, BUILDER, posts([1]), complete=True)
    size = await feeds.finish(ALICE, OTHER_BUILDER, posts([2]), complete=True)

    assert taken is Begun.YOURS
    assert too_late is None
    assert size == 1
    assert await ids(feeds) == [2]


async def test_a_dead_builder_is_replaced(short_lived_feeds: Feeds) -> None:
    await short_lived_feeds.begin(ALICE, BUILDER)

    begun = Begun.SOMEBODY_ELSES
    for _ in range(1000):
        begun = await short_lived_feeds.begin(ALICE, OTHER_BUILDER)
        if begun is Begun.YOURS:
            break

    assert begun is Begun.YOURS
    assert await short_lived_feeds.finish(ALICE, BUILDER, [], complete=True) is None


async def test_nobody_finishes_what_nobody_began(feeds: Feeds) -> None:
    assert await feeds.finish(ALICE, BUILDER, posts([1]), complete=True) is None


async def test_a_removed_entry_does_not_come_back(feeds: Feeds) -> None:
    entry = repost(5, actor=8, post_id=2)
    await made(feeds, [entry, post(1)])

    went = await feeds.remove(entry, [ALICE, home_of(2)])
    await feeds.add(entry, [ALICE])
    await feeds.merge(ALICE, [entry], complete=True)

    assert went == 1
    assert await ids(feeds) == [1]


async def test_an_entry_that_is_removed_during_a_build_is_not_in_it(feeds: Feeds) -> None:
    entry = repost(5, actor=8, post_id=2)
    await feeds.begin(ALICE, BUILDER)

    await feeds.remove(entry, [ALICE])
    size = await feeds.finish(ALICE, BUILDER, [entry, post(1)], complete=True)

    assert size == 1
    assert await ids(feeds) == [1]


async def test_hiding_an_actor_takes_posts_and_reposts_but_not_what_others_repost(
    feeds: Feeds,
) -> None:
    by_others = repost(4, actor=9, post_id=1, author=8)
    await made(feeds, [post(5, author=8), by_others, repost(3, actor=8, post_id=2), post(2)])

    await feeds.hide(ALICE, 8, for_good=False)

    assert await ids(feeds) == [4, 2]
    assert await is_complete(feeds)


async def test_entries_of_a_hidden_actor_stay_out(feeds: Feeds) -> None:
    await made(feeds, posts([1]))
    await feeds.hide(ALICE, 8, for_good=False)

    await feeds.add(post(5, author=8), [ALICE])
    await feeds.merge(ALICE, [post(4, author=8)], complete=True)

    assert await ids(feeds) == [1]


async def test_an_actor_hidden_before_there_is_a_feed_stays_out_of_it(feeds: Feeds) -> None:
    await feeds.hide(ALICE, 8, for_good=False)

    await made(feeds, posts([1]))
    await feeds.add(post(5, author=8), [ALICE])

    assert await ids(feeds) == [1]


async def test_a_shown_actor_is_merged_and_delivered_again(feeds: Feeds) -> None:
    await made(feeds, posts([1]))
    await feeds.hide(ALICE, 8, for_good=False)

    merge = await feeds.show(ALICE, 8)
    await feeds.add(post(5, author=8), [ALICE])
    await feeds.merge(ALICE, [post(4, author=8)], complete=True)

    assert merge
    assert await ids(feeds) == [5, 4, 1]
    assert await is_complete(feeds)


async def test_an_actor_hidden_for_good_is_shown_only_on_purpose(feeds: Feeds) -> None:
    await made(feeds, posts([1]))
    await feeds.hide(ALICE, 8, for_good=True)

    by_follow = await feeds.show(ALICE, 8)
    by_unmute = await feeds.show(ALICE, 8, muted_too=True)

    assert (by_follow, by_unmute) == (False, True)


async def test_hiding_for_a_while_does_not_shorten_hiding_for_good(feeds: Feeds) -> None:
    await made(feeds, posts([1]))
    await feeds.hide(ALICE, 8, for_good=True)

    await feeds.hide(ALICE, 8, for_good=False)

    assert not await feeds.show(ALICE, 8)


async def test_showing_an_actor_to_a_missing_feed_asks_for_no_merge(feeds: Feeds) -> None:
    assert not await feeds.show(ALICE, 8)


@pytest.mark.parametrize("act", ["show", "hide"])
async def test_a_change_of_the_graph_disturbs_the_builder(feeds: Feeds, act: str) -> None:
    await feeds.begin(ALICE, BUILDER)

    if act == "show":
        assert not await feeds.show(ALICE, 8)
    else:
        await feeds.hide(ALICE, 8, for_good=False)

    assert await feeds.finish(ALICE, BUILDER, posts([1]), complete=True) is None
    assert await feeds.begin(ALICE, OTHER_BUILDER) is Begun.YOURS
    assert await feeds.finish(ALICE, OTHER_BUILDER, posts([2]), complete=True) == 1
    assert await ids(feeds) == [2]


async def test_a_builder_names_who_is_hidden(feeds: Feeds) -> None:
    await feeds.begin(ALICE, BUILDER)
    await feeds.add(post(9, author=8), [ALICE])

    await feeds.finish(ALICE, BUILDER, [post(5, author=8), post(4)], complete=True, hidden=[8])
    await feeds.add(post(10, author=8), [ALICE])

    assert await ids(feeds) == [4]
    assert not await feeds.show(ALICE, 8)


async def test_a_merge_stays_above_the_lowest_of_an_incomplete_feed(feeds: Feeds) -> None:
    await made(feeds, posts([5, 9]), complete=False)

    await feeds.merge(ALICE, posts([3, 7], author=8), complete=True)

    assert await ids(feeds) == [9, 7, 5]
    assert not await is_complete(feeds)


async def test_a_merge_of_everything_keeps_a_complete_feed_complete(feeds: Feeds) -> None:
    await made(feeds, posts([5, 9]))

    await feeds.merge(ALICE, posts([3, 7], author=8), complete=True)

    assert await ids(feeds) == [9, 7, 5, 3]
    assert await is_complete(feeds)


async def test_a_merge_of_a_part_leaves_no_hole_below_it(feeds: Feeds) -> None:
    await made(feeds, posts([2, 9]))

    await feeds.merge(ALICE, posts([5, 7], author=8), complete=False)

    assert await ids(feeds) == [9, 7, 5]
    assert not await is_complete(feeds)


async def test_a_merge_is_trimmed(feeds: Feeds) -> None:
    await made(feeds, posts(range(2, 12, 2)))

    await feeds.merge(ALICE, posts(range(1, 21, 2), author=8), complete=True)

    together = sorted({*range(2, 12, 2), *range(1, 21, 2)}, reverse=True)
    assert await ids(feeds) == together[:MAX]
    assert not await is_complete(feeds)


@pytest.mark.parametrize("building", [True, False])
async def test_a_merge_into_nothing_that_is_ready_does_nothing(
    feeds: Feeds, building: bool
) -> None:
    if building:
        await feeds.begin(ALICE, BUILDER)

    await feeds.merge(ALICE, posts([1]), complete=True)

    state = State.BUILDING if building else State.MISSING
    assert (await feeds.read(ALICE, before=TOP, limit=1)).state is state


async def test_a_dropped_feed_is_missing_and_takes_nothing(feeds: Feeds) -> None:
    await made(feeds, posts([1]))

    await feeds.drop(ALICE)

    assert await feeds.add(post(2), [ALICE]) == 0
    assert (await feeds.read(ALICE, before=TOP, limit=1)).state is State.MISSING


async def test_an_incomplete_feed_that_lost_its_last_entry_is_missing(feeds: Feeds) -> None:
    await made(feeds, posts([5], author=8), complete=False)

    await feeds.hide(ALICE, 8, for_good=False)

    assert (await feeds.read(ALICE, before=TOP, limit=1)).state is State.MISSING


async def test_a_feed_carries_the_note_of_its_builder(feeds: Feeds) -> None:
    await made(feeds, posts([1]), merge_note=b"whom to merge")

    assert (await feeds.read(ALICE, before=TOP, limit=1)).merge_note == b"whom to merge"


async def test_a_note_is_renewed_only_if_it_is_the_one_that_was_seen(feeds: Feeds) -> None:
    await made(feeds, posts([1]), merge_note=b"old")
    await feeds.set_merge_note(ALICE, b"invalid")

    late = await feeds.renew_merge_note(ALICE, seen=b"old", merge_note=b"too late")
    right = await feeds.renew_merge_note(ALICE, seen=b"invalid", merge_note=b"new")

    assert (late, right) == (False, True)
    assert (await feeds.read(ALICE, before=TOP, limit=1)).merge_note == b"new"


async def test_a_missing_feed_gets_no_note(feeds: Feeds) -> None:
    await feeds.set_merge_note(ALICE, b"invalid")
    renewed = await feeds.renew_merge_note(ALICE, seen=b"", merge_note=b"new")

    await made(feeds, posts([1]))

    assert not renewed
    assert (await feeds.read(ALICE, before=TOP, limit=1)).merge_note == b""


async def test_many_feeds_are_read_in_one_go(feeds: Feeds) -> None:
    await made(feeds, posts([1, 2, 3]))
    await made(feeds, posts([4]), feed=home_of(2))

    alice, nobody, bob = await feeds.read_many([ALICE, home_of(3), home_of(2)], before=TOP, limit=2)

    assert [entry.entry_id for entry in alice.entries] == [3, 2]
    assert nobody.state is State.MISSING
    assert [entry.entry_id for entry in bob.entries] == [4]


async def test_an_entry_reaches_more_feeds_than_fit_into_one_trip(feeds: Feeds) -> None:
    homes = [home_of(number) for number in range(1, 1202)]
    for home in itertools.islice(homes, 0, None, 100):
        await made(feeds, [], feed=home)

    assert await feeds.add(post(5), homes) == len(homes[::100])


async def test_in_valkey_every_read_keeps_all_of_a_feed_alive_for_seven_days(
    valkey_servers: str,
) -> None:
    seven_days = 7 * 24 * 3600
    keys = [f"{name}:{{{ALICE}}}" for name in ("feed", "hidden", "note")]
    async with redis_client.connect(valkey_servers, call_seconds=LIMIT) as client:
        feeds = ValkeyFeeds(client, changes=change_log(client))
        await made(feeds, posts([1]), hidden=[8])
        for key in keys:
            await client.execute("EXPIRE", key, 60)

        await feeds.read(ALICE, before=TOP, limit=1)

        lives = [await client.execute("TTL", key) for key in keys]
        assert all(seven_days < life < 8 * 24 * 3600 for life in lives)

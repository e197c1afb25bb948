"""The log entries of each event."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest
from google.protobuf.message import Message
from roost.media.v1 import media_events_pb2 as media
from roost.media.v1.media_pb2 import Medium
from roost.notification.v1.notification_pb2 import (
    PasswordChangedNotice,
    SecurityNotice,
    SignedInNotice,
    SignInsFailedNotice,
    UserEvent,
)
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import (
    VISIBILITY_FOLLOWERS,
    VISIBILITY_MENTIONED,
    VISIBILITY_PUBLIC,
    Entity,
    Hashtag,
    Post,
    TimelineEntry,
    Visibility,
)
from roost.timeline.v1 import timeline_events_pb2 as timelines
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events.records import Event, OutboxMessage, Undecodable
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.chassis.storage.memory import MemoryDatabase
from services.eventlog.adapters.memory import LogTables, MemoryLogStore
from services.eventlog.domain.model import HashtagActivity, LogEntry, PostActivity
from services.eventlog.domain.projection import EventLogProjection
from services.eventlog.rpc.convert import ARRIVALS_MISSED
from services.eventlog.worker.consumer import EventLogConsumer

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4
POST = 50


class Scenario:
    """Logs in memory, and the graph of celebrities' followers."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.edges: set[tuple[int, int]] = set()
        self.requested: list[Sequence[int]] = []
        self.away = False
        self.activities: list[PostActivity] = []
        self.hashtags: list[HashtagActivity] = []
        self.store = MemoryLogStore(MemoryDatabase(LogTables()), announce=self.announce)
        projection = EventLogProjection(
            store=self.store, graph=self, wake_ups=self, clock=self.clock
        )
        self.handle = EventLogConsumer(projection)

    async def followers_among(self, user_ids: Collection[int], followee_id: int) -> set[int]:
        if self.away:
            raise Unavailable
        self.requested.append(list(user_ids))
        return {each for each in user_ids if (each, followee_id) in self.edges}

    def announce(self, entries: Sequence[LogEntry]) -> None:
        pass

    def announce_activities(self, activities: Sequence[PostActivity]) -> None:
        self.activities += activities

    def announce_hashtags(self, activities: Sequence[HashtagActivity]) -> None:
        self.hashtags += activities

    async def happens(self, *bodies: Message) -> None:
        await self.handle([event(body) for body in bodies])

    async def comes(self, *user_ids: int) -> None:
        await self.store.attach_users(user_ids, self.clock.now(), missed=ARRIVALS_MISSED)

    async def log(self, user_id: int) -> list[Message]:
        """The kinds of the events in a user's log."""
        entries = await self.store.events({user_id: 0}, limit=100)
        found = [UserEvent.FromString(entry.content) for entry in entries]
        return [getattr(each, str(each.WhichOneof("kind"))) for each in found]

    async def changes(self, user_id: int) -> list[tuple[str, int, bool]]:
        return [
            (each.resource, each.resource_id, each.deleted)  # type: ignore[attr-defined]
            for each in await self.log(user_id)
        ]

    async def arrivals(self, user_id: int) -> list[int]:
        return [each.entry_id for each in await self.log(user_id)]  # type: ignore[attr-defined]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


def event(body: Message) -> Event:
    message = OutboxMessage.of(topic="test", key=1, body=body)
    return Event.from_message(message, time=ManualClock().now(), traceparent=None)


def delivered(
    *user_ids: int,
    entry: int = POST,
    author: int = BOB,
    reposter: int = 0,
    by_hashtag: bool = False,
) -> timelines.EntryDelivered:
    place = TimelineEntry(
        entry_id=entry,
        post_id=POST,
        author_id=author,
        reposter_id=reposter,
        by_hashtag=by_hashtag,
    )
    return timelines.EntryDelivered(entry=place, user_ids=user_ids)


PLACE = TimelineEntry(entry_id=70, post_id=POST, author_id=BOB, reposter_id=ALICE)
FOLLOW = {"follower_id": ALICE, "followee_id": BOB}
BLOCK = {"blocker_id": ALICE, "blocked_id": BOB}
MUTE = {"muter_id": ALICE, "muted_id": BOB}
MEDIUM = Medium(id=90, owner_id=ALICE)
LIKE = {"post_id": POST, "author_id": BOB, "user_id": ALICE}


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (users.UserUpdated(user=User(id=ALICE)), ("user", ALICE, False)),
        (users.UserDeleted(user_id=ALICE), ("user", ALICE, True)),
        (users.FollowCreated(**FOLLOW), ("follow", BOB, False)),
        (users.FollowRemoved(**FOLLOW), ("follow", BOB, True)),
        (users.FollowRequested(**FOLLOW), ("follow_request", BOB, False)),
        (users.FollowRequestRemoved(**FOLLOW), ("follow_request", BOB, True)),
        (users.BlockCreated(**BLOCK), ("block", BOB, False)),
        (users.BlockRemoved(**BLOCK), ("block", BOB, True)),
        (users.MuteCreated(**MUTE), ("mute", BOB, False)),
        (users.MuteRemoved(**MUTE), ("mute", BOB, True)),
        (posts.PostCreated(post=Post(id=POST, author_id=ALICE)), ("post", POST, False)),
        (posts.PostUpdated(post=Post(id=POST, author_id=ALICE)), ("post", POST, False)),
        (posts.PostDeleted(post_id=POST, author_id=ALICE), ("post", POST, True)),
        (posts.PostLiked(**LIKE), ("like", POST, False)),
        (posts.PostUnliked(**LIKE), ("like", POST, True)),
        (media.MediumProcessed(medium=MEDIUM), ("medium", 90, False)),
        (media.MediumUpdated(medium=MEDIUM), ("medium", 90, False)),
        (media.MediumDeleted(medium_id=90, owner_id=ALICE), ("medium", 90, True)),
        (posts.PostReposted(entry=PLACE), ("repost", POST, False)),
        (posts.RepostUndone(entry=PLACE), ("repost", POST, True)),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Message) else "",
)
async def test_ones_own_changes_are_logged_for_oneself(
    scenario: Scenario, body: Message, change: tuple[str, int, bool]
) -> None:
    await scenario.happens(body)

    assert await scenario.changes(ALICE) == [change]
    assert await scenario.log(BOB) == []


async def test_markers_and_ended_sessions_are_logged(scenario: Scenario) -> None:
    await scenario.happens(
        timelines.ReadMarkerMoved(user_id=ALICE, last_read_id=70),
        users.SessionRevoked(user_id=ALICE, session_id=9),
    )

    moved, ended = await scenario.log(ALICE)
    assert (moved.timeline, moved.last_read_id) == ("home", 70)  # type: ignore[attr-defined]
    assert ended.session_id == 9  # type: ignore[attr-defined]


async def test_what_concerns_the_safety_of_an_account_is_logged_for_its_owner(
    scenario: Scenario,
) -> None:
    await scenario.happens(
        users.SignedIn(user_id=ALICE, session_id=9, new_network=True),
        users.PasswordChanged(user_id=ALICE, session_id=9),
        users.SignInsFailed(user_id=ALICE, failures=20),
    )

    notice = SignedInNotice(session_id=9, new_network=True)
    assert await scenario.log(ALICE) == [
        SecurityNotice(signed_in=notice),
        SecurityNotice(password_changed=PasswordChangedNotice(session_id=9)),
        SecurityNotice(sign_ins_failed=SignInsFailedNotice(failures=20)),
    ]
    assert await scenario.log(BOB) == []


async def test_an_event_that_comes_again_has_no_second_effect(scenario: Scenario) -> None:
    await scenario.comes(ALICE)
    once = [event(posts.PostLiked(**LIKE)), event(delivered(ALICE))]

    await scenario.handle([*once, once[0]])
    await scenario.handle(once)

    entries = await scenario.store.events({ALICE: 0}, limit=9)
    assert [entry.sequence for entry in entries] == [1, 2]


async def test_what_cannot_be_read_is_said(scenario: Scenario) -> None:
    whole = event(posts.PostLiked(**LIKE))
    broken = Event(**{name: getattr(whole, name) for name in whole.__slots__} | {"payload": b"x"})

    with pytest.raises(Undecodable):
        await scenario.handle([broken])


async def test_other_events_are_left_alone(scenario: Scenario) -> None:
    await scenario.happens(users.UserRegistered(user=User(id=ALICE)), timelines.FanOutContinued())

    assert scenario.store.database.tables.inbox == set()


class TestArrivals:
    async def test_are_logged_for_those_who_are_there(self, scenario: Scenario) -> None:
        await scenario.comes(ALICE, CAROL)

        await scenario.happens(delivered(ALICE, BOB), delivered(CAROL, entry=71, reposter=DAVE))

        (own,), (others,) = await scenario.log(ALICE), await scenario.log(CAROL)
        assert own == type(own)(entry_id=POST, post_id=POST, author_id=BOB)
        assert others == type(own)(entry_id=71, post_id=POST, author_id=BOB, reposter_id=DAVE)
        assert await scenario.log(BOB) == []

    async def test_without_receivers_are_not_recorded(self, scenario: Scenario) -> None:
        await scenario.happens(delivered(ALICE, BOB))

        assert scenario.store.database.tables.inbox == set()

    async def test_of_celebrities_are_for_those_of_their_followers_who_are_there(
        self, scenario: Scenario
    ) -> None:
        crowd = range(100, 2_200)
        await scenario.comes(*crowd, BOB)
        scenario.edges = {(each, BOB) for each in (100, 1_500, 2_199, 5_000)}

        await scenario.happens(delivered())

        receivers = [each for each in crowd if await scenario.arrivals(each)]
        assert receivers == [100, 1_500, 2_199]
        assert await scenario.arrivals(BOB) == [POST]
        assert [len(each) for each in scenario.requested] == [1_000, 1_000, 101]

    async def test_of_a_celebritys_repost_are_for_followers_of_the_reposter(
        self, scenario: Scenario
    ) -> None:
        await scenario.comes(ALICE, CAROL)
        scenario.edges = {(ALICE, DAVE), (CAROL, BOB)}

        await scenario.happens(delivered(entry=71, reposter=DAVE))

        assert await scenario.arrivals(ALICE) == [71]
        assert await scenario.log(CAROL) == []

    async def test_wait_for_the_graph(self, scenario: Scenario) -> None:
        await scenario.comes(ALICE)
        scenario.away = True

        with pytest.raises(Unavailable):
            await scenario.happens(delivered(), posts.PostLiked(**LIKE))

        assert await scenario.log(ALICE) == []

    @pytest.mark.parametrize(
        ("begins", "ends"),
        [
            (users.MuteCreated(**MUTE), users.MuteRemoved(**MUTE)),
            (users.BlockCreated(**BLOCK), users.BlockRemoved(**BLOCK)),
            (
                users.BlockCreated(blocker_id=BOB, blocked_id=ALICE),
                users.BlockRemoved(blocker_id=BOB, blocked_id=ALICE),
            ),
        ],
        ids=["muted", "blocked", "blocking"],
    )
    @pytest.mark.parametrize("who", [{"author": BOB}, {"author": CAROL, "reposter": BOB}])
    async def test_of_people_whom_one_does_not_see_are_left_out(
        self, scenario: Scenario, begins: Message, ends: Message, who: dict[str, Any]
    ) -> None:
        await scenario.comes(ALICE, DAVE)
        await scenario.happens(begins)
        await scenario.happens(delivered(ALICE, DAVE, entry=71, **who))
        await scenario.happens(ends)
        await scenario.happens(delivered(ALICE, DAVE, entry=72, **who))

        assert await scenario.arrivals(DAVE) == [71, 72]
        shown = [each for each in await scenario.log(ALICE) if hasattr(each, "entry_id")]
        assert [each.entry_id for each in shown] == [72]

    async def test_of_deleted_people_are_nobodys_concern(self, scenario: Scenario) -> None:
        await scenario.comes(ALICE)
        await scenario.happens(users.MuteCreated(**MUTE), users.UserDeleted(user_id=BOB))

        assert scenario.store.database.tables.suppressions == set()


@pytest.mark.parametrize(
    ("body", "activities"),
    [
        (posts.PostCreated(post=Post(id=POST, author_id=ALICE)), []),
        (
            posts.PostCreated(
                post=Post(id=POST, author_id=ALICE, reply_to_post_id=40, quoted_post_id=41)
            ),
            [PostActivity(40, POST), PostActivity(41)],
        ),
        (posts.PostUpdated(post=Post(id=POST, author_id=ALICE)), [PostActivity(POST)]),
        (
            posts.PostDeleted(
                post_id=POST, author_id=ALICE, reply_to_post_id=40, quoted_post_id=41
            ),
            [PostActivity(POST, deleted=True), PostActivity(40), PostActivity(41)],
        ),
        (posts.PostLiked(**LIKE), [PostActivity(POST)]),
        (posts.PostUnliked(**LIKE), [PostActivity(POST)]),
        (posts.PostReposted(entry=PLACE), [PostActivity(POST)]),
        (posts.RepostUndone(entry=PLACE), [PostActivity(POST)]),
        (users.FollowCreated(**FOLLOW), []),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Message) else "",
)
async def test_activity_around_posts_is_announced(
    scenario: Scenario, body: Message, activities: list[PostActivity]
) -> None:
    await scenario.happens(body)

    assert scenario.activities == activities


async def test_an_entry_that_a_hashtag_brings_reaches_its_followers_once(
    scenario: Scenario,
) -> None:
    await scenario.comes(ALICE, CAROL)
    scenario.edges.add((CAROL, BOB))

    await scenario.happens(delivered(CAROL), delivered(ALICE, CAROL, by_hashtag=True))

    assert await scenario.arrivals(ALICE) == [POST]
    assert await scenario.arrivals(CAROL) == [POST]
    (arrival,) = await scenario.log(ALICE)
    assert arrival.by_hashtag  # type: ignore[attr-defined]


async def test_follows_of_hashtags_are_in_the_log_of_the_follower(scenario: Scenario) -> None:
    await scenario.happens(
        timelines.HashtagFollowed(user_id=ALICE, tag="caturday"),
        timelines.HashtagUnfollowed(user_id=ALICE, tag="caturday"),
    )

    changes = [
        (each.resource, each.tag, each.deleted)  # type: ignore[attr-defined]
        for each in await scenario.log(ALICE)
    ]
    assert changes == [("hashtag_follow", "caturday", False), ("hashtag_follow", "caturday", True)]


@pytest.mark.parametrize(
    ("visibility", "announced"),
    [
        (VISIBILITY_PUBLIC, [HashtagActivity("a", POST), HashtagActivity("b", POST)]),
        (VISIBILITY_FOLLOWERS, []),
        (VISIBILITY_MENTIONED, []),
    ],
)
async def test_new_public_posts_are_announced_by_each_hashtag_once(
    scenario: Scenario, visibility: Visibility, announced: list[HashtagActivity]
) -> None:
    entities = [Entity(hashtag=Hashtag(tag=tag)) for tag in ("a", "b", "a")]
    post = Post(id=POST, author_id=ALICE, visibility=visibility, entities=entities)

    await scenario.happens(posts.PostCreated(post=post))

    assert scenario.hashtags == announced

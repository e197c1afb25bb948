"""Which lists of the stores come from a standby, and whom they come from it for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from services.chassis.auth import caller
from services.chassis.auth.caller import ANONYMOUS, Caller, UserCaller
from services.post.adapters.postgres import PostgresStore
from services.post.domain.model import EngagementKind
from services.timeline.adapters.postgres import PostgresTimelineStore
from services.user.adapters.postgres import PostgresUserStore
from services.user.domain.model import Direction, RelationshipKind
from services.user.rpc.events import describe
from tests.replication import Replication, connected, outcome_of
from tests.waiting import eventually

# The post is the owner's.
OWNER_ID, STRANGER_ID = 1 << 13, 2 << 13
POST_ID = (5 << 22) | OWNER_ID

Read = Callable[[Any], Awaitable[object]]


class ListCase(NamedTuple):
    """A list of the owner or of the owner's post."""

    read: Read
    # How it is read by its owner, by a stranger and without an account.
    outcomes: tuple[str, str, str] = ("own", "replica", "replica")


PAGE = {"before": 0, "limit": 2}
POST_LISTS = {
    "entries": ListCase(lambda store: store.entries(OWNER_ID, include_replies=True, **PAGE)),
    "media": ListCase(lambda store: store.entries_with_media(OWNER_ID, **PAGE)),
    "likers": ListCase(
        lambda store: store.engagements_of_post(EngagementKind.LIKE, POST_ID, **PAGE)
    ),
    "reposters": ListCase(
        lambda store: store.engagements_of_post(EngagementKind.REPOST, POST_ID, **PAGE)
    ),
    "liked posts": ListCase(
        lambda store: store.engagements_by_user(EngagementKind.LIKE, OWNER_ID, **PAGE)
    ),
    "quotes": ListCase(lambda store: store.quotes(POST_ID, **PAGE)),
}
USER_LISTS = {
    direction.name: ListCase(
        lambda store, direction=direction: store.list_relationships(  # type: ignore[misc]
            RelationshipKind.FOLLOW, direction, OWNER_ID, before=None, limit=2
        )
    )
    for direction in Direction
}
TIMELINE_LISTS = {
    "public": ListCase(
        lambda store: store.public(before=1 << 62, limit=2), ("replica", "replica", "replica")
    )
}


@pytest.fixture
async def process(
    replication: Replication, valkey: str, request: pytest.FixtureRequest
) -> AsyncIterator[Any]:
    """The store of the service that the test names, with a standby."""
    noun = request.param
    urls = await asyncio.to_thread(replication.fresh, noun)
    async with connected(urls, valkey, service=noun) as (database, _):
        match noun:
            case "post":
                yield PostgresStore(database)
            case "user":
                yield PostgresUserStore(database, describe=describe)
            case "timeline":
                yield PostgresTimelineStore(database)


async def _outcome(who: Caller, read: Callable[[], Awaitable[object]]) -> str:
    async def run() -> str:
        caller.begin(who, None)
        return await outcome_of(read)

    return await asyncio.create_task(run())


@pytest.mark.parametrize(
    ("process", "lists"),
    [("post", POST_LISTS), ("user", USER_LISTS), ("timeline", TIMELINE_LISTS)],
    ids=["post", "user", "timeline"],
    indirect=["process"],
)
async def test_strangers_read_lists_from_the_standby_and_owners_from_the_primary(
    process: Any, lists: dict[str, ListCase]
) -> None:
    owner, stranger = (UserCaller(user_id, session_id=1) for user_id in (OWNER_ID, STRANGER_ID))
    first = next(iter(lists.values()))

    async def ready() -> bool:
        return await _outcome(stranger, lambda: first.read(process)) == "replica"

    await eventually(ready)
    for name, case in lists.items():
        outcomes = [
            await _outcome(who, lambda case=case: case.read(process))  # type: ignore[misc]
            for who in (owner, stranger, ANONYMOUS)
        ]
        assert tuple(outcomes) == case.outcomes, name

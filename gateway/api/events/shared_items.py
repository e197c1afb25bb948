"""Posts that go to many at once: each is loaded and encoded once for all connections.

A post that came within the last minute looks the same to everybody who gets it by following its
author, but for what depends on who looks; that is left out. Whether somebody still is to get it
(the rule of homes) is asked for each, in one call for all who are asked about at the time.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw
from roost.notification.v1.notification_pb2 import UserEvent
from roost.post.v1.post_pb2 import VISIBILITY_MENTIONED
from roost.user.v1.graph_service_pb2 import (
    BatchGetPairRelationshipsRequest,
    Pair,
    PairRelationship,
)

from gateway.api.timelines import rules
from gateway.core.clients import Backends
from gateway.core.hydrate import Entry, Hydrated, hydrate_entries
from gateway.views import presentation
from services.chassis.rpc.batching import Batcher
from services.chassis.runtime.clock import Clock

if TYPE_CHECKING:
    from roost.user.v1.graph_service_pb2_grpc import GraphServiceAsyncStub

# A reader may have liked an older one, so each of those is loaded for its reader.
_FRESH_SECONDS = 60.0
# How long a loaded post is kept. A change shows when it is loaded next.
_KEEP_SECONDS = 5.0
# Pairs in one BatchGetPairRelationships, and how many such calls run at once. Pairs that come
# while all of them run go into the next call, so one post for thousands takes few large calls.
_MOST_PAIRS = 1000
_MOST_CALLS = 2

_encoder = msgspec.json.Encoder()

# None stands for a post that does not look the same to everybody.
Item = Raw | None


class Arrivals:
    """What is shared between the connections of a process."""

    def __init__(self, *, backends: Backends, graph: "GraphServiceAsyncStub", clock: Clock) -> None:
        self._backends = backends
        self._clock = clock
        self._graph = graph
        self._relationships = Batcher(
            self._load_relationships, most=_MOST_PAIRS, at_once=_MOST_CALLS
        )
        self._items: dict[int, asyncio.Task[Item]] = {}

    def may_share(self, event: UserEvent) -> bool:
        """Whether the event is a fresh post of a followed user, and no repost."""
        if not event.HasField("home") or event.home.reposter_id or event.home.by_hashtag:
            return False
        age = self._clock.now().timestamp() - event.event_time.seconds
        return age < _FRESH_SECONDS

    def item(self, entry: Entry) -> "asyncio.Future[Item]":
        """The entry as a timeline item in JSON, loaded with the rights of the first who asks."""
        task = self._items.get(entry.post_id)
        if task is None:
            task = self._items[entry.post_id] = asyncio.create_task(self._load(entry))
            # The failure or the rights of one reader do not hold for the others.
            task.add_done_callback(lambda done: self._keep(entry.post_id, done))
        return task

    def is_wanted(self, entry: Entry, viewer_id: int) -> "asyncio.Future[bool]":
        """Whether the entry, which looks the same to all, is to be shown to this viewer."""
        if viewer_id == entry.author_id:
            own = asyncio.get_running_loop().create_future()
            own.set_result(True)
            return own
        return self._relationships.ask((viewer_id, entry.author_id))

    async def _load_relationships(self, pairs: Sequence[tuple[int, int]]) -> list[bool]:
        """Whether each reader is to see what each author writes."""
        request = BatchGetPairRelationshipsRequest(
            pairs=[Pair(from_user_id=reader, to_user_id=author) for reader, author in pairs]
        )
        response = await self._graph.BatchGetPairRelationships(request)
        return [_is_near(each) for each in response.relationships]

    async def _load(self, entry: Entry) -> Item:
        found = await hydrate_entries(self._backends, [entry])
        if not rules.visible(entry, found):
            return None
        post = found.posts[entry.post_id]
        if post.quoted_post_id or post.visibility == VISIBILITY_MENTIONED:
            return None
        (item,) = presentation.Presenter(_without_viewer(found)).items([entry])
        return Raw(_encoder.encode(item))

    def _keep(self, post_id: int, done: "asyncio.Task[Item]") -> None:
        if done.cancelled() or done.exception() is not None or done.result() is None:
            self._items.pop(post_id, None)
        else:
            asyncio.get_running_loop().call_later(_KEEP_SECONDS, self._items.pop, post_id, None)


def _is_near(relationship: PairRelationship) -> bool:
    is_on_home = rules.is_on_home(following=relationship.following, muting=relationship.muting)
    return is_on_home and not relationship.either_blocks


def _without_viewer(found: Hydrated) -> Hydrated:
    """What was loaded, less what depends on who looks."""
    shown = Hydrated()
    for post_id, post in found.posts.items():
        shown.posts[post_id] = kept = type(post)()
        kept.CopyFrom(post)
        kept.ClearField("viewer_state")
    for user_id, user in found.users.items():
        shown.users[user_id] = person = type(user)()
        person.CopyFrom(user)
        person.ClearField("viewer_relationship")
    return shown

"""Consumes events of follows, posts, profiles and media: counters and pictures change, cached
profiles go."""

from collections.abc import Sequence

from roost.post.v1 import post_events_pb2 as post_pb
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC, VISIBILITY_UNSPECIFIED, Post
from roost.user.v1 import user_events_pb2 as pb

from services.chassis.events.bus import EventRoutes
from services.chassis.events.records import Event, Undecodable
from services.chassis.runtime.clock import Clock
from services.user.domain.model import Counts
from services.user.domain.ports import UserCache
from services.user.domain.store import Store
from services.user.worker import counters
from services.user.worker.profile_media import ProfileMediaConsumer


class UserConsumer:
    """Handles batches of events of one partition."""

    def __init__(self, *, store: Store, user_cache: UserCache, clock: Clock) -> None:
        self._store = store
        self._user_cache = user_cache
        self._profile_media = ProfileMediaConsumer(store=store, user_cache=user_cache, clock=clock)

    async def __call__(self, events: Sequence[Event]) -> None:
        """Changes counters and pictures, and invalidates the cached profiles that changed.

        A process that dies between the commit of a change and the invalidation leaves an old
        profile in the cache; the event of the change removes it.
        """
        counted = [(event.event_id, change) for event, change in _CHANGES.results(events)]
        if counted:
            await counters.apply(self._store, self._user_cache, counted)
        await self._profile_media(events)
        changes = [
            (_key(event), event.event_id) for event in events if event.type in _PROFILE_CHANGES
        ]
        if changes:
            await self._user_cache.forget_again(changes)


def _follow(body: pb.FollowCreated | pb.FollowRemoved, step: int) -> dict[int, Counts]:
    return {
        body.follower_id: Counts(following=step),
        body.followee_id: Counts(followers=step),
    }


def _key(event: Event) -> int:
    """The user whom the event is about."""
    try:
        return int(event.key)
    except ValueError as wrong:
        raise Undecodable(f"the key is no id: {event.key[:40]!r}") from wrong


# Only posts that everybody may see are counted. Who may read a reply depends on other posts. Events
# of releases without visibility have none, and those counted every post.
_COUNTED = {VISIBILITY_UNSPECIFIED, VISIBILITY_PUBLIC}


def _post_created(body: post_pb.PostCreated) -> dict[int, Counts]:
    return {body.post.author_id: Counts(posts=_counted(body.post))}


def _post_deleted(body: post_pb.PostDeleted) -> dict[int, Counts]:
    return {body.author_id: Counts(posts=-_counted(body))}


def _counted(post: Post | post_pb.PostDeleted) -> int:
    return int(post.visibility in _COUNTED and not post.reply_to_post_id)


_CHANGES = EventRoutes[dict[int, Counts]].of_bodies(
    {
        pb.FollowCreated: lambda body: _follow(body, 1),
        pb.FollowRemoved: lambda body: _follow(body, -1),
        post_pb.PostCreated: _post_created,
        post_pb.PostDeleted: _post_deleted,
    }
)
_PROFILE_CHANGES = frozenset(
    {pb.UserUpdated.DESCRIPTOR.full_name, pb.UserDeleted.DESCRIPTOR.full_name}
)

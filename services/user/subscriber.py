"""What the User service does when it hears of follows, posts and changed profiles."""

from collections.abc import Callable, Mapping, Sequence

from google.protobuf.message import DecodeError
from roost.post.v1 import post_events_pb2 as post_pb
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC, VISIBILITY_UNSPECIFIED, Post
from roost.user.v1 import user_events_pb2 as pb

from services.chassis.events import Event, Undecodable
from services.user import counters
from services.user.cache import Cards
from services.user.model import Counts
from services.user.store import Store

TOPICS = ("roost.user.v1", "roost.post.v1")
GROUP = counters.CONSUMER


class Subscriptions:
    """Handles batches of events of one partition."""

    def __init__(self, *, store: Store, cards: Cards) -> None:
        self._store = store
        self._cards = cards

    async def handle(self, events: Sequence[Event]) -> None:
        """Counts what is to be counted, and forgets the cards of profiles that changed.

        A process that dies between the commit of a change and forgetting the card leaves a wrong
        card behind; the event puts that right.
        """
        counted = [
            (event.event_id, _read(change, event))
            for event in events
            if (change := _CHANGES.get(event.type)) is not None
        ]
        if counted:
            await counters.apply(self._store, self._cards, counted)
        changed = {int(event.key) for event in events if event.type in _PROFILE_CHANGES}
        if changed:
            await self._cards.forget(*changed)


def _follow(payload: bytes, step: int) -> dict[int, Counts]:
    # FollowCreated and FollowRemoved have these two fields in common.
    body = pb.FollowRemoved.FromString(payload)
    return {
        body.follower_id: Counts(following=step),
        body.followee_id: Counts(followers=step),
    }


# Only what everybody may see is counted. Who may read a reply depends on others. A release that did
# not say counted every post.
_COUNTED = {VISIBILITY_UNSPECIFIED, VISIBILITY_PUBLIC}


def _post_created(payload: bytes) -> dict[int, Counts]:
    post = post_pb.PostCreated.FromString(payload).post
    return {post.author_id: Counts(posts=_counted(post))}


def _post_deleted(payload: bytes) -> dict[int, Counts]:
    gone = post_pb.PostDeleted.FromString(payload)
    return {gone.author_id: Counts(posts=-_counted(gone))}


def _counted(post: Post | post_pb.PostDeleted) -> int:
    return int(post.visibility in _COUNTED and not post.reply_to_post_id)


_Change = Callable[[bytes], dict[int, Counts]]

_CHANGES: Mapping[str, _Change] = {
    pb.FollowCreated.DESCRIPTOR.full_name: lambda payload: _follow(payload, 1),
    pb.FollowRemoved.DESCRIPTOR.full_name: lambda payload: _follow(payload, -1),
    post_pb.PostCreated.DESCRIPTOR.full_name: _post_created,
    post_pb.PostDeleted.DESCRIPTOR.full_name: _post_deleted,
}
_PROFILE_CHANGES = frozenset(
    {pb.UserUpdated.DESCRIPTOR.full_name, pb.UserDeleted.DESCRIPTOR.full_name}
)


def _read(change: _Change, event: Event) -> dict[int, Counts]:
    try:
        return change(event.payload)
    except DecodeError as wrong:
        raise Undecodable(str(wrong)) from wrong

"""Consumes the events of posts, users and media that change what is found."""

from collections.abc import Sequence
from functools import partial

from prometheus_client import Histogram
from roost.media.v1 import media_events_pb2 as media
from roost.media.v1.media_pb2 import MEDIUM_USE_POST
from roost.post.v1 import post_events_pb2 as posts
from roost.user.v1 import user_events_pb2 as users

from services.chassis.events.bus import EventRoutes
from services.chassis.events.records import Event, Undecodable
from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.domain.hashtags.model import FollowChanged
from services.search.domain.refreshes import PostReread
from services.search.domain.sources import DELETED_MEDIUM, SourcePost
from services.search.domain.store import Store
from services.search.domain.viewers import ViewerChanges
from services.search.rpc.sources import (
    post_from_proto,
    time_from_proto,
    user_from_proto,
    version_of,
)
from services.search.worker.accounts import AccountReader
from services.search.worker.effects import (
    DeletedUser,
    Effects,
    Indexes,
    documents_of,
    indexed,
    joined,
)

CONSUMER = "search.events"

_batch = Histogram(
    "roost_search_batch_events",
    "Events of one transaction",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
_delay = Histogram(
    "roost_search_delay_seconds",
    "From the event of a post to the commit after which it is found",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)


class SearchConsumer:
    """Consumes batches of events of one partition. A batch has one transaction."""

    def __init__(
        self,
        *,
        store: Store,
        indexes: Indexes,
        accounts: AccountReader,
        viewer_changes: ViewerChanges,
        clock: Clock,
    ) -> None:
        self._store = store
        self._indexes = indexes
        self._accounts = accounts
        self._viewer_changes = viewer_changes
        self._clock = clock

    async def __call__(self, events: Sequence[Event]) -> None:
        """Indexes what changed. Raises Undecodable for an invalid event."""
        found = _EFFECTS.results(events)
        if not found:
            return
        all_effects = joined(effects for _, effects in found)
        # Before the transaction, so that it holds its locks for a short time.
        accounts = await self._accounts.unknown(all_effects.posts)
        documents = {
            event.event_id: await documents_of(effects.posts, self._clock)
            for event, effects in found
            if effects.posts
        }
        effects_of = {event.event_id: effects for event, effects in found}

        async def effect(transaction: Transaction) -> None:
            once = [each for each, effects in effects_of.items() if not effects.only_marks]
            new = await transaction.first_seen_of(CONSUMER, once) if once else set()
            handled = {
                each: effects
                for each, effects in effects_of.items()
                if effects.only_marks or each in new
            }
            await self._indexes.write(
                transaction,
                joined([accounts, *handled.values()]),
                [one for each in handled for one in documents.get(each, ())],
            )

        await in_transaction(self._store.transaction, effect)
        if all_effects.viewers:
            # Each time: the process may have died after the commit.
            await self._viewer_changes.invalidate(set(all_effects.viewers))
        self._observe(found)

    def _observe(self, found: Sequence[tuple[Event, Effects]]) -> None:
        now = self._clock.now()
        _batch.observe(len(found))
        for event, effects in found:
            if effects.posts or effects.deleted_posts:
                _delay.observe(max((now - event.time).total_seconds(), 0.0))
            indexed.labels("event").inc(len(effects.posts))


def _post_created(body: posts.PostCreated) -> Effects:
    return Effects(
        posts=(_readable(body),),
        counted_posts=_without_zeros(body.post.reply_to_post_id, body.post.quoted_post_id),
    )


def _post_updated(body: posts.PostUpdated) -> Effects:
    return Effects(posts=(_readable(body),))


def _post_deleted(body: posts.PostDeleted) -> Effects:
    return Effects(
        deleted_posts=(body.post_id,),
        counted_posts=_without_zeros(body.reply_to_post_id, body.quoted_post_id),
    )


def _engaged(body: posts.PostLiked | posts.PostUnliked) -> Effects:
    return Effects(counted_posts=(body.post_id,))


def _reposted(body: posts.PostReposted | posts.RepostUndone) -> Effects:
    return Effects(counted_posts=(body.entry.post_id,))


def _user_written(body: users.UserRegistered | users.UserUpdated) -> Effects:
    # Events have no counts.
    return Effects(users=(user_from_proto(body.user),), counted_users=(body.user.id,))


def _user_deleted(body: users.UserDeleted) -> Effects:
    deleted = DeletedUser(body.user_id, time_from_proto(body.delete_time))
    return Effects(deleted_users=(deleted,), viewers=(body.user_id,))


def _followed(body: users.FollowCreated | users.FollowRemoved, *, following: bool) -> Effects:
    return Effects(
        follows=(FollowChanged(body.follower_id, body.followee_id, following),),
        counted_users=(body.followee_id,),
        viewers=(body.follower_id,),
    )


def _blocked(body: users.BlockCreated | users.BlockRemoved) -> Effects:
    return Effects(viewers=(body.blocker_id, body.blocked_id))


def _muted(body: users.MuteCreated | users.MuteRemoved) -> Effects:
    return Effects(viewers=(body.muter_id,))


def _medium_updated(body: media.MediumUpdated) -> Effects:
    medium = body.medium
    if medium.use != MEDIUM_USE_POST or not medium.post_id:
        return Effects()
    # Without changed fields a claim was confirmed: a description that was changed during the write
    # reaches the post with it.
    described = "alt_text" in body.changed_fields or (medium.alt_text and not body.changed_fields)
    if not described:
        return Effects()
    try:
        version = version_of(medium)
    except ValueError as wrong:
        raise Undecodable(str(wrong)) from wrong
    return Effects(rereads=(PostReread(medium.post_id, medium.id, version),))


def _medium_deleted(body: media.MediumDeleted) -> Effects:
    if body.use != MEDIUM_USE_POST or not body.post_id:
        return Effects()
    return Effects(rereads=(PostReread(body.post_id, body.medium_id, DELETED_MEDIUM),))


def _readable(body: posts.PostCreated | posts.PostUpdated) -> SourcePost:
    try:
        return post_from_proto(body.post)
    except ValueError as wrong:
        raise Undecodable(str(wrong)) from wrong


def _without_zeros(*ids: int) -> tuple[int, ...]:
    return tuple(each for each in ids if each)


_EFFECTS: EventRoutes[Effects] = EventRoutes.of_bodies(
    {
        posts.PostCreated: _post_created,
        posts.PostUpdated: _post_updated,
        posts.PostDeleted: _post_deleted,
        posts.PostLiked: _engaged,
        posts.PostUnliked: _engaged,
        posts.PostReposted: _reposted,
        posts.RepostUndone: _reposted,
        users.UserRegistered: _user_written,
        users.UserUpdated: _user_written,
        users.UserDeleted: _user_deleted,
        users.FollowCreated: partial(_followed, following=True),
        users.FollowRemoved: partial(_followed, following=False),
        users.BlockCreated: _blocked,
        users.BlockRemoved: _blocked,
        users.MuteCreated: _muted,
        users.MuteRemoved: _muted,
        media.MediumUpdated: _medium_updated,
        media.MediumDeleted: _medium_deleted,
    }
)

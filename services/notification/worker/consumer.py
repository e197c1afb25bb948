"""Converts events to domain events, and handles them."""

from collections.abc import Callable, Sequence
from typing import Any

from roost.post.v1 import post_events_pb2 as posts
from roost.user.v1 import user_events_pb2 as users

from services.chassis.events.bus import EventRoutes
from services.chassis.events.records import Event
from services.notification.domain.domain_events import (
    AccountDeleted,
    Blocked,
    DomainEvent,
    Engagement,
    Envelope,
    Followed,
    FollowRequested,
    FollowRequestRemoved,
    MuteChanged,
    PostCreated,
    PostDeleted,
    PostUpdated,
    ProfileChanged,
    SessionEnded,
    Unfollowed,
)
from services.notification.domain.notifier import Notifier
from services.notification.rpc.convert import post_from_proto
from services.notification.worker.account_cleanup import AccountCleanup


class NotificationConsumer:
    """Consumes batches of events of one partition."""

    def __init__(self, notifier: Notifier, cleanup: AccountCleanup) -> None:
        self._notifier = notifier
        self._cleanup = cleanup

    async def __call__(self, events: Sequence[Event]) -> None:
        """Notifies, and cleans up. Raises Undecodable for an invalid event."""
        envelopes = envelopes_of(events)
        if envelopes:
            await self._notifier.handle(envelopes)
        for each in envelopes:
            await self._cleanup.handle(each.domain_event)


def envelopes_of(events: Sequence[Event]) -> list[Envelope]:
    """The domain events among the events; others are skipped. Raises Undecodable."""
    return [
        Envelope(event.event_id, event.time, domain_event)
        for event, domain_event in _DOMAIN_EVENTS.results(events)
    ]


def _post_created(body: posts.PostCreated) -> PostCreated:
    return PostCreated(post_from_proto(body.post), body.quoted_author_id)


def _post_updated(body: posts.PostUpdated) -> PostUpdated:
    return PostUpdated(post_from_proto(body.post), frozenset(body.previous_mentioned_user_ids))


def _like(*, undone: bool) -> Callable[[Any], Engagement]:
    def read(body: posts.PostLiked) -> Engagement:
        return Engagement(
            body.user_id, body.post_id, body.author_id, is_repost=False, undone=undone
        )

    return read


def _repost(*, undone: bool) -> Callable[[Any], Engagement]:
    def read(body: posts.PostReposted) -> Engagement:
        entry = body.entry
        return Engagement(
            entry.reposter_id, entry.post_id, entry.author_id, is_repost=True, undone=undone
        )

    return read


def _registered(body: users.UserRegistered) -> ProfileChanged:
    return ProfileChanged(body.user.id, body.user.protected)


def _updated(body: users.UserUpdated) -> ProfileChanged:
    became_protected = body.user.protected and "protected" in body.changed_fields
    return ProfileChanged(body.user.id, body.user.protected, became_protected=became_protected)


# The end of a block restores nothing, so BlockRemoved is not handled.
_DOMAIN_EVENTS: EventRoutes[DomainEvent] = EventRoutes.of_bodies(
    {
        users.FollowCreated: lambda body: Followed(
            body.follower_id, body.followee_id, body.by_request, body.by_opening
        ),
        users.FollowRemoved: lambda body: Unfollowed(body.follower_id, body.followee_id),
        users.FollowRequested: lambda body: FollowRequested(body.follower_id, body.followee_id),
        users.FollowRequestRemoved: lambda body: FollowRequestRemoved(
            body.follower_id, body.followee_id
        ),
        users.BlockCreated: lambda body: Blocked(body.blocker_id, body.blocked_id),
        users.MuteCreated: lambda body: MuteChanged(body.muter_id, body.muted_id, muting=True),
        users.MuteRemoved: lambda body: MuteChanged(body.muter_id, body.muted_id, muting=False),
        users.UserRegistered: _registered,
        users.UserUpdated: _updated,
        users.UserDeleted: lambda body: AccountDeleted(body.user_id),
        users.SessionRevoked: lambda body: SessionEnded(body.user_id, body.session_id),
        posts.PostCreated: _post_created,
        posts.PostUpdated: _post_updated,
        posts.PostDeleted: lambda body: PostDeleted(body.post_id, body.author_id),
        posts.PostLiked: _like(undone=False),
        posts.PostUnliked: _like(undone=True),
        posts.PostReposted: _repost(undone=False),
        posts.RepostUndone: _repost(undone=True),
    }
)

"""Converts events to log updates: changes of a user's own resources, arrivals, ended sessions."""

from collections.abc import Sequence
from typing import Any

from roost.media.v1 import media_events_pb2 as media
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC
from roost.timeline.v1 import timeline_events_pb2 as timelines
from roost.user.v1 import user_events_pb2 as users

from services.chassis.events.bus import EventRoutes
from services.chassis.events.records import Event
from services.eventlog.domain.model import (
    HashtagActivity,
    PostActivity,
    Suppression,
    SuppressionReason,
)
from services.eventlog.domain.projection import EventLogProjection, LogUpdate
from services.eventlog.rpc import convert


class EventLogConsumer:
    """Consumes batches of events of one partition."""

    def __init__(self, projection: EventLogProjection) -> None:
        self._projection = projection

    async def __call__(self, events: Sequence[Event]) -> None:
        """Applies the events to logs. Raises Undecodable for an invalid event."""
        batch = [(event.event_id, update) for event, update in _UPDATES.results(events)]
        if batch:
            await self._projection.apply(batch)


def _own(
    user_id: int, resource: str, resource_id: int, *, deleted: bool = False, **more: Any
) -> LogUpdate:
    change = convert.resource_changed(user_id, resource, resource_id, deleted=deleted)
    return LogUpdate(changes=[change], **more)


# Profiles and sessions.


def _user_updated(body: users.UserUpdated) -> LogUpdate:
    return _own(body.user.id, "user", body.user.id)


def _user_deleted(body: users.UserDeleted) -> LogUpdate:
    return _own(body.user_id, "user", body.user_id, deleted=True, deleted_user_id=body.user_id)


def _session_revoked(body: users.SessionRevoked) -> LogUpdate:
    return LogUpdate(changes=[convert.session_ended(body.user_id, body.session_id)])


def _signed_in(body: users.SignedIn) -> LogUpdate:
    return LogUpdate(changes=[convert.signed_in(body)])


def _password_changed(body: users.PasswordChanged) -> LogUpdate:
    return LogUpdate(changes=[convert.password_changed(body.user_id, body.session_id)])


def _sign_ins_failed(body: users.SignInsFailed) -> LogUpdate:
    return LogUpdate(changes=[convert.sign_ins_failed(body.user_id, body.failures)])


# The graph.


def _follow_created(body: users.FollowCreated) -> LogUpdate:
    return _own(body.follower_id, "follow", body.followee_id)


def _follow_removed(body: users.FollowRemoved) -> LogUpdate:
    return _own(body.follower_id, "follow", body.followee_id, deleted=True)


def _follow_requested(body: users.FollowRequested) -> LogUpdate:
    return _own(body.follower_id, "follow_request", body.followee_id)


def _follow_request_removed(body: users.FollowRequestRemoved) -> LogUpdate:
    return _own(body.follower_id, "follow_request", body.followee_id, deleted=True)


def _block_created(body: users.BlockCreated) -> LogUpdate:
    return _own(body.blocker_id, "block", body.blocked_id, add_suppressions=_both(body))


def _block_removed(body: users.BlockRemoved) -> LogUpdate:
    return _own(
        body.blocker_id, "block", body.blocked_id, deleted=True, remove_suppressions=_both(body)
    )


def _both(body: users.BlockCreated | users.BlockRemoved) -> list[Suppression]:
    return [
        Suppression(body.blocker_id, body.blocked_id, SuppressionReason.BLOCKS),
        Suppression(body.blocked_id, body.blocker_id, SuppressionReason.IS_BLOCKED),
    ]


def _mute_created(body: users.MuteCreated) -> LogUpdate:
    suppression = Suppression(body.muter_id, body.muted_id, SuppressionReason.MUTES)
    return _own(body.muter_id, "mute", body.muted_id, add_suppressions=[suppression])


def _mute_removed(body: users.MuteRemoved) -> LogUpdate:
    suppression = Suppression(body.muter_id, body.muted_id, SuppressionReason.MUTES)
    return _own(
        body.muter_id, "mute", body.muted_id, deleted=True, remove_suppressions=[suppression]
    )


# Posts and engagement.


def _post_created(body: posts.PostCreated) -> LogUpdate:
    post = body.post
    activities = _around(reply=post.reply_to_post_id, created=post.id, quote=post.quoted_post_id)
    tags = {entity.hashtag.tag: None for entity in post.entities if entity.HasField("hashtag")}
    hashtags = [HashtagActivity(tag, post.id) for tag in tags]
    if post.visibility != VISIBILITY_PUBLIC:
        hashtags = []
    return _own(post.author_id, "post", post.id, activities=activities, hashtags=hashtags)


def _post_updated(body: posts.PostUpdated) -> LogUpdate:
    return _own(body.post.author_id, "post", body.post.id, activities=[PostActivity(body.post.id)])


def _post_deleted(body: posts.PostDeleted) -> LogUpdate:
    activities = [PostActivity(body.post_id, deleted=True)]
    activities += _around(reply=body.reply_to_post_id, created=0, quote=body.quoted_post_id)
    return _own(body.author_id, "post", body.post_id, deleted=True, activities=activities)


def _around(*, reply: int, created: int, quote: int) -> list[PostActivity]:
    """The activity that a reply or quote is for the posts that it refers to."""
    activities = [PostActivity(reply, created)] if reply else []
    return activities + ([PostActivity(quote)] if quote else [])


def _post_liked(body: posts.PostLiked) -> LogUpdate:
    return _own(body.user_id, "like", body.post_id, activities=[PostActivity(body.post_id)])


def _post_unliked(body: posts.PostUnliked) -> LogUpdate:
    activities = [PostActivity(body.post_id)]
    return _own(body.user_id, "like", body.post_id, deleted=True, activities=activities)


def _post_reposted(body: posts.PostReposted) -> LogUpdate:
    entry = body.entry
    return _own(
        entry.reposter_id, "repost", entry.post_id, activities=[PostActivity(entry.post_id)]
    )


def _repost_undone(body: posts.RepostUndone) -> LogUpdate:
    entry = body.entry
    activities = [PostActivity(entry.post_id)]
    return _own(entry.reposter_id, "repost", entry.post_id, deleted=True, activities=activities)


# Media.


def _medium_changed(body: media.MediumProcessed | media.MediumUpdated) -> LogUpdate:
    return _own(body.medium.owner_id, "medium", body.medium.id)


def _medium_deleted(body: media.MediumDeleted) -> LogUpdate:
    return _own(body.owner_id, "medium", body.medium_id, deleted=True)


# Timelines.


def _entry_delivered(body: timelines.EntryDelivered) -> LogUpdate:
    arrival = convert.arrival_from_proto(body)
    return LogUpdate(arrival=arrival, content=convert.arrival_content(arrival))


def _read_marker_moved(body: timelines.ReadMarkerMoved) -> LogUpdate:
    return LogUpdate(changes=[convert.marker_moved(body.user_id, "home", body.last_read_id)])


def _hashtag_followed(body: timelines.HashtagFollowed) -> LogUpdate:
    change = convert.hashtag_follow_changed(body.user_id, body.tag, deleted=False)
    return LogUpdate(changes=[change])


def _hashtag_unfollowed(body: timelines.HashtagUnfollowed) -> LogUpdate:
    change = convert.hashtag_follow_changed(body.user_id, body.tag, deleted=True)
    return LogUpdate(changes=[change])


_UPDATES: EventRoutes[LogUpdate] = EventRoutes.of_bodies(
    {
        users.UserUpdated: _user_updated,
        users.UserDeleted: _user_deleted,
        users.SessionRevoked: _session_revoked,
        users.SignedIn: _signed_in,
        users.PasswordChanged: _password_changed,
        users.SignInsFailed: _sign_ins_failed,
        users.FollowCreated: _follow_created,
        users.FollowRemoved: _follow_removed,
        users.FollowRequested: _follow_requested,
        users.FollowRequestRemoved: _follow_request_removed,
        users.BlockCreated: _block_created,
        users.BlockRemoved: _block_removed,
        users.MuteCreated: _mute_created,
        users.MuteRemoved: _mute_removed,
        posts.PostCreated: _post_created,
        posts.PostUpdated: _post_updated,
        posts.PostDeleted: _post_deleted,
        posts.PostLiked: _post_liked,
        posts.PostUnliked: _post_unliked,
        posts.PostReposted: _post_reposted,
        posts.RepostUndone: _repost_undone,
        media.MediumProcessed: _medium_changed,
        media.MediumUpdated: _medium_changed,
        media.MediumDeleted: _medium_deleted,
        timelines.EntryDelivered: _entry_delivered,
        timelines.ReadMarkerMoved: _read_marker_moved,
        timelines.HashtagFollowed: _hashtag_followed,
        timelines.HashtagUnfollowed: _hashtag_unfollowed,
    }
)

"""Converts between messages and the model."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from roost.notification.v1 import notification_pb2 as pb
from roost.post.v1 import post_pb2

from services.delivery.domain.local_time import NO_QUIET_HOURS, QuietHours
from services.notification.domain import domain_events
from services.notification.domain.model import (
    Group,
    Kind,
    KindPreference,
    Preferences,
    Sender,
    Visibility,
)


def timestamp(moment: datetime) -> Timestamp:
    """The time as a message."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def group_to_proto(group: Group, *, last_read_id: int) -> pb.NotificationGroup:
    """A group, for a recipient with this read marker."""
    return pb.NotificationGroup(
        id=group.id,
        kind=pb.NotificationKind.Name(group.kind),
        post_id=group.post_id,
        sample_user_ids=group.actor_ids,
        count=group.count,
        first_time=timestamp(group.first_time),
        last_time=timestamp(group.last_time),
        read=group.id <= last_read_id,
    )


def post_from_proto(post: post_pb2.Post) -> domain_events.Post:
    """The properties of a post that decide who is notified."""
    return domain_events.Post(
        id=post.id,
        author_id=post.author_id,
        visibility=Visibility(post.visibility or Visibility.PUBLIC),
        conversation_id=post.conversation_id or post.id,
        reply_to_author_id=post.reply_to_author_id,
        mentioned_ids=frozenset(
            entity.mention.user_id for entity in post.entities if entity.HasField("mention")
        ),
        limits=tuple(
            domain_events.AudienceLimit(
                each.author_id,
                Visibility(each.visibility),
                frozenset(each.addressed_user_ids),
                each.was_protected,
            )
            for each in post.audience_limits
        ),
    )


def kind_preferences_from_proto(
    messages: Iterable[pb.KindPreference],
) -> dict[Kind, KindPreference]:
    """Preferences by kind; the last one if a kind occurs several times."""
    return {
        Kind(each.kind): KindPreference(Sender(getattr(each, "from") or Sender.EVERYONE), each.push)
        for each in messages
    }


def quiet_hours_from_proto(message: pb.NotificationPreferences) -> QuietHours:
    """The quiet hours; NO_QUIET_HOURS if they are not set."""
    if not message.HasField("quiet_hours"):
        return NO_QUIET_HOURS
    return QuietHours(message.quiet_hours.start_hour, message.quiet_hours.end_hour)


def preferences_to_proto(
    preferences: Preferences,
    *,
    muted_conversation_ids: Sequence[int],
    watched_user_ids: Sequence[int],
) -> pb.NotificationPreferences:
    """All preferences of a user, with defaults for kinds without one."""
    message = pb.NotificationPreferences(
        muted_conversation_ids=muted_conversation_ids,
        watched_user_ids=watched_user_ids,
        email_digest=preferences.email_digest,
        etag=preferences.etag,
        time_zone=preferences.day.time_zone,
    )
    if preferences.day.quiet_hours is not None:
        start, end = preferences.day.quiet_hours
        message.quiet_hours.CopyFrom(pb.QuietHours(start_hour=start, end_hour=end))
    for kind in Kind:
        kind_preference = preferences.kind_preferences.get(kind, KindPreference())
        message.kinds.add(
            kind=pb.NotificationKind.Name(kind),
            push=kind_preference.push,
            # `from` is a Python keyword.
            **{"from": pb.SenderFilter.Name(kind_preference.sender)},
        )
    return message

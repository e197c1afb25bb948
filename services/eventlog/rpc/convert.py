"""Converts between log entries and messages."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from google.protobuf.timestamp_pb2 import Timestamp
from roost.notification.v1 import event_service_pb2 as pb
from roost.notification.v1.event_service_pb2 import AttachResponse, EventGap, UserEvents
from roost.notification.v1.notification_pb2 import (
    ArrivalsMissed,
    HomeArrival,
    MarkerMoved,
    PasswordChangedNotice,
    ResourceChanged,
    SecurityNotice,
    SessionEnded,
    SignedInNotice,
    SignInsFailedNotice,
    UserEvent,
)
from roost.timeline.v1.timeline_events_pb2 import EntryDelivered
from roost.user.v1.user_events_pb2 import SignedIn

from services.eventlog.domain.model import (
    Arrival,
    Attached,
    Change,
    Gap,
    HashtagActivity,
    LogEntry,
    PostActivity,
    StreamItem,
)

# The entry for a user who was absent for long.
ARRIVALS_MISSED = UserEvent(arrivals_missed=ArrivalsMissed()).SerializeToString()


def resource_changed(
    user_id: int, resource: str, resource_id: int, *, deleted: bool = False
) -> Change:
    """A resource of the user changed; see ResourceChanged for the names."""
    body = ResourceChanged(resource=resource, resource_id=resource_id, deleted=deleted)
    return Change(user_id, UserEvent(resource=body).SerializeToString())


def hashtag_follow_changed(user_id: int, tag: str, *, deleted: bool) -> Change:
    """The user follows a hashtag, or no longer."""
    body = ResourceChanged(resource="hashtag_follow", tag=tag, deleted=deleted)
    return Change(user_id, UserEvent(resource=body).SerializeToString())


def marker_moved(user_id: int, timeline: str, last_read_id: int) -> Change:
    """The user's read marker moved, in `home` or `notifications`."""
    body = MarkerMoved(timeline=timeline, last_read_id=last_read_id)
    return Change(user_id, UserEvent(marker=body).SerializeToString())


def session_ended(user_id: int, session_id: int) -> Change:
    """One of the user's sessions ended."""
    body = SessionEnded(session_id=session_id)
    return Change(user_id, UserEvent(session=body).SerializeToString())


def signed_in(body: SignedIn) -> Change:
    """A device signed in to the user's account."""
    notice = SignedInNotice(session_id=body.session_id, new_network=body.new_network)
    return _security(body.user_id, SecurityNotice(signed_in=notice))


def password_changed(user_id: int, session_id: int) -> Change:
    """The user's password was changed."""
    notice = PasswordChangedNotice(session_id=session_id)
    return _security(user_id, SecurityNotice(password_changed=notice))


def sign_ins_failed(user_id: int, failures: int) -> Change:
    """Sign-ins to the user's account failed by wrong passwords."""
    notice = SignInsFailedNotice(failures=failures)
    return _security(user_id, SecurityNotice(sign_ins_failed=notice))


def _security(user_id: int, notice: SecurityNotice) -> Change:
    return Change(user_id, UserEvent(security=notice).SerializeToString())


def arrival_from_proto(body: EntryDelivered) -> Arrival:
    """An entry that reached homes."""
    entry = body.entry
    return Arrival(
        entry.entry_id,
        entry.post_id,
        entry.author_id,
        entry.reposter_id,
        tuple(body.user_ids),
        by_hashtag=entry.by_hashtag,
    )


def arrival_content(arrival: Arrival) -> bytes:
    """The content of the arrival, the same in each log."""
    body = HomeArrival(
        entry_id=arrival.entry_id,
        post_id=arrival.post_id,
        author_id=arrival.author_id,
        reposter_id=arrival.reposter_id,
        by_hashtag=arrival.by_hashtag,
    )
    return UserEvent(home=body).SerializeToString()


def event_to_proto(entry: LogEntry) -> UserEvent:
    """The event of an entry, with user, sequence and time."""
    event = UserEvent(
        user_id=entry.user_id, sequence=entry.sequence, event_time=_timestamp(entry.time)
    )
    event.MergeFromString(entry.content)
    return event


def items_to_proto(items: Iterable[StreamItem]) -> Iterator[AttachResponse]:
    """The messages of a stream, in order; neighbouring entries are in one message."""
    for _, run in groupby(_with_gaps(items), lambda item: isinstance(item, LogEntry)):
        together = list(run)
        entries = [item for item in together if isinstance(item, LogEntry)]
        if len(entries) > 1:
            yield AttachResponse(events=UserEvents(events=map(event_to_proto, entries)))
        else:
            yield from map(_item_to_proto, together)


def _with_gaps(items: Iterable[StreamItem]) -> Iterator[StreamItem]:
    """Adds a gap before each ARRIVALS_MISSED, for clients that do not support that event."""
    for item in items:
        if isinstance(item, LogEntry) and item.content == ARRIVALS_MISSED:
            yield Gap(item.user_id, item.sequence, home_only=True)
        yield item


def _item_to_proto(item: StreamItem) -> AttachResponse:
    match item:
        case Attached(user_id, last):
            return AttachResponse(attached=pb.Attached(user_id=user_id, last_sequence=last))
        case Gap(user_id, first, home_only):
            gap = EventGap(user_id=user_id, first_sequence=first, home_only=home_only)
            return AttachResponse(gap=gap)
        case PostActivity(post_id, reply_post_id, deleted):
            body = pb.PostActivity(post_id=post_id, reply_post_id=reply_post_id, deleted=deleted)
            return AttachResponse(activity=body)
        case HashtagActivity(tag, post_id):
            new_post = pb.HashtagActivity(tag=tag, post_id=post_id)
            return AttachResponse(hashtag_activity=new_post)
        case LogEntry():
            return AttachResponse(event=event_to_proto(item))


def _timestamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp

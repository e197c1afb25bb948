"""Notifications and their preferences."""

from enum import Enum

import strawberry
from roost.notification.v1 import notification_pb2 as pb

from gateway.api.posts.types import Post, Seen, post_id
from gateway.api.users.types import User, user_id
from gateway.core import rules
from gateway.core.pipeline import Page
from gateway.protocols.graphql.fields import computed, message_field, value
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times

NOTIFICATION = "Notification"


@strawberry.enum(description="What somebody did.")
class NotificationKind(Enum):
    """Names as in REST, in capitals."""

    FOLLOW = value(pb.NOTIFICATION_KIND_FOLLOW, "They follow the caller.")
    FOLLOW_REQUEST = value(pb.NOTIFICATION_KIND_FOLLOW_REQUEST, "They ask to follow the caller.")
    FOLLOW_ACCEPTED = value(
        pb.NOTIFICATION_KIND_FOLLOW_ACCEPTED, "They accepted the caller's follow request."
    )
    MENTION = value(pb.NOTIFICATION_KIND_MENTION, "They mentioned the caller in a post.")
    REPLY = value(pb.NOTIFICATION_KIND_REPLY, "They answered the caller's post.")
    LIKE = value(pb.NOTIFICATION_KIND_LIKE, "They like the caller's post.")
    REPOST = value(pb.NOTIFICATION_KIND_REPOST, "They reposted the caller's post.")
    QUOTE = value(pb.NOTIFICATION_KIND_QUOTE, "They quoted the caller's post.")
    POST = value(pb.NOTIFICATION_KIND_POST, "They wrote a post, and the caller watches them.")


@strawberry.enum(description="Whose activities notify.")
class SenderFilter(Enum):
    """Names as in REST, in capitals."""

    EVERYONE = value(pb.SENDER_FILTER_EVERYONE, "Everyone's.")
    FOLLOWING = value(pb.SENDER_FILTER_FOLLOWING, "Those of users whom the caller follows.")
    NOBODY = value(pb.SENDER_FILTER_NOBODY, "Nobody's.")


@strawberry.type(description="One activity, or activities of one kind by several users together.")
class Notification:
    """A view of a group whose post and users were loaded."""

    message: strawberry.Private[pb.NotificationGroup]
    seen: strawberry.Private[Seen]

    read = message_field("read", bool, "Whether the read marker has passed it.")

    @computed("Sorts by the newest activity; it changes with each activity.")
    def id(self) -> strawberry.ID:
        return notification_id(self.message.id)

    @computed("The id that REST and the stream know it by.")
    def rest_id(self) -> strawberry.ID:
        return strawberry.ID(str(self.message.id))

    @computed("What was done.")
    def kind(self) -> NotificationKind:
        """Kinds that this schema does not have are left out by rule."""
        return NotificationKind(self.message.kind)

    @computed("The post it is about; null for follows.")
    def post(self) -> Post | None:
        return self.seen.post_of(self.message.post_id) if self.message.post_id else None

    @computed("Up to five of those who did it, newest first.")
    def people(self) -> list[User]:
        """Actors whom the caller may see and has not muted."""
        found = [self.seen.user(each) for each in self._is_audible()]
        return [each for each in found if each is not None]

    @computed("How many did it.")
    def count(self) -> int:
        """Those who are hidden are not counted where all are known."""
        return rules.counted(self.message, self.seen.found)

    @computed("The oldest activity.")
    def first_at(self) -> DateTime:
        return DateTime(times.time(self.message.first_time))

    @computed("The newest activity.")
    def last_at(self) -> DateTime:
        return DateTime(times.time(self.message.last_time))

    def _is_audible(self) -> list[int]:
        return rules.visible_actors(self.message, self.seen.found)


def notification_id(number: int) -> strawberry.ID:
    """The id of a notification."""
    return strawberry.ID(global_id(NOTIFICATION, number))


def notifications_on(page: Page[pb.NotificationGroup]) -> list[Notification]:
    """The notifications on a page."""
    seen = Seen(page.hydrated)
    return [Notification(message=each, seen=seen) for each in page.entries]


@strawberry.type(description="How the user is notified of one kind.")
class KindPreference:
    """The preference of one kind, as it is."""

    kind: NotificationKind = strawberry.field(description="The kind.")
    sender: SenderFilter = strawberry.field(description="Whose activities notify.")
    push: bool = strawberry.field(description="Whether they are also pushed to devices.")


@strawberry.type(
    description="A part of each day in which nothing is pushed: what is due in it goes out when it "
    "ends."
)
class QuietHours:
    """By the hours of the user's time zone."""

    start_hour: int = strawberry.field(description="The hour with which it begins, 0 to 23.")
    end_hour: int = strawberry.field(
        description="The hour with which it ends; one before `startHour` is on the next day."
    )


@strawberry.type(description="The caller's preferences of notifications.")
class NotificationPreferences:
    """A view of them."""

    message: strawberry.Private[pb.NotificationPreferences]

    email_digest = message_field(
        "email_digest", bool, "Whether a daily summary goes out by e-mail."
    )
    etag = message_field(
        "etag", str, "Changes with every change: see `updateNotificationPreferences`."
    )

    @computed("By its name in the IANA database: digests and quiet hours go by it.")
    def time_zone(self) -> str:
        """UTC for who never chose one."""
        return self.message.time_zone or "UTC"

    @computed("When nothing is pushed; null for never.")
    def quiet_hours(self) -> QuietHours | None:
        """By the time zone."""
        if not self.message.HasField("quiet_hours"):
            return None
        hours = self.message.quiet_hours
        return QuietHours(start_hour=hours.start_hour, end_hour=hours.end_hour)

    @computed("How they are notified of each kind.")
    def kinds(self) -> list[KindPreference]:
        """In the order of the kinds."""
        known = {each.value for each in NotificationKind}
        return [
            KindPreference(
                kind=NotificationKind(each.kind),
                sender=SenderFilter(getattr(each, "from")),
                push=each.push,
            )
            for each in self.message.kinds
            if each.kind in known
        ]

    @computed("Muted conversations, by their first posts.")
    def muted_conversation_ids(self) -> list[strawberry.ID]:
        return [post_id(each) for each in self.message.muted_conversation_ids]

    @computed("The users whom the caller watches, as far as the caller may see them.")
    def watched_user_ids(self) -> list[strawberry.ID]:
        return [user_id(each) for each in self.message.watched_user_ids]

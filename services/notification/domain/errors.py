"""What the Notification service refuses, by name."""

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    Invalid,
    RuleBroken,
    WrongState,
)


class CannotWatchSelf(RuleBroken):
    """Nobody is told of their own posts."""

    reason = "CANNOT_WATCH_SELF"
    message = "You are not told about yourself."


class AccountProtected(Forbidden):
    """The person's posts are for followers, and the caller is none."""

    reason = "ACCOUNT_PROTECTED"
    message = "This account is protected; follow it to be notified of its posts."


class Blocking(WrongState):
    """The caller blocks the person."""

    reason = "BLOCKING"
    message = "You block this person; unblock them first."


class TooManyWatched(WrongState):
    """The person watches as many people as one may."""

    reason = "TOO_MANY_WATCHED"
    message = "You watch as many people as one may; let go of somebody first."


class TooManyMutedConversations(WrongState):
    """The person mutes as many conversations as one may."""

    reason = "TOO_MANY_MUTED_CONVERSATIONS"
    message = "You mute as many conversations as one may; let one come again first."


class TimeZoneUnknown(RuleBroken):
    """The IANA database has no such time zone."""

    reason = "TIME_ZONE_UNKNOWN"
    message = "There is no time zone of this name; take one of the IANA database, as Europe/Berlin."


class FieldNotUpdatable(Invalid):
    """The update mask names something that is not changed this way."""

    reason = "FIELD_NOT_UPDATABLE"
    message = "This field cannot be changed."


class ETagMismatch(Conflict):
    """The preferences changed since they were read."""

    reason = "ETAG_MISMATCH"
    message = "Your preferences changed meanwhile; read them again."

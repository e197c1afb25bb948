"""The errors of the Notification service."""

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    Invalid,
    RuleBroken,
    WrongState,
)


class CannotWatchSelf(RuleBroken):
    """A user is not notified of their own posts."""

    reason = "CANNOT_WATCH_SELF"
    message = "You cannot watch yourself."


class AccountProtected(Forbidden):
    """The user is protected, and the caller does not follow them."""

    reason = "ACCOUNT_PROTECTED"
    message = "This account is protected; follow it to be notified of its posts."


class Blocking(WrongState):
    """The caller blocks the user."""

    reason = "BLOCKING"
    message = "You block this person; unblock them first."


class TooManyWatched(WrongState):
    """The user watches the maximum number of users."""

    reason = "TOO_MANY_WATCHED"
    message = "You watch as many people as one may; let go of somebody first."


class TooManyMutedConversations(WrongState):
    """The user mutes the maximum number of conversations."""

    reason = "TOO_MANY_MUTED_CONVERSATIONS"
    message = "You mute as many conversations as one may; let one come again first."


class FieldNotUpdatable(Invalid):
    """The update mask names a field that cannot be updated."""

    reason = "FIELD_NOT_UPDATABLE"
    message = "This field cannot be changed."


class ETagMismatch(Conflict):
    """The preferences changed since they were read."""

    reason = "ETAG_MISMATCH"
    message = "Your preferences have changed; read them again."

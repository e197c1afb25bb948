"""The errors of the User service, by name and reason."""

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Taken,
    TooMany,
    Unauthenticated,
    WrongState,
)


class UserNotFound(NotFound):
    """No such user for this caller: unknown, deleted, or blocking the caller."""

    reason = "USER_NOT_FOUND"
    message = "There is no such person."


class HandleTaken(Taken):
    """A user has the handle, or had it before deleting the account."""

    reason = "HANDLE_TAKEN"
    message = "Somebody has this handle."


class HandleReserved(RuleBroken):
    """The handle is reserved."""

    reason = "HANDLE_RESERVED"
    message = "This handle is reserved."


class HandleInvalid(RuleBroken):
    """Not 1 to 15 of letters, digits and underscore."""

    reason = "HANDLE_INVALID"
    message = "A handle has 1 to 15 letters (a to z), digits and underscores."


class PasswordTooWeak(RuleBroken):
    """The password is easily guessed."""

    reason = "PASSWORD_TOO_WEAK"
    message = "This password is too easy to guess."


class PasswordPoolBusy(TooMany):
    """Too many passwords are being hashed at once."""

    reason = "PASSWORD_POOL_BUSY"
    message = "Too many people are signing in at this moment; try again."


class RateLimited(TooMany):
    """Too many password checks within a minute, for the network or the user."""

    reason = "RATE_LIMITED"


class TooManyPasswordAttempts(TooMany):
    """Too many wrong passwords were tried for the account, from this origin or from all; a pause
    lasts."""

    reason = "TOO_MANY_PASSWORD_ATTEMPTS"
    message = "Too many wrong passwords were tried for this account; wait before the next attempt."


class CredentialsWrong(Unauthenticated):
    """Handle or password is wrong. The response does not say which."""

    reason = "CREDENTIALS_WRONG"
    message = "Handle or password is wrong."


class RefreshTokenInvalid(Unauthenticated):
    """Not a refresh token of a live session."""

    reason = "REFRESH_TOKEN_INVALID"
    message = "This refresh token is not valid; sign in again."


class RefreshTokenReused(Unauthenticated):
    """The token was used before, so another party may hold a copy: its session is ended."""

    reason = "REFRESH_TOKEN_REUSED"
    message = "This refresh token was used before; the session is ended. Sign in again."


class SessionNotFound(NotFound):
    """The caller has no such session."""

    reason = "SESSION_NOT_FOUND"
    message = "You have no such session."


class StreamTicketInvalid(Unauthenticated):
    """Unknown, used, expired, or of an ended session."""

    reason = "STREAM_TICKET_INVALID"
    message = "This ticket is not valid; request another."


class ETagMismatch(Conflict):
    """The profile has changed since it was read."""

    reason = "ETAG_MISMATCH"
    message = "The profile has changed since it was read; read it again."


class FieldNotUpdatable(Invalid):
    """The update mask names a field that cannot be set."""

    reason = "FIELD_NOT_UPDATABLE"
    message = "This field cannot be changed."


class CannotFollowSelf(RuleBroken):
    """A user cannot follow themselves."""

    reason = "CANNOT_FOLLOW_SELF"
    message = "You cannot follow yourself."


class CannotBlockSelf(RuleBroken):
    """A user cannot block themselves."""

    reason = "CANNOT_BLOCK_SELF"
    message = "You cannot block yourself."


class CannotMuteSelf(RuleBroken):
    """A user cannot mute themselves."""

    reason = "CANNOT_MUTE_SELF"
    message = "You cannot mute yourself."


class Blocking(WrongState):
    """The caller blocks the other user."""

    reason = "BLOCKING"
    message = "You block this person; unblock them first."


class TooManyFollows(WrongState):
    """The caller follows, or has requested to follow, the maximum number of users."""

    reason = "TOO_MANY_FOLLOWS"
    message = "You follow as many people as one may."


class FollowRequestNotFound(NotFound):
    """There is no such follow request to the caller."""

    reason = "FOLLOW_REQUEST_NOT_FOUND"
    message = "This person is not waiting for your consent."


class AccountProtected(Forbidden):
    """Only followers may read this."""

    reason = "ACCOUNT_PROTECTED"
    message = "Only this person's followers may see this."


class MediaNotReady(WrongState):
    """The medium cannot be shown on a profile: it is no picture and no animation."""

    reason = "MEDIA_NOT_READY"
    message = "This is not a picture that a profile can show."

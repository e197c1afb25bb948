"""Why the Post service refuses: one named exception a reason."""

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RuleBroken,
    Unauthenticated,
    WrongState,
)


class TextEmpty(RuleBroken):
    """Nothing visible is left once white space is cut off."""

    reason = "TEXT_EMPTY"
    message = "A post needs some text."


class TextTooLong(RuleBroken):
    """More than 500 characters (grapheme clusters), or more than 5,000 code points."""

    reason = "TEXT_TOO_LONG"
    message = "A post has at most 500 characters."


class TextInvalid(RuleBroken):
    """A control character, a direction override, or too many marks in a row; see docs/text.md."""

    reason = "TEXT_INVALID"
    message = "The text holds a character that is not allowed, such as a control character."


class PostNotFound(NotFound):
    """No such post for this caller."""

    reason = "POST_NOT_FOUND"
    message = "There is no such post."


class UserNotFound(NotFound):
    """No such person for this caller."""

    reason = "USER_NOT_FOUND"
    message = "There is no such person."


class AccountGone(Unauthenticated):
    """The caller's token outlives the account."""

    reason = "TOKEN_INVALID"
    message = "This account was deleted."


class AccountProtected(Forbidden):
    """Only followers may read this person's posts."""

    reason = "ACCOUNT_PROTECTED"
    message = "Only followers may read this person's posts."


class NotAuthor(Forbidden):
    """Somebody else wrote the post."""

    reason = "NOT_AUTHOR"
    message = "Only the author may do this."


class QuoteNotAllowed(RuleBroken):
    """The post is not public, or its author is protected."""

    reason = "QUOTE_NOT_ALLOWED"
    message = "Only public posts of accounts that are not protected may be quoted."


class ReplyNotAllowed(WrongState):
    """The posts above have more different audiences than a reply can keep."""

    reason = "REPLY_NOT_ALLOWED"
    message = "This conversation has too many closed audiences to be answered here."


class RepostNotAllowed(WrongState):
    """Reposting would show the post to more people than it was meant for."""

    reason = "REPOST_NOT_ALLOWED"
    message = "This post may not be reposted."


class MediaNotReady(WrongState):
    """A medium that may not be attached."""

    reason = "MEDIA_NOT_READY"
    message = "A medium of the post is not ready."


class EtagMismatch(Conflict):
    """The post was edited since the caller read it."""

    reason = "ETAG_MISMATCH"
    message = "The post has changed since you read it."

"""The errors of the Post service: one exception for each reason."""

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RuleBroken,
    Unauthenticated,
    WrongState,
)


class TextEmpty(RuleBroken):
    """The text contains nothing visible."""

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
    """The post does not exist, or the caller may not see it."""

    reason = "POST_NOT_FOUND"
    message = "There is no such post."


class UserNotFound(NotFound):
    """The user does not exist, or blocks the caller."""

    reason = "USER_NOT_FOUND"
    message = "There is no such user."


class AccountGone(Unauthenticated):
    """The token is valid, but its account is deleted."""

    reason = "TOKEN_INVALID"
    message = "This account was deleted."


class AccountProtected(Forbidden):
    """The account is protected, and the caller does not follow it."""

    reason = "ACCOUNT_PROTECTED"
    message = "Only followers may read the posts of this user."


class NotAuthor(Forbidden):
    """Another user wrote the post."""

    reason = "NOT_AUTHOR"
    message = "Only the author may do this."


class QuoteNotAllowed(RuleBroken):
    """Not everyone may see the post."""

    reason = "QUOTE_NOT_ALLOWED"
    message = "Only public posts of accounts that are not protected may be quoted."


class ReplyNotAllowed(WrongState):
    """The posts above have more closed audiences than a reply can store."""

    reason = "REPLY_NOT_ALLOWED"
    message = "This conversation has too many closed audiences to be answered here."


class RepostNotAllowed(WrongState):
    """A repost would show the post to users outside its audience."""

    reason = "REPOST_NOT_ALLOWED"
    message = "This post may not be reposted."


class MediaCombinationNotAllowed(RuleBroken):
    """More than one medium, and not all of them pictures."""

    reason = "MEDIA_COMBINATION_NOT_ALLOWED"
    message = "A post has up to four pictures, or one animation, video or audio."


class EtagMismatch(Conflict):
    """The post was edited after the caller read it."""

    reason = "ETAG_MISMATCH"
    message = "The post has changed since you read it."

"""Errors of the Timeline service."""

from services.chassis.runtime.errors import Forbidden, Invalid, TooMany, WrongState


class RebuildTooSoon(TooMany):
    """The home was rebuilt a moment ago."""

    reason = "REBUILD_TOO_SOON"
    message = "This home was rebuilt a moment ago; try again in a few seconds."


class NotYourHome(Forbidden):
    """A user names another user's home."""

    message = "People rebuild their own homes only."


class HomeUserMissing(Invalid):
    """A service requests a rebuild without a user id."""

    message = "Say whose home to rebuild in user_id."


class HashtagInvalid(Invalid):
    """The text is no hashtag."""

    reason = "HASHTAG_INVALID"
    message = "A hashtag is letters, digits and underscores, with at least one letter, up to 100."


class TooManyHashtags(WrongState):
    """The user follows as many hashtags as allowed."""

    reason = "TOO_MANY_HASHTAGS"
    message = "You follow as many hashtags as allowed; unfollow one first."

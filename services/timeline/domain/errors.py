"""Errors of the Timeline service."""

from services.chassis.runtime.errors import Forbidden, Invalid, TooMany


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

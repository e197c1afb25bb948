"""What the Timeline service refuses, by name."""

from services.chassis.runtime.errors import Forbidden, Invalid, TooMany


class RebuildTooSoon(TooMany):
    """The home was rebuilt a moment ago."""

    reason = "REBUILD_TOO_SOON"
    message = "This home was rebuilt a moment ago; try again in a few seconds."


class NotYourHome(Forbidden):
    """A person names another person's home."""

    message = "People rebuild their own homes only."


class HomeUserMissing(Invalid):
    """A service asks for a rebuild and does not say for whom."""

    message = "Say whose home to rebuild in user_id."

"""Why the event log refuses."""

from services.chassis.runtime.errors import Forbidden, TooMany, Unavailable


class ReaderTooSlow(TooMany):
    """A stream has taken nothing for too long, while something waited for it."""

    reason = "READER_TOO_SLOW"
    message = "The stream was not read; attach again after the last event."


class NotYourLog(Forbidden):
    """A person asks for another person's events."""

    message = "These are another person's events."


class Stopping(Unavailable):
    """The process stops, and its streams end so that they can go on elsewhere."""

    message = "The service restarts; attach again."

"""The errors of the event log."""

from services.chassis.runtime.errors import Forbidden, TooMany, Unavailable


class ReaderTooSlow(TooMany):
    """A client read nothing for too long while items waited for it."""

    reason = "READER_TOO_SLOW"
    message = "The stream was not read; attach again after the last event."


class NotYourLog(Forbidden):
    """A user requested another user's events."""

    message = "These are another person's events."


class Stopping(Unavailable):
    """The process stops. Its streams end so that clients attach to another process."""

    message = "The service restarts; attach again."

"""What delivery speaks of: devices, mail addresses, and messages that are due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

# Codes are counted by the hour.
CODES_WITHIN = timedelta(hours=1)
# The device of what goes by mail.
NO_DEVICE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    """A device that takes pushed messages."""

    id: int
    user_id: int
    session_id: int
    endpoint: str
    # The device's public key and secret (RFC 8291: p256dh and auth).
    key: bytes
    secret: bytes
    create_time: datetime
    expire_time: datetime
    # How often in a row its push service did not answer in time, and until when nothing is sent
    # to it therefore.
    timeouts: int = 0
    pause_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """Where somebody's mail goes."""

    user_id: int
    address: str
    confirmed: bool
    # What the code follows from, while one is awaited (see `codes`); empty otherwise.
    code_nonce: bytes = b""
    code_expire_time: datetime | None = None
    wrong_codes: int = 0


class Channel(StrEnum):
    """The ways out of the app."""

    PUSH = "push"
    CODE = "code"
    DIGEST = "digest"


class State(StrEnum):
    """How a delivery stands."""

    # It waits for its time, or is under way.
    DUE = "due"
    # The push service, or the mail server, took it.
    SENT = "sent"
    # Nothing was left to tell when its time came: read, withdrawn, or nowhere to send it.
    SKIPPED = "moot"
    # It was refused for good, or too often.
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that is to go out, unless a later one of its topic takes its place."""

    user_id: int
    channel: Channel
    # Tells what replaces what; one message of a topic waits at most, on each device.
    topic: str
    # What it tells of: a later one has a greater version.
    version: int
    due_time: datetime
    # Whether it was announced before, and taken back since: then it goes out only where its topic
    # did not go out yet.
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A due message that a worker has taken on, until `lease_time`; afterwards anybody may."""

    user_id: int
    channel: Channel
    device_id: int
    topic: str
    version: int
    # This one included.
    attempts: int
    # When the first one was due.
    start_time: datetime
    lease_time: datetime


class SendStatus(Enum):
    """What a receiver made of a message."""

    TAKEN = "taken"
    # Not now: it may be tried again.
    LATER = "later"
    # Nothing was sent, because too much is under way to the same receiver.
    BUSY = "busy"
    # Not ever.
    REFUSED = "refused"
    # Nor any other: the device is not there any more.
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a receiver said. `text` is a status or the name of a failure: nothing of it says whose
    the message was, and nothing of it was written by the receiver. `wait` is how long the receiver
    asks us to, where it does."""

    status: SendStatus
    text: str
    wait: timedelta | None = None
    # Whether it is our own limit of time that ended the attempt.
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryUpdate:
    """What became of an attempt, and when the topic may go out again: at once after one that was
    sent, later after one that failed."""

    state: State
    result: str
    due_time: datetime
    # Whether the attempt counts; what waits for a busy receiver was not one.
    counted: bool = True

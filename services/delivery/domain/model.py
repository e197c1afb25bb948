"""The model of delivery: devices, email addresses, and messages that are due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

# The period over which codes are counted.
CODES_WITHIN = timedelta(hours=1)
# The device id of an email.
NO_DEVICE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A notification, as far as messages show it."""

    id: int
    # A name of NotificationKind in lower case, without its prefix: "like".
    kind: str
    # 0 for follows.
    post_id: int
    # A sample, newest first.
    actor_ids: tuple[int, ...]
    count: int
    # Whether it wakes a device that saves its battery.
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    """A device that receives push messages."""

    id: int
    user_id: int
    session_id: int
    endpoint: str
    # The device's public key and secret (RFC 8291: p256dh and auth).
    key: bytes
    secret: bytes
    create_time: datetime
    expire_time: datetime
    # How many times in a row its push service timed out, and until when nothing is sent to the
    # device for that reason.
    timeouts: int = 0
    pause_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """The email address of a user."""

    user_id: int
    address: str
    confirmed: bool
    # The pending code is derived from it (see `tokens`); empty if no code is pending.
    code_nonce: bytes = b""
    code_expire_time: datetime | None = None
    wrong_codes: int = 0


class Channel(StrEnum):
    """The ways out of the app."""

    PUSH = "push"
    CODE = "code"
    DIGEST = "digest"


class State(StrEnum):
    """The state of a delivery."""

    # It waits for its time, or a worker is sending it.
    DUE = "due"
    # The push service or the mail server accepted it.
    SENT = "sent"
    # There was nothing to send when it was due: read, withdrawn, or no device or address.
    SKIPPED = "moot"
    # It was refused permanently, or too many attempts failed.
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that will be sent, unless a later one of its topic replaces it."""

    user_id: int
    channel: Channel
    # At most one message of a topic waits on each device; a later one replaces it.
    topic: str
    # What the message is about. A later one has a greater version.
    version: int
    due_time: datetime
    # Whether it was announced before, and withdrawn since. Then it is sent only if no message of
    # its topic was sent yet.
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A due message that a worker has claimed until `lease_time`."""

    user_id: int
    channel: Channel
    device_id: int
    topic: str
    version: int
    # Includes the current one.
    attempts: int
    # When the first one was due.
    start_time: datetime
    lease_time: datetime


class SendStatus(Enum):
    """How a receiver answered a message."""

    TAKEN = "taken"
    # A temporary failure: it may be tried again.
    LATER = "later"
    # Nothing was sent, because too many messages are in flight to the same receiver.
    BUSY = "busy"
    # A permanent failure.
    REFUSED = "refused"
    # The device does not exist any more.
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class SendResult:
    """The answer of a receiver. `text` is a status or the name of a failure. It does not identify
    the user, and the receiver wrote no part of it. `wait` is the pause that the receiver requests,
    if any."""

    status: SendStatus
    text: str
    wait: timedelta | None = None
    # Whether our own time limit ended the attempt.
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryUpdate:
    """The result of an attempt, and when the topic may be sent again: immediately after a success,
    later after a failure."""

    state: State
    result: str
    due_time: datetime
    # Whether the attempt counts. An attempt that found the receiver busy does not.
    counted: bool = True

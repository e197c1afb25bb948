"""The store of delivery: devices, email addresses, and what is due."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from services.chassis.storage.transaction import Transaction
from services.delivery.domain.email_parsing import Mailbox
from services.delivery.domain.model import (
    Channel,
    Delivery,
    DeliveryUpdate,
    Due,
    MailAddress,
    PushSubscription,
)

# Results are needed for some days at most.
RECORDS_KEPT = timedelta(days=7)
# Several times the lifetime of an access token: after that no call of the session can arrive.
ENDED_KEPT = timedelta(hours=1)


# Attempts are counted up to this number.
MAX_COUNTED_ATTEMPTS = 1_000


class CodesSent(NamedTuple):
    """When codes were sent, ascending: those that a user requested, and those to a mailbox and to
    its domain, for any user."""

    by_user: list[datetime]
    to_address: list[datetime]
    to_domain: list[datetime]


class DueCount(NamedTuple):
    """The messages of a channel that are due, and for how long the longest waiting one is."""

    messages: int
    seconds: float


class DeliveryTransaction(Transaction, Protocol):
    """Delivery's part of every transaction of the service. Devices and addresses change under the
    lock of their user."""

    async def lock_recipients(self, user_ids: Collection[int]) -> None:
        """Locks these users' rows until the end of the transaction, in ascending order."""
        ...

    async def set_email_digest(self, user_id: int, *, enabled: bool) -> None:
        """Locks the user, and changes the preference for the daily digest. The room that owns the
        preferences implements it."""
        ...

    async def add_due(self, due: Sequence[Due], now: datetime) -> None:
        """Adds what is due, for each of the user's devices or for their address.

        Adds nothing for a user without one: a digest needs a confirmed address, a code an
        unconfirmed one. A message that waits already keeps its time and gets the later version.
        Nothing is due on a paused device before its pause ends. What is due `again` does not change
        a topic of which a message was sent or given up.
        """
        ...

    async def subscriptions_of(self, user_id: int) -> list[PushSubscription]:
        """The user's devices, including expired ones."""
        ...

    async def save_subscription(self, subscription: PushSubscription) -> None:
        """Adds a device, or replaces the one of that id."""
        ...

    async def remove_subscription(self, user_id: int, subscription_id: int) -> bool:
        """Deletes a device; False if there is none."""
        ...

    async def end_session(self, user_id: int, session_id: int, now: datetime) -> None:
        """Deletes the session's devices, and records for ENDED_KEPT that the session ended."""
        ...

    async def session_ended(self, user_id: int, session_id: int) -> bool:
        """Whether the end of the session is recorded."""
        ...

    async def lock_address(self, user_id: int) -> MailAddress | None:
        """The user's address, locked until the end of the transaction."""
        ...

    async def save_address(self, address: MailAddress) -> None:
        """Adds the user's address, or replaces it."""
        ...

    async def remove_address(self, user_id: int) -> None:
        """Deletes the address, and what was due to it."""
        ...

    async def codes_sent(self, user_id: int, mailbox: Mailbox, since: datetime) -> CodesSent:
        """The codes since then. No other transaction adds one to the domain until the end."""
        ...

    async def note_code(self, user_id: int, mailbox: Mailbox, now: datetime) -> None:
        """Records that a code is sent."""
        ...

    async def forget_deliveries(self, user_id: int) -> None:
        """Deletes everything of a deleted user: devices, address, and what was due."""
        ...


# Begins a transaction of the service that owns the database.
BeginTransaction = Callable[[], AbstractAsyncContextManager[DeliveryTransaction]]


class DeliveryStore(Protocol):
    """Reads and the writes of workers. Each call is a transaction of its own."""

    async def subscriptions(self, user_id: int, now: datetime) -> list[PushSubscription]:
        """The user's devices that have not expired, newest first."""
        ...

    async def subscriptions_by_id(
        self, keys: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], PushSubscription]:
        """The devices of these users and ids; missing ones are absent."""
        ...

    async def forget_subscription(self, user_id: int, subscription_id: int) -> None:
        """Deletes a device that does not exist at its push service any more."""
        ...

    async def addresses(self, user_ids: Collection[int]) -> dict[int, MailAddress]:
        """The addresses of those users among them who have one."""
        ...

    async def note_timeouts(
        self,
        subscription: PushSubscription,
        timeouts: int,
        *,
        pause_until: datetime | None,
        now: datetime,
    ) -> None:
        """Stores how many times in a row the device's push service timed out. What is due to the
        device by now becomes due when the pause ends. Does nothing if the device is deleted, or if
        its time-outs differ from those of `subscription`."""
        ...

    async def claim(
        self,
        channel: Channel,
        *,
        now: datetime,
        until: datetime,
        limit: int,
        share: int,
        taken: Mapping[int, int],
    ) -> list[Delivery]:
        """Claims what is due on the channel until `until`.

        Users take turns. A user gets at most `share` deliveries, less the number in `taken`, which
        are in flight already. Everybody gets their first delivery before anybody gets their second;
        among equals, what has been due longest comes first. A long queue of one user does not
        delay the others.
        """
        ...

    async def record(self, delivery: Delivery, update: DeliveryUpdate, now: datetime) -> None:
        """Stores the result of a claimed delivery. If a later version was added since, that one is
        due at the update's time. Does nothing if another worker holds the lease."""
        ...

    async def count_due(self, now: datetime) -> dict[Channel, DueCount]:
        """What is due on each channel and not claimed; a channel without it is absent."""
        ...

    async def prune_deliveries(self, now: datetime) -> int:
        """Deletes records, devices and codes that have expired; returns their number."""
        ...

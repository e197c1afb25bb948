"""What delivery asks of the service's database: devices, mail addresses, and what is due."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from services.delivery.domain.email_parsing import Mailbox
from services.delivery.domain.model import (
    Channel,
    Delivery,
    DeliveryUpdate,
    Due,
    MailAddress,
    PushSubscription,
)

# What became of a message is asked for days later at most.
RECORDS_KEPT = timedelta(days=7)
# Several times the life of an access token: afterwards no call of the session can arrive.
ENDED_KEPT = timedelta(hours=1)


# The most that a delivery's attempts count; more are no more.
MAX_COUNTED_ATTEMPTS = 1_000


class CodesSent(NamedTuple):
    """When codes were mailed, ascending: those that a person asked for, and those to a mailbox and
    to its domain, for anybody."""

    by_person: list[datetime]
    to_address: list[datetime]
    to_domain: list[datetime]


class DeliveryTransaction(Protocol):
    """Part of every transaction of the service. Devices and addresses change under the lock of
    their person (`NotificationTransaction.lock_recipients`)."""

    async def add_due(self, due: Sequence[Due], now: datetime) -> None:
        """Notes what is to go out, for each of the person's devices, or to their address.

        Goes nowhere, and leaves nothing, where there is none: a digest takes a confirmed address,
        a code one that is not. What waits already keeps its time, but tells of the later version.
        Nothing is due on a paused device before its pause ends. What is due `again` leaves a
        topic alone that went out before, or that was given up.
        """
        ...

    async def subscriptions_of(self, user_id: int) -> list[PushSubscription]:
        """The person's devices, lapsed ones too."""
        ...

    async def save_subscription(self, subscription: PushSubscription) -> None:
        """Adds a device, or replaces the one of that id."""
        ...

    async def remove_subscription(self, user_id: int, subscription_id: int) -> bool:
        """Forgets a device; False if there is none."""
        ...

    async def end_session(self, user_id: int, session_id: int, now: datetime) -> None:
        """Forgets the session's devices, and remembers for a while that it ended."""
        ...

    async def session_ended(self, user_id: int, session_id: int) -> bool:
        """Whether the session is known to have ended."""
        ...

    async def lock_address(self, user_id: int) -> MailAddress | None:
        """The person's address, unchanged by others until the end."""
        ...

    async def save_address(self, address: MailAddress) -> None:
        """Adds the person's address, or replaces it."""
        ...

    async def remove_address(self, user_id: int) -> None:
        """Forgets the address, and what was due to it."""
        ...

    async def codes_sent(self, user_id: int, mailbox: Mailbox, since: datetime) -> CodesSent:
        """The codes since then. Nobody else notes one to the domain until the end."""
        ...

    async def note_code(self, user_id: int, mailbox: Mailbox, now: datetime) -> None:
        """Notes that a code goes out."""
        ...

    async def forget_deliveries(self, user_id: int) -> None:
        """Forgets everything of a deleted person: devices, address, and what was due."""
        ...


class DeliveryStore(Protocol):
    """Reads, and what workers do: each call for itself."""

    async def subscriptions(self, user_id: int, now: datetime) -> list[PushSubscription]:
        """The person's devices that have not lapsed, newest first."""
        ...

    async def subscriptions_by_id(
        self, keys: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], PushSubscription]:
        """The devices of these people and ids; those that are gone are absent."""
        ...

    async def forget_subscription(self, user_id: int, subscription_id: int) -> None:
        """Forgets a device that its push service does not know any more."""
        ...

    async def addresses(self, user_ids: Collection[int]) -> dict[int, MailAddress]:
        """The addresses of those who gave one."""
        ...

    async def note_timeouts(
        self,
        subscription: PushSubscription,
        timeouts: int,
        *,
        pause_until: datetime | None,
        now: datetime,
    ) -> None:
        """Notes how often in a row the device's push service did not answer. What is due to the
        device by now is due when the pause ends. Does nothing if the device is gone, or if its
        time-outs are no longer those of `subscription`."""
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
        """Claims what is due on the channel: nobody else gets it before `until`.

        People take turns. Nobody gets more than `share`, less what `taken` says is under way of
        them already; each gets their first before anybody gets their second; among equals, what
        has been due longest comes first. However much is due to some, the others get theirs.
        """
        ...

    async def record(self, delivery: Delivery, outcome: DeliveryUpdate, now: datetime) -> None:
        """Notes what became of it. One that tells of a later version by now is due at the
        outcome's time. Does nothing where the lease has passed to somebody else."""
        ...

    async def prune_deliveries(self, now: datetime) -> int:
        """Deletes records, lapsed devices and notes that are past their time; says how many."""
        ...

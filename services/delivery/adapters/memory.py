"""The store of delivery in memory, for tests."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from services.chassis.storage.memory import MemoryDatabase, MemoryTables, MemoryTransaction
from services.delivery.domain.email_parsing import Mailbox
from services.delivery.domain.model import (
    CODES_WITHIN,
    NO_DEVICE,
    Channel,
    Delivery,
    DeliveryUpdate,
    Due,
    MailAddress,
    PushSubscription,
    State,
)
from services.delivery.domain.store import (
    ENDED_KEPT,
    MAX_COUNTED_ATTEMPTS,
    RECORDS_KEPT,
    CodesSent,
    DeliveryStore,
    DueCount,
)

# User, channel, device and topic.
Key = tuple[int, Channel, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A due message, or its result."""

    version: int
    state: State
    due_time: datetime
    attempts: int
    last_answer: str
    start_time: datetime
    update_time: datetime


@dataclass
class DeliveryTables(MemoryTables):
    """The tables of delivery."""

    devices: dict[tuple[int, int], PushSubscription] = field(default_factory=dict)
    addresses: dict[int, MailAddress] = field(default_factory=dict)
    codes: list[tuple[int, Mailbox, datetime]] = field(default_factory=list)
    ended: dict[tuple[int, int], datetime] = field(default_factory=dict)
    deliveries: dict[Key, DeliveryRow] = field(default_factory=dict)


TablesT = TypeVar("TablesT", bound=DeliveryTables)


class MemoryDeliveryTransaction(MemoryTransaction[TablesT]):
    """See `store.DeliveryTransaction`."""

    async def add_due(self, due: Sequence[Due], now: datetime) -> None:
        for each in due:
            for device_id, pause_until in self._receivers(each, now):
                self._add(each, device_id, pause_until, now)

    async def subscriptions_of(self, user_id: int) -> list[PushSubscription]:
        return [each for each in self.tables.devices.values() if each.user_id == user_id]

    async def save_subscription(self, subscription: PushSubscription) -> None:
        self.tables.devices[subscription.user_id, subscription.id] = subscription

    async def remove_subscription(self, user_id: int, subscription_id: int) -> bool:
        return self.tables.devices.pop((user_id, subscription_id), None) is not None

    async def end_session(self, user_id: int, session_id: int, now: datetime) -> None:
        self.tables.ended.setdefault((user_id, session_id), now)
        for each in await self.subscriptions_of(user_id):
            if each.session_id == session_id:
                del self.tables.devices[user_id, each.id]

    async def session_ended(self, user_id: int, session_id: int) -> bool:
        return (user_id, session_id) in self.tables.ended

    async def lock_address(self, user_id: int) -> MailAddress | None:
        return self.tables.addresses.get(user_id)

    async def save_address(self, address: MailAddress) -> None:
        self.tables.addresses[address.user_id] = address

    async def remove_address(self, user_id: int) -> None:
        self.tables.addresses.pop(user_id, None)
        for key in list(self.tables.deliveries):
            if key[0] == user_id and key[1] is not Channel.PUSH:
                del self.tables.deliveries[key]

    async def codes_sent(self, user_id: int, mailbox: Mailbox, since: datetime) -> CodesSent:
        recent = sorted(
            (code for code in self.tables.codes if code[2] > since), key=lambda code: code[2]
        )
        return CodesSent(
            [when for who, _, when in recent if who == user_id],
            [when for _, where, when in recent if where.address == mailbox.address],
            [when for _, where, when in recent if where.domain == mailbox.domain],
        )

    async def note_code(self, user_id: int, mailbox: Mailbox, now: datetime) -> None:
        self.tables.codes.append((user_id, mailbox, now))

    async def forget_deliveries(self, user_id: int) -> None:
        tables = self.tables
        tables.addresses.pop(user_id, None)
        tables.codes = [code for code in tables.codes if code[0] != user_id]
        tables.devices = {key: row for key, row in tables.devices.items() if key[0] != user_id}
        tables.deliveries = {
            key: row for key, row in tables.deliveries.items() if key[0] != user_id
        }

    def _receivers(self, due: Due, now: datetime) -> list[tuple[int, datetime | None]]:
        if due.channel is Channel.PUSH:
            mine = [each for each in self.tables.devices.values() if each.user_id == due.user_id]
            return [(each.id, each.pause_until) for each in mine if each.expire_time > now]
        address = self.tables.addresses.get(due.user_id)
        wanted = address is not None and address.confirmed is (due.channel is Channel.DIGEST)
        return [(NO_DEVICE, None)] if wanted else []

    def _add(self, due: Due, device_id: int, pause_until: datetime | None, now: datetime) -> None:
        key = (due.user_id, due.channel, device_id, due.topic)
        before = self.tables.deliveries.get(key)
        if due.again and (before is None or before.state not in {State.DUE, State.SKIPPED}):
            return
        due_time = max(due.due_time, pause_until or due.due_time)
        added = DeliveryRow(
            version=due.version,
            state=State.DUE,
            due_time=due_time,
            attempts=0,
            last_answer=before.last_answer if before else "",
            start_time=due_time,
            update_time=now,
        )
        if before is not None:
            added = replace(added, version=max(before.version, due.version))
        if before is not None and before.state is State.DUE:
            added = replace(added, attempts=before.attempts, start_time=before.start_time)
            if due.channel is not Channel.CODE:
                added = replace(added, due_time=before.due_time)
        self.tables.deliveries[key] = added


class MemoryDeliveryStore(Generic[TablesT]):
    """See `store.DeliveryStore`."""

    def __init__(self, database: MemoryDatabase[TablesT]) -> None:
        self._database = database

    async def subscriptions(self, user_id: int, now: datetime) -> list[PushSubscription]:
        mine = [
            each
            for each in self._tables.devices.values()
            if each.user_id == user_id and each.expire_time > now
        ]
        return sorted(mine, key=lambda each: -each.id)

    async def subscriptions_by_id(
        self, keys: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], PushSubscription]:
        return {key: self._tables.devices[key] for key in keys if key in self._tables.devices}

    async def forget_subscription(self, user_id: int, subscription_id: int) -> None:
        self._tables.devices.pop((user_id, subscription_id), None)

    async def addresses(self, user_ids: Collection[int]) -> dict[int, MailAddress]:
        found = self._tables.addresses
        return {each: found[each] for each in user_ids if each in found}

    async def note_timeouts(
        self,
        subscription: PushSubscription,
        timeouts: int,
        *,
        pause_until: datetime | None,
        now: datetime,
    ) -> None:
        key = subscription.user_id, subscription.id
        device = self._tables.devices.get(key)
        if device is None or device.timeouts != subscription.timeouts:
            return
        self._tables.devices[key] = replace(device, timeouts=timeouts, pause_until=pause_until)
        if pause_until is None:
            return
        rows = self._tables.deliveries
        for (user_id, channel, device_id, topic), row in list(rows.items()):
            mine = (user_id, device_id) == key and channel is Channel.PUSH
            if mine and row.state is State.DUE and row.due_time <= now:
                rows[user_id, channel, device_id, topic] = replace(row, due_time=pause_until)

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
        rows = self._tables.deliveries
        due = [
            key
            for key, row in rows.items()
            if row.state is State.DUE and row.due_time <= now and key[1] is channel
        ]
        turns: list[tuple[int, datetime, Key]] = []
        places: Counter[int] = Counter()
        for key in sorted(due, key=lambda one: rows[one].due_time):
            places[key[0]] += 1
            if places[key[0]] <= share - taken.get(key[0], 0):
                turns.append((places[key[0]], rows[key].due_time, key))
        return [self._claimed(key, now, until) for *_, key in sorted(turns)[:limit]]

    def _claimed(self, key: Key, now: datetime, until: datetime) -> Delivery:
        rows = self._tables.deliveries
        attempts = min(rows[key].attempts + 1, MAX_COUNTED_ATTEMPTS)
        row = rows[key] = replace(rows[key], due_time=until, attempts=attempts, update_time=now)
        user_id, channel, device_id, topic = key
        return Delivery(
            user_id=user_id,
            channel=channel,
            device_id=device_id,
            topic=topic,
            version=row.version,
            attempts=row.attempts,
            start_time=row.start_time,
            lease_time=until,
        )

    async def record(self, delivery: Delivery, update: DeliveryUpdate, now: datetime) -> None:
        key = (delivery.user_id, delivery.channel, delivery.device_id, delivery.topic)
        row = self._tables.deliveries.get(key)
        if row is None or row.state is not State.DUE or row.due_time != delivery.lease_time:
            return
        noted = replace(row, due_time=update.due_time, last_answer=update.result, update_time=now)
        if row.version != delivery.version:
            noted = replace(noted, attempts=0, start_time=update.due_time)
        else:
            attempts = row.attempts if update.counted else max(row.attempts - 1, 0)
            noted = replace(noted, state=update.state, attempts=attempts)
        self._tables.deliveries[key] = noted

    async def count_due(self, now: datetime) -> dict[Channel, DueCount]:
        due: dict[Channel, list[datetime]] = {}
        for (_, channel, *_), row in self._tables.deliveries.items():
            if row.state is State.DUE and row.due_time <= now:
                due.setdefault(channel, []).append(row.due_time)
        return {
            channel: DueCount(len(times), (now - min(times)).total_seconds())
            for channel, times in due.items()
        }

    async def prune_deliveries(self, now: datetime) -> int:
        tables = self._tables
        before = _rows(tables)
        tables.deliveries = {
            key: row
            for key, row in tables.deliveries.items()
            if row.state is State.DUE or row.update_time >= now - RECORDS_KEPT
        }
        tables.devices = {key: row for key, row in tables.devices.items() if row.expire_time >= now}
        tables.codes = [code for code in tables.codes if code[2] >= now - CODES_WITHIN]
        tables.ended = {key: at for key, at in tables.ended.items() if at >= now - ENDED_KEPT}
        return before - _rows(tables)

    @property
    def _tables(self) -> TablesT:
        return self._database.tables


def _rows(tables: DeliveryTables) -> int:
    return len(tables.deliveries) + len(tables.devices) + len(tables.codes) + len(tables.ended)


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[DeliveryStore] = MemoryDeliveryStore

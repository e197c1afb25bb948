"""The ways out of the app: what a due message says when its time has come, and to whom."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from cachebox import LRUCache

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger
from services.delivery.adapters import push
from services.delivery.adapters.mail import Mailer
from services.delivery.adapters.push import PushServices
from services.delivery.domain import emails, schedule
from services.delivery.domain.channel_worker import PreparedMessage
from services.delivery.domain.device_backoff import MAX_TIMEOUTS, pause_after
from services.delivery.domain.emails import Sender
from services.delivery.domain.mail_domains import registrable_domain
from services.delivery.domain.model import (
    Delivery,
    DeliveryUpdate,
    MailAddress,
    PushSubscription,
    SendResult,
    SendStatus,
)
from services.delivery.domain.ports import DisplayNames
from services.delivery.domain.retries import paused
from services.delivery.domain.store import DeliveryStore
from services.delivery.domain.templates import sentence
from services.delivery.domain.tokens import Tokens
from services.notification.domain.model import MAX_UNREAD, Group

# Lines of a digest; it says how many more there are.
MAX_LINES = 20

_MAIL = "mail"

# Many times what one process has under way.
_ZONES_KEPT = 1_000


class Unread(Protocol):
    """What people have not read yet, as the service knows it at the moment of asking."""

    async def unread(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Group]:
        """Of these people and groups those that are not read and that the list shows now. Raises a
        RoostError where that cannot be said."""
        ...

    async def newest_unread(self, user_id: int, *, limit: int) -> list[Group]:
        """The person's newest such groups, newest first. Raises as `unread` does."""
        ...

    async def digests_wanted(self, user_ids: Collection[int]) -> set[int]:
        """Who of these people wishes for a daily summary."""
        ...

    async def quiet_until(self, user_ids: Collection[int]) -> Mapping[int, datetime]:
        """Those of these people who have quiet hours now, and when these end."""
        ...

    async def time_zones(self, user_ids: Collection[int]) -> Mapping[int, str]:
        """The time zones of those of these people who have preferences."""
        ...


class PushSender:
    """Pushes what is unread to devices, outside of quiet hours. See `lane.ChannelSender`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        unread: Unread,
        people: DisplayNames,
        services: PushServices,
        tokens: Tokens,
        clock: Clock,
    ) -> None:
        self._store = store
        self._unread = unread
        self._people = people
        self._services = services
        self._tokens = tokens
        self._clock = clock

    async def prepare(
        self, deliveries: Sequence[Delivery]
    ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
        quiet = await self._unread.quiet_until({each.user_id for each in deliveries})
        held: dict[Delivery, PreparedMessage | DeliveryUpdate] = {
            each: paused(quiet[each.user_id]) for each in deliveries if each.user_id in quiet
        }
        return held | await self._packed([each for each in deliveries if each not in held])

    async def _packed(
        self, deliveries: Sequence[Delivery]
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        groups = await self._unread.unread({(each.user_id, each.version) for each in deliveries})
        devices = await self._store.subscriptions_by_id(
            {(each.user_id, each.device_id) for each in deliveries}
        )
        names = await _names(self._people, groups.values())
        now = self._clock.now()
        packed: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
        for each in deliveries:
            group = groups.get((each.user_id, each.version))
            device = devices.get((each.user_id, each.device_id))
            if group is None or device is None:
                continue
            if device.pause_until is not None and device.pause_until > now:
                packed[each] = paused(device.pause_until)
                continue
            content = push.message_of(group, sentence(group, names))
            send = partial(self._send, device, each, group, content)
            packed[each] = PreparedMessage(_domain(device.endpoint), send)
        return packed

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `ChannelSender.again`: whenever there is more to tell."""
        return now

    async def _send(
        self, device: PushSubscription, delivery: Delivery, group: Group, content: bytes
    ) -> SendResult:
        topic = self._tokens.wire_topic(delivery.user_id, delivery.topic)
        result = await self._services.send(device, content, kind=group.kind, topic=topic)
        try:
            await self._note(device, result)
        except RoostError as error:
            # The answer counts all the same.
            logger().warning("push_device_not_noted", error=repr(error))
        return result

    async def _note(self, device: PushSubscription, result: SendResult) -> None:
        """Keeps what the answer says about the device itself."""
        if result.status is SendStatus.GONE:
            await self._store.forget_subscription(device.user_id, device.id)
            return
        if result.status is SendStatus.BUSY:
            return
        timeouts = min(device.timeouts + 1, MAX_TIMEOUTS) if result.timed_out else 0
        if timeouts or device.timeouts:
            now = self._clock.now()
            await self._store.note_timeouts(
                device, timeouts, pause_until=pause_after(timeouts, now), now=now
            )


class CodeEmailSender:
    """Mails the codes that confirm addresses. See `lane.ChannelSender`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        mailer: Mailer,
        sender: Sender,
        tokens: Tokens,
        clock: Clock,
    ) -> None:
        self._store = store
        self._mailer = mailer
        self._sender = sender
        self._tokens = tokens
        self._clock = clock

    async def prepare(
        self, deliveries: Sequence[Delivery]
    ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
        addresses = await self._store.addresses({each.user_id for each in deliveries})
        now = self._clock.now()
        packed: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
        for each in deliveries:
            to = addresses.get(each.user_id)
            if to is not None and to.code_expire_time is not None and now < to.code_expire_time:
                mail_message = emails.code_email(
                    self._sender,
                    to.address,
                    code=self._tokens.code(to.user_id, to.address, to.code_nonce),
                    name=f"code.{self._tokens.wire_topic(each.user_id, str(each.version))}",
                    now=now,
                )
                # Some mail servers ask that of the domain before they answer.
                receiver = registrable_domain(to.address.rpartition("@")[2])
                packed[each] = PreparedMessage(receiver, partial(self._mailer.send, mail_message))
        return packed

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `ChannelSender.again`: whenever the person asks for another."""
        return now


class DigestEmailSender:
    """Mails the daily digests. See `lane.ChannelSender`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        unread: Unread,
        people: DisplayNames,
        mailer: Mailer,
        sender: Sender,
        tokens: Tokens,
        clock: Clock,
        hour: int,
    ) -> None:
        self._store = store
        self._unread = unread
        self._people = people
        self._mailer = mailer
        self._sender = sender
        self._tokens = tokens
        self._clock = clock
        self._hour = hour
        # Of the people whose digests were packed last: `again` may not ask the store.
        self._zones: LRUCache[int, str] = LRUCache(_ZONES_KEPT)

    async def prepare(
        self, deliveries: Sequence[Delivery]
    ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
        user_ids = {each.user_id for each in deliveries}
        self._zones.update(await self._unread.time_zones(user_ids))
        wanted = await self._unread.digests_wanted(user_ids)
        addresses = await self._store.addresses(wanted)
        packed: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
        for each in deliveries:
            to = addresses.get(each.user_id)
            if to is not None and to.confirmed:
                prepared = await self._prepared(each, to)
                if prepared is not None:
                    packed[each] = prepared
        return packed

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `ChannelSender.again`: on the person's next day."""
        return schedule.next_digest(
            delivery.user_id,
            after=now,
            hour=self._hour,
            time_zone=self._zones.get(delivery.user_id, "UTC"),
        )

    async def _prepared(self, delivery: Delivery, to: MailAddress) -> PreparedMessage | None:
        unread = await self._unread.newest_unread(delivery.user_id, limit=MAX_UNREAD)
        if not unread:
            return None
        groups = unread[:MAX_LINES]
        names = await _names(self._people, groups)
        now = self._clock.now()
        mail_message = emails.digest_email(
            self._sender,
            to.address,
            lines=[sentence(group, names) for group in groups],
            unread=len(unread),
            token=self._tokens.unsubscribe_token(delivery.user_id),
            name=f"digest.{self._tokens.wire_topic(delivery.user_id, str(delivery.version))}",
            now=now,
        )
        return PreparedMessage(_MAIL, partial(self._mailer.send, mail_message))


def _domain(endpoint: str) -> str:
    """Who runs the push service. Raises ValueError for what is no URL."""
    return registrable_domain(urlsplit(endpoint).hostname or "")


async def _names(people: DisplayNames, groups: Collection[Group]) -> Mapping[int, str]:
    # A sentence names two at most.
    named = {actor for group in groups for actor in group.actor_ids[:2]}
    return await people.names(named) if named else {}

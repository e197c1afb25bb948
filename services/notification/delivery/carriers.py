"""The ways out of the app: what a due message says when its time has come, and to whom."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from services.chassis.clock import Clock
from services.notification.delivery import letters, push, schedule
from services.notification.delivery.dispatch import Held, Parcel
from services.notification.delivery.letters import Sender
from services.notification.delivery.mail import Mailer
from services.notification.delivery.model import (
    Answer,
    Delivery,
    MailAddress,
    PushSubscription,
    Verdict,
)
from services.notification.delivery.peers import Names
from services.notification.delivery.push import PushServices
from services.notification.delivery.store import DeliveryStore
from services.notification.delivery.tokens import Tokens
from services.notification.delivery.wording import sentence
from services.notification.model import MAX_UNREAD, Group

# Lines of a digest; it says how many more there are.
MAX_LINES = 20

_MAIL = "mail"


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

    async def time_zone(self, user_id: int) -> str:
        """The person's time zone."""
        ...


class PushCarrier:
    """Pushes what is unread to devices, outside of quiet hours. See `dispatch.Carrier`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        unread: Unread,
        people: Names,
        services: PushServices,
        tokens: Tokens,
    ) -> None:
        self._store = store
        self._unread = unread
        self._people = people
        self._services = services
        self._tokens = tokens

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel | Held]:
        """See `Carrier.pack`."""
        quiet = await self._unread.quiet_until({each.user_id for each in deliveries})
        held: dict[Delivery, Parcel | Held] = {
            each: Held(quiet[each.user_id]) for each in deliveries if each.user_id in quiet
        }
        loud = [each for each in deliveries if each.user_id not in quiet]
        return held | await self._parcels(loud)

    async def _parcels(self, deliveries: Sequence[Delivery]) -> dict[Delivery, Parcel | Held]:
        groups = await self._unread.unread({(each.user_id, each.version) for each in deliveries})
        devices = await self._store.subscriptions_by_id(
            {(each.user_id, each.device_id) for each in deliveries}
        )
        names = await _names(self._people, groups.values())
        packed: dict[Delivery, Parcel | Held] = {}
        for each in deliveries:
            group = groups.get((each.user_id, each.version))
            device = devices.get((each.user_id, each.device_id))
            if group is not None and device is not None:
                content = push.message_of(group, sentence(group, names))
                send = partial(self._send, device, each, group, content)
                packed[each] = Parcel(urlsplit(device.endpoint).netloc, send)
        return packed

    async def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `Carrier.again`: whenever there is more to tell."""
        return now

    async def _send(
        self, device: PushSubscription, delivery: Delivery, group: Group, content: bytes
    ) -> Answer:
        topic = self._tokens.wire_topic(delivery.user_id, delivery.topic)
        answer = await self._services.send(device, content, kind=group.kind, topic=topic)
        if answer.verdict is Verdict.GONE:
            await self._store.forget_subscription(device.user_id, device.id)
        return answer


class CodeCarrier:
    """Mails the codes that confirm addresses. See `dispatch.Carrier`."""

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

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel]:
        """See `Carrier.pack`."""
        addresses = await self._store.addresses({each.user_id for each in deliveries})
        now = self._clock.now()
        packed: dict[Delivery, Parcel] = {}
        for each in deliveries:
            to = addresses.get(each.user_id)
            if to is not None and to.code_expire_time is not None and now < to.code_expire_time:
                letter = letters.code_letter(
                    self._sender,
                    to.address,
                    code=self._tokens.code(to.user_id, to.address, to.code_nonce),
                    name=f"code.{self._tokens.wire_topic(each.user_id, str(each.version))}",
                    now=now,
                )
                packed[each] = Parcel(_MAIL, partial(self._mailer.send, letter))
        return packed

    async def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `Carrier.again`: whenever the person asks for another."""
        return now


class DigestCarrier:
    """Mails the daily digests. See `dispatch.Carrier`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        unread: Unread,
        people: Names,
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

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel]:
        """See `Carrier.pack`."""
        wanted = await self._unread.digests_wanted({each.user_id for each in deliveries})
        addresses = await self._store.addresses(wanted)
        packed: dict[Delivery, Parcel] = {}
        for each in deliveries:
            to = addresses.get(each.user_id)
            if to is not None and to.confirmed:
                parcel = await self._parcel(each, to)
                if parcel is not None:
                    packed[each] = parcel
        return packed

    async def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `Carrier.again`: on the person's next day."""
        zone = await self._unread.time_zone(delivery.user_id)
        return schedule.next_digest(delivery.user_id, after=now, hour=self._hour, time_zone=zone)

    async def _parcel(self, delivery: Delivery, to: MailAddress) -> Parcel | None:
        unread = await self._unread.newest_unread(delivery.user_id, limit=MAX_UNREAD)
        if not unread:
            return None
        groups = unread[:MAX_LINES]
        names = await _names(self._people, groups)
        now = self._clock.now()
        letter = letters.digest_letter(
            self._sender,
            to.address,
            lines=[sentence(group, names) for group in groups],
            unread=len(unread),
            token=self._tokens.unsubscribe_token(delivery.user_id),
            name=f"digest.{self._tokens.wire_topic(delivery.user_id, str(delivery.version))}",
            now=now,
        )
        return Parcel(_MAIL, partial(self._mailer.send, letter))


async def _names(people: Names, groups: Collection[Group]) -> Mapping[int, str]:
    # A sentence names two at most.
    named = {actor for group in groups for actor in group.actor_ids[:2]}
    return await people.names(named) if named else {}

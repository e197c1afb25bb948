"""The ways out of the app: what a due message says when its time has come, and to whom."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from cachebox import LRUCache

from services.chassis.clock import Clock
from services.chassis.errors import RoostError
from services.chassis.logs import logger
from services.notification.delivery import letters, push, schedule
from services.notification.delivery.domains import registrable_domain
from services.notification.delivery.lane import Parcel
from services.notification.delivery.letters import Sender
from services.notification.delivery.mail import Mailer
from services.notification.delivery.model import (
    Answer,
    Delivery,
    MailAddress,
    Outcome,
    PushSubscription,
    Verdict,
)
from services.notification.delivery.outcomes import paused
from services.notification.delivery.pauses import MAX_TIMEOUTS, pause_after
from services.notification.delivery.peers import Names
from services.notification.delivery.push import PushServices
from services.notification.delivery.store import DeliveryStore
from services.notification.delivery.tokens import Tokens
from services.notification.delivery.wording import sentence
from services.notification.model import MAX_UNREAD, Group

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


class PushCarrier:
    """Pushes what is unread to devices, outside of quiet hours. See `lane.Carrier`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        unread: Unread,
        people: Names,
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

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel | Outcome]:
        """See `Carrier.pack`."""
        quiet = await self._unread.quiet_until({each.user_id for each in deliveries})
        held: dict[Delivery, Parcel | Outcome] = {
            each: paused(quiet[each.user_id]) for each in deliveries if each.user_id in quiet
        }
        return held | await self._packed([each for each in deliveries if each not in held])

    async def _packed(self, deliveries: Sequence[Delivery]) -> dict[Delivery, Parcel | Outcome]:
        groups = await self._unread.unread({(each.user_id, each.version) for each in deliveries})
        devices = await self._store.subscriptions_by_id(
            {(each.user_id, each.device_id) for each in deliveries}
        )
        names = await _names(self._people, groups.values())
        now = self._clock.now()
        packed: dict[Delivery, Parcel | Outcome] = {}
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
            packed[each] = Parcel(_domain(device.endpoint), send)
        return packed

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `Carrier.again`: whenever there is more to tell."""
        return now

    async def _send(
        self, device: PushSubscription, delivery: Delivery, group: Group, content: bytes
    ) -> Answer:
        topic = self._tokens.wire_topic(delivery.user_id, delivery.topic)
        answer = await self._services.send(device, content, kind=group.kind, topic=topic)
        try:
            await self._note(device, answer)
        except RoostError as error:
            # The answer counts all the same.
            logger().warning("push_device_not_noted", error=repr(error))
        return answer

    async def _note(self, device: PushSubscription, answer: Answer) -> None:
        """Keeps what the answer says about the device itself."""
        if answer.verdict is Verdict.GONE:
            await self._store.forget_subscription(device.user_id, device.id)
            return
        if answer.verdict is Verdict.BUSY:
            return
        timeouts = min(device.timeouts + 1, MAX_TIMEOUTS) if answer.timed_out else 0
        if timeouts or device.timeouts:
            now = self._clock.now()
            await self._store.note_timeouts(
                device, timeouts, pause_until=pause_after(timeouts, now), now=now
            )


class CodeCarrier:
    """Mails the codes that confirm addresses. See `lane.Carrier`."""

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

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel | Outcome]:
        """See `Carrier.pack`."""
        addresses = await self._store.addresses({each.user_id for each in deliveries})
        now = self._clock.now()
        packed: dict[Delivery, Parcel | Outcome] = {}
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
                # Some mail servers ask that of the domain before they answer.
                receiver = registrable_domain(to.address.rpartition("@")[2])
                packed[each] = Parcel(receiver, partial(self._mailer.send, letter))
        return packed

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `Carrier.again`: whenever the person asks for another."""
        return now


class DigestCarrier:
    """Mails the daily digests. See `lane.Carrier`."""

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
        # Of the people whose digests were packed last: `again` may not ask the store.
        self._zones: LRUCache[int, str] = LRUCache(_ZONES_KEPT)

    async def pack(self, deliveries: Sequence[Delivery]) -> Mapping[Delivery, Parcel | Outcome]:
        """See `Carrier.pack`."""
        user_ids = {each.user_id for each in deliveries}
        self._zones.update(await self._unread.time_zones(user_ids))
        wanted = await self._unread.digests_wanted(user_ids)
        addresses = await self._store.addresses(wanted)
        packed: dict[Delivery, Parcel | Outcome] = {}
        for each in deliveries:
            to = addresses.get(each.user_id)
            if to is not None and to.confirmed:
                parcel = await self._parcel(each, to)
                if parcel is not None:
                    packed[each] = parcel
        return packed

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `Carrier.again`: on the person's next day."""
        return schedule.next_digest(
            delivery.user_id,
            after=now,
            hour=self._hour,
            time_zone=self._zones.get(delivery.user_id, "UTC"),
        )

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


def _domain(endpoint: str) -> str:
    """Who runs the push service. Raises ValueError for what is no URL."""
    return registrable_domain(urlsplit(endpoint).hostname or "")


async def _names(people: Names, groups: Collection[Group]) -> Mapping[int, str]:
    # A sentence names two at most.
    named = {actor for group in groups for actor in group.actor_ids[:2]}
    return await people.names(named) if named else {}

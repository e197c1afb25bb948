"""Prepares and sends due messages: one sender for each channel."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from cachebox import LRUCache

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger
from services.delivery.domain import emails, schedule
from services.delivery.domain.emails import Sender
from services.delivery.domain.mail_domains import registrable_domain
from services.delivery.domain.model import (
    Delivery,
    DeliveryUpdate,
    MailAddress,
    Notification,
    PushSubscription,
    SendResult,
    SendStatus,
)
from services.delivery.domain.ports import (
    DisplayNames,
    Mailer,
    PushServices,
    UnreadNotifications,
)
from services.delivery.domain.retries import MAX_TIMEOUTS, device_pause, paused
from services.delivery.domain.store import DeliveryStore
from services.delivery.domain.templates import push_message, sentence
from services.delivery.domain.tokens import Tokens
from services.delivery.worker.channel_worker import PreparedMessage

# Lines of a digest; a last line says how many more there are.
MAX_LINES = 20
# A digest counts this many unread notifications at most.
MAX_UNREAD = 100

_MAIL = "mail"

# Many times the number of digests that one process has in flight.
_ZONES_CACHED = 1_000


class PushSender:
    """Pushes unread notifications to devices, outside of quiet hours. See
    `channel_worker.ChannelSender`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        unread: UnreadNotifications,
        display_names: DisplayNames,
        services: PushServices,
        tokens: Tokens,
        clock: Clock,
    ) -> None:
        self._store = store
        self._unread = unread
        self._display_names = display_names
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
        return held | await self._prepared([each for each in deliveries if each not in held])

    async def _prepared(
        self, deliveries: Sequence[Delivery]
    ) -> dict[Delivery, PreparedMessage | DeliveryUpdate]:
        unread = await self._unread.unread({(each.user_id, each.version) for each in deliveries})
        devices = await self._store.subscriptions_by_id(
            {(each.user_id, each.device_id) for each in deliveries}
        )
        names = await _names(self._display_names, unread.values())
        now = self._clock.now()
        prepared: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
        for each in deliveries:
            notification = unread.get((each.user_id, each.version))
            device = devices.get((each.user_id, each.device_id))
            if notification is None or device is None:
                continue
            if device.pause_until is not None and device.pause_until > now:
                prepared[each] = paused(device.pause_until)
                continue
            content = push_message(notification, names)
            send = partial(self._send, device, each, content, urgent=notification.urgent)
            prepared[each] = PreparedMessage(_domain(device.endpoint), send)
        return prepared

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `ChannelSender.again`: immediately."""
        return now

    async def _send(
        self, device: PushSubscription, delivery: Delivery, content: bytes, *, urgent: bool
    ) -> SendResult:
        topic = self._tokens.wire_topic(delivery.user_id, delivery.topic)
        result = await self._services.send(device, content, urgent=urgent, topic=topic)
        try:
            await self._update_device(device, result)
        except RoostError as error:
            # The result of the delivery is recorded all the same.
            logger().warning("push_device_update_failed", error=repr(error))
        return result

    async def _update_device(self, device: PushSubscription, result: SendResult) -> None:
        """Stores what the result says about the device itself."""
        if result.status is SendStatus.GONE:
            await self._store.forget_subscription(device.user_id, device.id)
            return
        if result.status is SendStatus.BUSY:
            return
        timeouts = min(device.timeouts + 1, MAX_TIMEOUTS) if result.timed_out else 0
        if timeouts or device.timeouts:
            now = self._clock.now()
            await self._store.note_timeouts(
                device, timeouts, pause_until=device_pause(timeouts, now), now=now
            )


class CodeEmailSender:
    """Sends the codes that confirm addresses. See `channel_worker.ChannelSender`."""

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
        prepared: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
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
                # Some mail servers look up the domain before they answer.
                receiver = registrable_domain(to.address.rpartition("@")[2])
                prepared[each] = PreparedMessage(receiver, partial(self._mailer.send, mail_message))
        return prepared

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `ChannelSender.again`: immediately, if the user requests another code."""
        return now


class DigestEmailSender:
    """Sends the daily digests. See `channel_worker.ChannelSender`."""

    def __init__(
        self,
        *,
        store: DeliveryStore,
        unread: UnreadNotifications,
        display_names: DisplayNames,
        mailer: Mailer,
        sender: Sender,
        tokens: Tokens,
        clock: Clock,
        hour: int,
    ) -> None:
        self._store = store
        self._unread = unread
        self._display_names = display_names
        self._mailer = mailer
        self._sender = sender
        self._tokens = tokens
        self._clock = clock
        self._hour = hour
        # The time zones of recently prepared digests: `again` must not query the store.
        self._zones: LRUCache[int, str] = LRUCache(_ZONES_CACHED)

    async def prepare(
        self, deliveries: Sequence[Delivery]
    ) -> Mapping[Delivery, PreparedMessage | DeliveryUpdate]:
        user_ids = {each.user_id for each in deliveries}
        self._zones.update(await self._unread.time_zones(user_ids))
        wanted = await self._unread.digests_wanted(user_ids)
        addresses = await self._store.addresses(wanted)
        prepared: dict[Delivery, PreparedMessage | DeliveryUpdate] = {}
        for each in deliveries:
            to = addresses.get(each.user_id)
            if to is not None and to.confirmed:
                digest = await self._digest(each, to)
                if digest is not None:
                    prepared[each] = digest
        return prepared

    def again(self, delivery: Delivery, now: datetime) -> datetime:
        """See `ChannelSender.again`: on the user's next day."""
        return schedule.next_digest(
            delivery.user_id,
            after=now,
            hour=self._hour,
            time_zone=self._zones.get(delivery.user_id, "UTC"),
        )

    async def _digest(self, delivery: Delivery, to: MailAddress) -> PreparedMessage | None:
        unread = await self._unread.newest_unread(delivery.user_id, limit=MAX_UNREAD)
        if not unread:
            return None
        listed = unread[:MAX_LINES]
        names = await _names(self._display_names, listed)
        now = self._clock.now()
        mail_message = emails.digest_email(
            self._sender,
            to.address,
            lines=[sentence(each, names) for each in listed],
            unread=len(unread),
            token=self._tokens.unsubscribe_token(delivery.user_id),
            name=f"digest.{self._tokens.wire_topic(delivery.user_id, str(delivery.version))}",
            now=now,
        )
        return PreparedMessage(_MAIL, partial(self._mailer.send, mail_message))


def _domain(endpoint: str) -> str:
    """The registrable domain of the push service. Raises ValueError if the endpoint is no URL."""
    return registrable_domain(urlsplit(endpoint).hostname or "")


async def _names(
    display_names: DisplayNames, notifications: Collection[Notification]
) -> Mapping[int, str]:
    # A sentence names two users at most.
    named = {actor_id for each in notifications for actor_id in each.actor_ids[:2]}
    return await display_names.names(named) if named else {}

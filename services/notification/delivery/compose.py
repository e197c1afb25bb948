"""Puts delivery together, for both processes of the service."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from roost.notification.v1.delivery_service_pb2_grpc import add_DeliveryServiceServicer_to_server

from services.chassis.clock import Clock
from services.chassis.errors import DeadlineExceeded, Unavailable
from services.chassis.ids import IdGenerator
from services.chassis.logs import logger
from services.chassis.process import Job
from services.chassis.server import Mount
from services.notification.delivery import push
from services.notification.delivery.addresses import Addresses
from services.notification.delivery.carriers import CodeCarrier, DigestCarrier, PushCarrier
from services.notification.delivery.dispatch import Carrier, Dispatcher
from services.notification.delivery.endpoints import EndpointRule
from services.notification.delivery.letters import Sender
from services.notification.delivery.mail import Mailer
from services.notification.delivery.model import Channel
from services.notification.delivery.peers import Names
from services.notification.delivery.schedule import Schedule
from services.notification.delivery.servicer import DeliveryServicer
from services.notification.delivery.store import DeliveryStore
from services.notification.delivery.subscriptions import Subscriptions
from services.notification.delivery.tokens import Tokens
from services.notification.delivery.unread import StoredUnread
from services.notification.delivery.vapid import Vapid
from services.notification.peers import Visibility
from services.notification.settings import NotificationSettings
from services.notification.showing import Showing
from services.notification.store import NotificationStore

_PRUNE_SECONDS = 600.0


def vapid(told: NotificationSettings, *, clock: Clock) -> Vapid:
    """Signs push messages. Raises OSError or ValueError for a bad file."""
    return Vapid(told.push_key_file.read_bytes(), contact=told.push_contact, clock=clock)


def schedule(told: NotificationSettings) -> Schedule:
    """Decides what is due when somebody is told of something."""
    return Schedule(digest_hour=None if told.smtp_url is None else told.digest_hour)


def mount(
    told: NotificationSettings,
    *,
    store: NotificationStore,
    deliveries: DeliveryStore,
    clock: Clock,
    ids: IdGenerator,
) -> Mount:
    """The servicer. Raises OSError or ValueError for a bad push key file."""
    rule = EndpointRule(loopback_allowed=told.push_loopback_allowed)
    tokens = Tokens(master_key=told.master_key)
    servicer = DeliveryServicer(
        store=store,
        deliveries=deliveries,
        clock=clock,
        subscriptions=Subscriptions(clock=clock, ids=ids, rule=rule),
        addresses=Addresses(
            store=store,
            clock=clock,
            ids=ids,
            tokens=tokens,
            offered=told.smtp_url is not None,
        ),
        tokens=tokens,
        push_key=vapid(told, clock=clock).public_key,
        master_key=told.master_key,
    )
    return Mount(add_DeliveryServiceServicer_to_server, servicer)


@asynccontextmanager
async def dispatcher(
    told: NotificationSettings,
    *,
    deliveries: DeliveryStore,
    store: NotificationStore,
    visibility: Visibility,
    people: Names,
    clock: Clock,
) -> AsyncIterator[Dispatcher]:
    """Sends what is due; mail only where there is a server for it."""
    rule = EndpointRule(loopback_allowed=told.push_loopback_allowed)
    tokens = Tokens(master_key=told.master_key)
    unread = StoredUnread(
        store=store, showing=Showing(store=store, visibility=visibility), clock=clock
    )
    async with push.connect(vapid=vapid(told, clock=clock), rule=rule, clock=clock) as services:
        pushing = PushCarrier(
            store=deliveries, unread=unread, people=people, services=services, tokens=tokens
        )
        carriers: Mapping[Channel, Carrier] = {Channel.PUSH: pushing}
        if told.smtp_url is not None:
            mailer = Mailer(told.smtp_url)
            sender = Sender(told.mail_from, told.public_url)
            carriers = {
                Channel.PUSH: pushing,
                Channel.CODE: CodeCarrier(
                    store=deliveries, mailer=mailer, sender=sender, tokens=tokens, clock=clock
                ),
                Channel.DIGEST: DigestCarrier(
                    store=deliveries,
                    unread=unread,
                    people=people,
                    mailer=mailer,
                    sender=sender,
                    tokens=tokens,
                    clock=clock,
                    hour=told.digest_hour,
                ),
            }
        yield Dispatcher(store=deliveries, carriers=carriers, clock=clock)


def pruning(deliveries: DeliveryStore, clock: Clock) -> Job:
    """Forgets what is past its time, every ten minutes."""

    async def prune_deliveries() -> None:
        while True:
            try:
                await deliveries.prune_deliveries(clock.now())
            except (Unavailable, DeadlineExceeded) as error:
                logger().warning("pruning_postponed", error=repr(error))
            await asyncio.sleep(_PRUNE_SECONDS)

    return prune_deliveries

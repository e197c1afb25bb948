"""Puts delivery together, for both processes of the service."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from roost.notification.v1.delivery_service_pb2_grpc import add_DeliveryServiceServicer_to_server

from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.logs import logger
from services.chassis.runtime.supervision import Job
from services.delivery.adapters import push
from services.delivery.adapters.mail import Mailer
from services.delivery.adapters.push import PushServices
from services.delivery.domain.channel_senders import (
    CodeEmailSender,
    DigestEmailSender,
    PushSender,
    Unread,
)
from services.delivery.domain.channel_worker import ChannelSender
from services.delivery.domain.dispatch import Dispatcher
from services.delivery.domain.email_addresses import Addresses
from services.delivery.domain.emails import Sender
from services.delivery.domain.endpoints import EndpointRule
from services.delivery.domain.model import Channel
from services.delivery.domain.ports import DisplayNames
from services.delivery.domain.schedule import Schedule
from services.delivery.domain.store import DeliveryStore
from services.delivery.domain.subscriptions import Subscriptions
from services.delivery.domain.tokens import Tokens
from services.delivery.domain.unread_queries import UnreadQueries
from services.delivery.domain.vapid import Vapid
from services.delivery.rpc.servicer import DeliveryServicer
from services.notification.domain.ports import Visibility
from services.notification.domain.store import NotificationStore
from services.notification.domain.visible_notifications import VisibleNotifications
from services.notification.settings import NotificationSettings

_PRUNE_SECONDS = 600.0


def vapid(settings: NotificationSettings, *, clock: Clock) -> Vapid:
    """Signs push messages. Raises OSError or ValueError for a bad file."""
    return Vapid(settings.push_key_file.read_bytes(), contact=settings.push_contact, clock=clock)


def schedule(settings: NotificationSettings) -> Schedule:
    """Decides what is due when somebody is notified."""
    return Schedule(digest_hour=None if settings.smtp_url is None else settings.digest_hour)


def endpoint_rule(settings: NotificationSettings) -> EndpointRule:
    """Decides where messages may go."""
    return EndpointRule(ports=settings.push_ports, loopback_allowed=settings.push_loopback_allowed)


def mount(
    settings: NotificationSettings,
    *,
    store: NotificationStore,
    deliveries: DeliveryStore,
    clock: Clock,
    ids: IdGenerator,
) -> MountedServicer:
    """The servicer. Raises OSError or ValueError for a bad push key file."""
    rule = endpoint_rule(settings)
    tokens = Tokens(master_key=settings.master_key)
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
            offered=settings.smtp_url is not None,
            codes_per_domain=settings.codes_per_domain,
        ),
        tokens=tokens,
        push_key=vapid(settings, clock=clock).public_key,
        master_key=settings.master_key,
    )
    return MountedServicer(add_DeliveryServiceServicer_to_server, servicer)


@asynccontextmanager
async def dispatcher(
    settings: NotificationSettings,
    *,
    deliveries: DeliveryStore,
    store: NotificationStore,
    visibility: Visibility,
    people: DisplayNames,
    clock: Clock,
) -> AsyncIterator[Dispatcher]:
    """Sends what is due; mail only where there is a server for it."""
    visible_notifications = VisibleNotifications(store=store, visibility=visibility)
    async with push.connect(
        vapid=vapid(settings, clock=clock), rule=endpoint_rule(settings), clock=clock
    ) as services:
        ways = senders(
            settings,
            deliveries=deliveries,
            unread=UnreadQueries(
                store=store, visible_notifications=visible_notifications, clock=clock
            ),
            people=people,
            services=services,
            clock=clock,
        )
        yield Dispatcher(store=deliveries, senders=ways, clock=clock)


def senders(
    settings: NotificationSettings,
    *,
    deliveries: DeliveryStore,
    unread: Unread,
    people: DisplayNames,
    services: PushServices,
    clock: Clock,
) -> Mapping[Channel, ChannelSender]:
    """The channels that this installation has."""
    tokens = Tokens(master_key=settings.master_key)
    pushing = PushSender(
        store=deliveries,
        unread=unread,
        people=people,
        services=services,
        tokens=tokens,
        clock=clock,
    )
    if settings.smtp_url is None:
        return {Channel.PUSH: pushing}
    mailer = Mailer(settings.smtp_url)
    sender = Sender(settings.mail_from, settings.public_url)
    return {
        Channel.PUSH: pushing,
        Channel.CODE: CodeEmailSender(
            store=deliveries, mailer=mailer, sender=sender, tokens=tokens, clock=clock
        ),
        Channel.DIGEST: DigestEmailSender(
            store=deliveries,
            unread=unread,
            people=people,
            mailer=mailer,
            sender=sender,
            tokens=tokens,
            clock=clock,
            hour=settings.digest_hour,
        ),
    }


def pruning(deliveries: DeliveryStore, clock: Clock) -> Job:
    """Forgets what is past its time, every ten minutes."""

    async def prune_deliveries() -> None:
        while True:
            try:
                await deliveries.prune_deliveries(clock.now())
            except Exception as error:
                # Nothing is lost by a later round; the other jobs of the process go on.
                logger().warning("pruning_postponed", exc_info=error)
            await asyncio.sleep(_PRUNE_SECONDS)

    return prune_deliveries

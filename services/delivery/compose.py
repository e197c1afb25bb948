"""Composes delivery, for both processes of the service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from roost.notification.v1.delivery_service_pb2_grpc import add_DeliveryServiceServicer_to_server

from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job
from services.delivery.adapters import push
from services.delivery.adapters.mail import SmtpMailer
from services.delivery.domain.email_addresses import EmailLimits
from services.delivery.domain.emails import Sender
from services.delivery.domain.endpoints import EndpointRule
from services.delivery.domain.model import Channel
from services.delivery.domain.ports import DisplayNames, PushServices, UnreadNotifications
from services.delivery.domain.schedule import Schedule
from services.delivery.domain.store import BeginTransaction, DeliveryStore
from services.delivery.domain.tokens import Tokens
from services.delivery.domain.vapid import Vapid
from services.delivery.rpc.servicer import DeliveryServicer
from services.delivery.settings import DeliverySettings
from services.delivery.worker.channel_senders import (
    CodeEmailSender,
    DigestEmailSender,
    PushSender,
)
from services.delivery.worker.channel_worker import ChannelSender
from services.delivery.worker.dispatch import Dispatcher

_PRUNE_SECONDS = 600.0


def vapid(settings: DeliverySettings, *, clock: Clock) -> Vapid:
    """The signer of push messages. Raises OSError or ValueError for a bad key file."""
    return Vapid(settings.push_key_file.read_bytes(), contact=settings.push_contact, clock=clock)


def schedule(settings: DeliverySettings) -> Schedule:
    """The schedule of this installation: without a mail server it has no digests."""
    return Schedule(digest_hour=None if settings.smtp_url is None else settings.digest_hour)


def endpoint_rule(settings: DeliverySettings) -> EndpointRule:
    """The rule for push endpoints."""
    return EndpointRule(ports=settings.push_ports, loopback_allowed=settings.push_loopback_allowed)


def mount(
    settings: DeliverySettings,
    *,
    begin: BeginTransaction,
    store: DeliveryStore,
    clock: Clock,
    ids: IdGenerator,
) -> MountedServicer:
    """The servicer. Raises OSError or ValueError for a bad push key file."""
    servicer = DeliveryServicer(
        begin=begin,
        store=store,
        clock=clock,
        ids=ids,
        endpoint_rule=endpoint_rule(settings),
        email_limits=EmailLimits(
            offered=settings.smtp_url is not None, codes_per_domain=settings.codes_per_domain
        ),
        tokens=Tokens(master_key=settings.master_key),
        push_key=vapid(settings, clock=clock).public_key,
        master_key=settings.master_key,
    )
    return MountedServicer(add_DeliveryServiceServicer_to_server, servicer)


@asynccontextmanager
async def dispatcher(
    settings: DeliverySettings,
    *,
    store: DeliveryStore,
    unread: UnreadNotifications,
    display_names: DisplayNames,
    clock: Clock,
) -> AsyncIterator[Dispatcher]:
    """The dispatcher of all channels of this installation."""
    async with push.connect(
        vapid=vapid(settings, clock=clock), rule=endpoint_rule(settings), clock=clock
    ) as services:
        channel_senders = senders(
            settings,
            store=store,
            unread=unread,
            display_names=display_names,
            services=services,
            clock=clock,
        )
        yield Dispatcher(store=store, senders=channel_senders, clock=clock)


def senders(
    settings: DeliverySettings,
    *,
    store: DeliveryStore,
    unread: UnreadNotifications,
    display_names: DisplayNames,
    services: PushServices,
    clock: Clock,
) -> Mapping[Channel, ChannelSender]:
    """The channels of this installation: email only if it has a mail server."""
    tokens = Tokens(master_key=settings.master_key)
    push_sender = PushSender(
        store=store,
        unread=unread,
        display_names=display_names,
        services=services,
        tokens=tokens,
        clock=clock,
    )
    if settings.smtp_url is None:
        return {Channel.PUSH: push_sender}
    mailer = SmtpMailer(settings.smtp_url)
    sender = Sender(settings.mail_from, settings.public_url)
    return {
        Channel.PUSH: push_sender,
        Channel.CODE: CodeEmailSender(
            store=store, mailer=mailer, sender=sender, tokens=tokens, clock=clock
        ),
        Channel.DIGEST: DigestEmailSender(
            store=store,
            unread=unread,
            display_names=display_names,
            mailer=mailer,
            sender=sender,
            tokens=tokens,
            clock=clock,
            hour=settings.digest_hour,
        ),
    }


def pruning(store: DeliveryStore, clock: Clock) -> Job:
    """The job that deletes what has expired, every ten minutes."""

    async def prune() -> None:
        await store.prune_deliveries(clock.now())

    return every(_PRUNE_SECONDS, "delivery_pruning", prune)

"""DeliveryService over gRPC."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message
from roost.notification.v1 import delivery_service_pb2 as pb
from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.rpc import commands
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.storage.idempotency import Seal
from services.chassis.storage.transaction import in_transaction
from services.delivery.domain import email_addresses, subscriptions
from services.delivery.domain.email_addresses import EmailLimits
from services.delivery.domain.endpoints import EndpointRule
from services.delivery.domain.store import (
    BeginTransaction,
    DeliveryStore,
    DeliveryTransaction,
)
from services.delivery.domain.tokens import Tokens
from services.delivery.rpc import convert

M = TypeVar("M", bound=Message)


class DeliveryServicer(DeliveryServiceServicer):
    """See protos/roost/notification/v1/delivery_service.proto for what each RPC promises."""

    def __init__(
        self,
        *,
        begin: BeginTransaction,
        store: DeliveryStore,
        clock: Clock,
        ids: IdGenerator,
        endpoint_rule: EndpointRule,
        email_limits: EmailLimits,
        tokens: Tokens,
        push_key: str,
        master_key: bytes,
    ) -> None:
        self._begin = begin
        self._store = store
        self._clock = clock
        self._ids = ids
        self._endpoint_rule = endpoint_rule
        self._email_limits = email_limits
        self._tokens = tokens
        self._push_key = push_key
        self._master_key = master_key

    @access_policy.anyone
    async def GetPushKey(
        self, request: pb.GetPushKeyRequest, context: Any
    ) -> pb.GetPushKeyResponse:
        return pb.GetPushKeyResponse(public_key=self._push_key)

    @access_policy.user
    async def CreatePushSubscription(
        self, request: pb.CreatePushSubscriptionRequest, context: Any
    ) -> pb.CreatePushSubscriptionResponse:
        me = caller.user()
        device = subscriptions.read_device(
            self._endpoint_rule, endpoint=request.endpoint, p256dh=request.p256dh, auth=request.auth
        )

        async def effect(transaction: DeliveryTransaction) -> pb.CreatePushSubscriptionResponse:
            subscription = await subscriptions.subscribe(
                transaction, me, device, clock=self._clock, ids=self._ids
            )
            return pb.CreatePushSubscriptionResponse(
                subscription=convert.subscription(subscription)
            )

        # The stored request must not allow guessing the device's secret.
        return await self._run_once(
            request, pb.CreatePushSubscriptionResponse, effect, secret=request.auth
        )

    @access_policy.user
    async def ListPushSubscriptions(
        self, request: pb.ListPushSubscriptionsRequest, context: Any
    ) -> pb.ListPushSubscriptionsResponse:
        found = await self._store.subscriptions(caller.user().user_id, self._clock.now())
        return pb.ListPushSubscriptionsResponse(
            subscriptions=[convert.subscription(each) for each in found]
        )

    @access_policy.user
    async def DeletePushSubscription(
        self, request: pb.DeletePushSubscriptionRequest, context: Any
    ) -> pb.DeletePushSubscriptionResponse:
        me = caller.user()

        async def effect(transaction: DeliveryTransaction) -> pb.DeletePushSubscriptionResponse:
            await subscriptions.unsubscribe(transaction, me, request.subscription_id)
            return pb.DeletePushSubscriptionResponse()

        return await self._run_once(request, pb.DeletePushSubscriptionResponse, effect)

    @access_policy.user
    async def GetEmailAddress(
        self, request: pb.GetEmailAddressRequest, context: Any
    ) -> pb.GetEmailAddressResponse:
        user_id = caller.user().user_id
        found = await self._store.addresses({user_id})
        return pb.GetEmailAddressResponse(email=convert.email(found.get(user_id)))

    @access_policy.user
    async def SetEmailAddress(
        self, request: pb.SetEmailAddressRequest, context: Any
    ) -> pb.SetEmailAddressResponse:
        me = caller.user()

        async def effect(transaction: DeliveryTransaction) -> pb.SetEmailAddressResponse:
            address = await email_addresses.set_address(
                transaction,
                me,
                request.address,
                limits=self._email_limits,
                clock=self._clock,
                ids=self._ids,
            )
            return pb.SetEmailAddressResponse(email=convert.email(address))

        return await self._run_once(
            request, pb.SetEmailAddressResponse, effect, secret=request.address
        )

    @access_policy.user
    async def ConfirmEmailAddress(
        self, request: pb.ConfirmEmailAddressRequest, context: Any
    ) -> pb.ConfirmEmailAddressResponse:
        user_id = caller.user().user_id
        # A repetition is answered first: the code of the first request is not pending any more.
        first = await commands.first_response(
            self._begin,
            request,
            pb.ConfirmEmailAddressResponse,
            caller_id=user_id,
            seal=self._seal(request.code),
        )
        if first is not None:
            return first
        await email_addresses.try_code(
            self._begin, user_id, request.code, tokens=self._tokens, clock=self._clock
        )

        async def effect(transaction: DeliveryTransaction) -> pb.ConfirmEmailAddressResponse:
            confirmed = await email_addresses.confirm(
                transaction, user_id, request.code, tokens=self._tokens, clock=self._clock
            )
            return pb.ConfirmEmailAddressResponse(email=convert.email(confirmed))

        return await self._run_once(
            request, pb.ConfirmEmailAddressResponse, effect, secret=request.code
        )

    @access_policy.user
    async def RemoveEmailAddress(
        self, request: pb.RemoveEmailAddressRequest, context: Any
    ) -> pb.RemoveEmailAddressResponse:
        user_id = caller.user().user_id

        async def effect(transaction: DeliveryTransaction) -> pb.RemoveEmailAddressResponse:
            await transaction.lock_recipients([user_id])
            await transaction.remove_address(user_id)
            return pb.RemoveEmailAddressResponse()

        return await self._run_once(request, pb.RemoveEmailAddressResponse, effect)

    @access_policy.anyone
    async def Unsubscribe(
        self, request: pb.UnsubscribeRequest, context: Any
    ) -> pb.UnsubscribeResponse:
        user_id = self._tokens.unsubscriber(request.token)

        async def effect(transaction: DeliveryTransaction) -> None:
            await transaction.set_email_digest(user_id, enabled=False)

        await in_transaction(self._begin, effect)
        return pb.UnsubscribeResponse()

    async def _run_once(
        self,
        request: Message,
        response: type[M],
        effect: Callable[[DeliveryTransaction], Awaitable[M]],
        *,
        secret: str = "",
    ) -> M:
        return await commands.run_once(
            self._begin,
            request,
            response,
            effect,
            caller_id=caller.user().user_id,
            seal=self._seal(secret) if secret else None,
        )

    def _seal(self, secret: str) -> Seal:
        """The seal of a request with a secret: the stored fingerprint and response do not allow
        guessing it."""
        return Seal(caller_secret=secret.encode(), service_secret=self._master_key)

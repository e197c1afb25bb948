"""DeliveryService over gRPC: who calls, what is asked, and how it is answered."""

from typing import Any

from google.protobuf.message import Message
from roost.notification.v1 import delivery_service_pb2 as pb
from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceServicer

from services.chassis.auth import access_policy, caller
from services.chassis.runtime.clock import Clock
from services.chassis.storage.idempotency import (
    RequestKey,
    Seal,
    once,
    repeated,
)
from services.chassis.storage.transaction import in_transaction
from services.delivery.domain.email_addresses import Addresses
from services.delivery.domain.store import DeliveryStore
from services.delivery.domain.subscriptions import Subscriptions
from services.delivery.domain.tokens import Tokens
from services.delivery.rpc import convert
from services.notification.domain import preferences
from services.notification.domain.store import NotificationStore, NotificationTransaction


class DeliveryServicer(DeliveryServiceServicer):
    """See protos/roost/notification/v1/delivery_service.proto for what each RPC promises."""

    def __init__(
        self,
        *,
        store: NotificationStore,
        deliveries: DeliveryStore,
        clock: Clock,
        subscriptions: Subscriptions,
        addresses: Addresses,
        tokens: Tokens,
        push_key: str,
        master_key: bytes,
    ) -> None:
        self._store = store
        self._deliveries = deliveries
        self._clock = clock
        self._subscriptions = subscriptions
        self._addresses = addresses
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
        device = self._subscriptions.read(
            endpoint=request.endpoint, p256dh=request.p256dh, auth=request.auth
        )

        async def effect(transaction: NotificationTransaction) -> pb.CreatePushSubscriptionResponse:
            made = await self._subscriptions.subscribe(transaction, me, device)
            return pb.CreatePushSubscriptionResponse(subscription=convert.subscription(made))

        # The device's secret must not be guessed from the record of the request.
        key = self._key(request, me.user_id, secret=request.auth)
        return await once(self._store.transaction, key, pb.CreatePushSubscriptionResponse, effect)

    @access_policy.user
    async def ListPushSubscriptions(
        self, request: pb.ListPushSubscriptionsRequest, context: Any
    ) -> pb.ListPushSubscriptionsResponse:
        mine = await self._deliveries.subscriptions(caller.user().user_id, self._clock.now())
        return pb.ListPushSubscriptionsResponse(
            subscriptions=[convert.subscription(each) for each in mine]
        )

    @access_policy.user
    async def DeletePushSubscription(
        self, request: pb.DeletePushSubscriptionRequest, context: Any
    ) -> pb.DeletePushSubscriptionResponse:
        me = caller.user()

        async def effect(transaction: NotificationTransaction) -> pb.DeletePushSubscriptionResponse:
            await self._subscriptions.unsubscribe(transaction, me, request.subscription_id)
            return pb.DeletePushSubscriptionResponse()

        key = self._key(request, me.user_id)
        return await once(self._store.transaction, key, pb.DeletePushSubscriptionResponse, effect)

    @access_policy.user
    async def GetEmailAddress(
        self, request: pb.GetEmailAddressRequest, context: Any
    ) -> pb.GetEmailAddressResponse:
        user_id = caller.user().user_id
        found = await self._deliveries.addresses({user_id})
        return pb.GetEmailAddressResponse(email=convert.email(found.get(user_id)))

    @access_policy.user
    async def SetEmailAddress(
        self, request: pb.SetEmailAddressRequest, context: Any
    ) -> pb.SetEmailAddressResponse:
        me = caller.user()

        async def effect(transaction: NotificationTransaction) -> pb.SetEmailAddressResponse:
            given = await self._addresses.give(transaction, me, request.address)
            return pb.SetEmailAddressResponse(email=convert.email(given))

        key = self._key(request, me.user_id, secret=request.address)
        return await once(self._store.transaction, key, pb.SetEmailAddressResponse, effect)

    @access_policy.user
    async def ConfirmEmailAddress(
        self, request: pb.ConfirmEmailAddressRequest, context: Any
    ) -> pb.ConfirmEmailAddressResponse:
        user_id = caller.user().user_id
        begin = self._store.transaction
        # Asked first: after the effect the code is no longer awaited.
        key = self._key(request, user_id, secret=request.code)
        before = await repeated(begin, key, pb.ConfirmEmailAddressResponse)
        if before is not None:
            return before
        await self._addresses.try_code(user_id, request.code)

        async def effect(transaction: NotificationTransaction) -> pb.ConfirmEmailAddressResponse:
            confirmed = await self._addresses.confirm(transaction, user_id, request.code)
            return pb.ConfirmEmailAddressResponse(email=convert.email(confirmed))

        return await once(begin, key, pb.ConfirmEmailAddressResponse, effect)

    @access_policy.user
    async def RemoveEmailAddress(
        self, request: pb.RemoveEmailAddressRequest, context: Any
    ) -> pb.RemoveEmailAddressResponse:
        user_id = caller.user().user_id

        async def effect(transaction: NotificationTransaction) -> pb.RemoveEmailAddressResponse:
            await transaction.lock_recipients([user_id])
            await transaction.remove_address(user_id)
            return pb.RemoveEmailAddressResponse()

        key = self._key(request, user_id)
        return await once(self._store.transaction, key, pb.RemoveEmailAddressResponse, effect)

    @access_policy.anyone
    async def Unsubscribe(
        self, request: pb.UnsubscribeRequest, context: Any
    ) -> pb.UnsubscribeResponse:
        user_id = self._tokens.unsubscriber(request.token)

        async def effect(transaction: NotificationTransaction) -> None:
            await preferences.update(
                transaction, user_id, kind_preferences={}, email_digest=False, etag=""
            )

        await in_transaction(self._store.transaction, effect)
        return pb.UnsubscribeResponse()

    def _key(self, request: Message, user_id: int, *, secret: str = "") -> RequestKey | None:
        """The key of a request. Where it holds what nobody else should learn, nothing of that may
        be guessed from the record, whether by the fingerprint or by the response."""
        seal = Seal(caller_secret=secret.encode(), service_secret=self._master_key)
        return RequestKey.of(
            request,
            caller_id=str(user_id),
            method=type(request).__name__,
            seal=seal if secret else None,
        )

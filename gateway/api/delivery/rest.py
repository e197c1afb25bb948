"""Notifications outside the app: the devices they are pushed to, and where the digest goes."""

from roost.notification.v1.delivery_service_pb2 import (
    ConfirmEmailAddressRequest,
    CreatePushSubscriptionRequest,
    GetEmailAddressRequest,
    GetPushKeyRequest,
    ListPushSubscriptionsRequest,
    RemoveEmailAddressRequest,
    SetEmailAddressRequest,
    UnsubscribeRequest,
)

from gateway.api.delivery import acts, queries
from gateway.api.delivery.requests import EmailCode, NewEmail, NewPushSubscription, UnsubscribeQuery
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    NOTHING,
    NoBody,
    NoContent,
    NoQuery,
    RequestContext,
    Response,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import delivery as delivery_views
from gateway.views.delivery import Email, PushKey, PushSubscription, PushSubscriptions

delivery = Routes("Delivery", "Notifications outside the app: pushed to devices, and mailed.")


@delivery.get("/push/key", access=ANYONE)
async def get_push_key(context: RequestContext[NoQuery, NoBody]) -> Response[PushKey]:
    """Read the key that devices subscribe with.

    Give it to the browser's `PushManager.subscribe` as `applicationServerKey` (RFC 8292).
    """
    response = await context.backends.delivery.GetPushKey(GetPushKeyRequest())
    return Response(PushKey(response.public_key))


@delivery.get("/push/subscriptions")
async def list_push_subscriptions(
    context: RequestContext[NoQuery, NoBody],
) -> Response[PushSubscriptions]:
    """List the caller's devices, newest first.

    There are at most 20, so there are no pages.
    """
    response = await context.backends.delivery.ListPushSubscriptions(ListPushSubscriptionsRequest())
    items = [delivery_views.push_subscription(each) for each in response.subscriptions]
    return Response(PushSubscriptions(items))


@delivery.change(
    "POST",
    "/push/subscriptions",
    status=201,
    reasons=("PUSH_ENDPOINT_REFUSED", "TOO_MANY_PUSH_SUBSCRIPTIONS", "SESSION_REVOKED"),
)
async def create_push_subscription(
    context: RequestContext[NoQuery, NewPushSubscription],
) -> Response[PushSubscription]:
    """Have notifications pushed to a device.

    Send what the browser's `PushSubscription.toJSON()` gives; the endpoint is https on port 443, at
    a public address. The same endpoint again replaces its keys and renews it; do so when the app
    starts. The device is forgotten when the session ends, and when its push service says that it is
    gone. What is pushed is encrypted (RFC 8291): JSON with `type`, `id`, `kind`, `post_id`,
    `user_ids`, `count`, the `names` of the newest two and a `title` to show.
    """
    response = await context.backends.delivery.CreatePushSubscription(
        CreatePushSubscriptionRequest(
            endpoint=context.body.endpoint,
            p256dh=context.body.keys.p256dh,
            auth=context.body.keys.auth,
            request_id=context.request_id,
        )
    )
    made = response.subscription
    return Response(
        delivery_views.push_subscription(made), location=f"/push/subscriptions/{made.id}"
    )


@delivery.get("/push/subscriptions/{subscription_id}", reasons=("PUSH_SUBSCRIPTION_NOT_FOUND",))
async def get_push_subscription(
    context: RequestContext[NoQuery, NoBody],
) -> Response[PushSubscription]:
    """Read one of the caller's devices."""
    found = await queries.push_subscription(context.backends, context.path_id)
    return Response(delivery_views.push_subscription(found))


route(delivery, acts.DELETE_PUSH_SUBSCRIPTION)


@delivery.get("/users/me/email")
async def get_email(context: RequestContext[NoQuery, NoBody]) -> Response[Email]:
    """Read the caller's email address for the digest."""
    response = await context.backends.delivery.GetEmailAddress(GetEmailAddressRequest())
    return Response(delivery_views.email(response.email))


@delivery.change(
    "PUT",
    "/users/me/email",
    reasons=("TOO_MANY_EMAIL_CODES", "EMAIL_NOT_OFFERED", "SESSION_REVOKED"),
)
async def set_email(context: RequestContext[NoQuery, NewEmail]) -> Response[Email]:
    """Set the caller's email address for the digest.

    A code of six digits is mailed to the address, which is not used before it is confirmed; the
    address before is forgotten. An address that no letter can carry is refused, with the rule. In
    an hour three codes go out for a user, fewer for a new account, and three to a mailbox.
    """
    response = await context.backends.delivery.SetEmailAddress(
        SetEmailAddressRequest(address=context.body.address, request_id=context.request_id)
    )
    return Response(delivery_views.email(response.email))


@delivery.change("DELETE", "/users/me/email")
async def remove_email(context: RequestContext[NoQuery, NoBody]) -> Response[NoContent]:
    """Remove the caller's email address.

    Repeating it changes nothing.
    """
    await context.backends.delivery.RemoveEmailAddress(
        RemoveEmailAddressRequest(request_id=context.request_id)
    )
    return NOTHING


@delivery.change("POST", "/users/me/email/confirmation", reasons=("EMAIL_CODE_INVALID",))
async def confirm_email(context: RequestContext[NoQuery, EmailCode]) -> Response[Email]:
    """Confirm the caller's email address.

    This turns the digest on (`email_digest` of the preferences). The code is good for an hour;
    after five wrong ones another has to be asked for.
    """
    response = await context.backends.delivery.ConfirmEmailAddress(
        ConfirmEmailAddressRequest(code=context.body.code, request_id=context.request_id)
    )
    return Response(delivery_views.email(response.email))


@delivery.change(
    "POST",
    "/email/unsubscribe",
    access=ANYONE,
    keyed=False,
    reasons=("UNSUBSCRIBE_TOKEN_INVALID",),
)
async def unsubscribe(context: RequestContext[UnsubscribeQuery, NoBody]) -> Response[NoContent]:
    """End a digest, by the token in it.

    What mail programs do at one click (RFC 8058); whatever body they send is not read. Repeating it
    changes nothing.
    """
    await context.backends.delivery.Unsubscribe(UnsubscribeRequest(token=context.query.token))
    return NOTHING

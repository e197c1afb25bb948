"""What the rest of Roost needs to know about delivery. It runs in the Notification service."""

from services.chassis.runtime.manifest import (
    Engine,
    GrpcService,
    Manifest,
    RouteFamily,
    Sharding,
)

MANIFEST = Manifest(
    noun="delivery",
    runs_in="notification",
    engines=(Engine.POSTGRES,),
    migrations=("delivery/migrations",),
    secrets={"ROOST_MASTER_KEY": "notification-master-key"},
    keys={"ROOST_PUSH_KEY_FILE": "push"},
    grpc_services=(GrpcService("roost.notification.v1.DeliveryService"),),
    route_families=(RouteFamily("notifications", paths=("push", "email", "users/me/email")),),
    sharding=Sharding(
        groups=(
            {
                "push_subscriptions": "user_id",
                "mail_addresses": "user_id",
                "ended_sessions": "user_id",
            },
        ),
        local={
            "deliveries": "a queue: workers take the oldest of all users, and users in turn",
            "mailed_codes": "codes of an hour, counted by user, by address and by domain",
        },
    ),
)

"""What the rest of Roost needs to know about the Notification service."""

from services.chassis.runtime.manifest import (
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    Process,
    RouteFamily,
)

MANIFEST = Manifest(
    noun="notification",
    processes=(Process.SERVE, Process.WORK),
    engines=(Engine.POSTGRES, Engine.VALKEY, Engine.KAFKA),
    migrations=("notification/migrations",),
    consumer_groups=(
        ConsumerGroup("notification.events", topics=("roost.user.v1", "roost.post.v1")),
    ),
    worker_numbers=(Process.SERVE, Process.WORK),
    grpc_services=(GrpcService("roost.notification.v1.NotificationService"),),
    route_families=(
        RouteFamily(
            "notifications", paths=("notifications", "posts/*/conversation-mute", "users/*/watch")
        ),
    ),
)

"""What the rest of Roost needs to know about the Notification service."""

from services.chassis.runtime.manifest import (
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    Process,
    RouteFamily,
    Sharding,
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
    sharding=Sharding(
        groups=(
            {
                "read_markers": "user_id",
                "deeds": "recipient_id",
                "notification_groups": "recipient_id",
                "withdrawn_deeds": "recipient_id",
                "preferences": "user_id",
                "kind_preferences": "user_id",
                "muted_conversations": "user_id",
                "watches": "author_id",
            },
        ),
        # Looked up for recipients of every shard.
        reference=("gone_posts", "gone_people", "protected_people"),
    ),
)

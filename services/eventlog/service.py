"""What the rest of Roost needs to know about the event log. It runs in the Notification service."""

from services.chassis.runtime.manifest import (
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    Sharding,
)

MANIFEST = Manifest(
    noun="eventlog",
    runs_in="notification",
    engines=(Engine.POSTGRES, Engine.VALKEY, Engine.KAFKA),
    migrations=("eventlog/migrations",),
    consumer_groups=(
        ConsumerGroup(
            "notification.log",
            topics=("roost.user.v1", "roost.post.v1", "roost.timeline.v1", "roost.media.v1"),
        ),
    ),
    grpc_services=(GrpcService("roost.notification.v1.EventService", unbounded=("Attach",)),),
    sharding=Sharding(
        groups=({"log_heads": "user_id", "log_events": "user_id", "silences": "user_id"},),
        local={"departed_logs": "few rows, each for some days"},
    ),
)

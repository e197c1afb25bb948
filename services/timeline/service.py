"""What the rest of Roost needs to know about the Timeline service."""

from services.chassis.runtime.manifest import (
    RELAY_CONNECTIONS,
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    Process,
    RouteFamily,
    Sharding,
)

MANIFEST = Manifest(
    noun="timeline",
    processes=(Process.SERVE, Process.WORK),
    engines=(Engine.POSTGRES, Engine.VALKEY, Engine.KAFKA),
    migrations=("timeline/migrations",),
    publishes=("roost.timeline.v1",),
    consumer_groups=(
        ConsumerGroup(
            "timeline.events", topics=("roost.user.v1", "roost.post.v1", "roost.timeline.v1")
        ),
    ),
    dedicated_connections={Process.WORK: RELAY_CONNECTIONS},
    grpc_services=(
        GrpcService("roost.timeline.v1.InvalidationService", unbounded=("Watch",)),
        GrpcService("roost.timeline.v1.TimelineService"),
    ),
    route_families=(
        RouteFamily("timelines", paths=("timelines", "followed-hashtags", "hashtags/*/follow")),
    ),
    sharding=Sharding(
        groups=(
            {
                "read_markers": "user_id",
                "mutes": "muter_id",
                "hashtag_follows": "user_id",
            },
            {"hashtag_followers": "tag", "hashtag_entries": "tag"},
        ),
        # Read beside rows of every shard; they change when an account is deleted or protected.
        reference=("closed_authors",),
        local={
            "public_entries": "some ten thousand short rows in one order",
            "celebrities": "a few rows",
        },
    ),
)

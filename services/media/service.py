"""What the rest of Roost needs to know about the Media service."""

from services.chassis.runtime.manifest import (
    RELAY_CONNECTIONS,
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    Process,
    RouteFamily,
    Sharding,
    SlowRoute,
)
from services.chassis.runtime.shard_keys import ShardKey

MANIFEST = Manifest(
    noun="media",
    processes=(Process.SERVE, Process.WORK),
    engines=(Engine.POSTGRES, Engine.VALKEY, Engine.KAFKA, Engine.S3),
    migrations=("media/migrations",),
    publishes=("roost.media.v1",),
    consumer_groups=(ConsumerGroup("media.events", topics=("roost.post.v1", "roost.user.v1")),),
    secrets={"ROOST_MEDIA_PATH_KEY": "media-path-key"},
    dedicated_connections={Process.WORK: RELAY_CONNECTIONS},
    worker_numbers=(Process.SERVE, Process.WORK),
    grpc_services=(GrpcService("roost.media.v1.MediaService"),),
    route_families=(
        RouteFamily(
            "media",
            paths=("media", "limits"),
            slow_routes=(
                SlowRoute("GET", "media/*/wait", seconds=15),
                SlowRoute("POST", "media", seconds=41),
            ),
        ),
    ),
    sharding=Sharding(
        key=ShardKey.BUCKET,
        groups=(
            {
                "media": "bucket",
                "uploads": "bucket",
                "folders": "bucket",
                "post_audiences": "bucket",
                "deciders": "bucket",
                "upload_usage": "bucket",
            },
        ),
        # Read beside rows of every shard; they change when an account is protected or deleted.
        reference=("accounts",),
        local={
            "processing_jobs": "a queue: workers take the oldest of all owners",
            "placements": "a queue: workers take the oldest of all owners",
            "purges": "a queue: workers take the oldest of all owners",
        },
    ),
)

"""What the rest of Roost needs to know about the Post service."""

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
from services.chassis.runtime.shard_keys import ShardKey

MANIFEST = Manifest(
    noun="post",
    processes=(Process.SERVE, Process.WORK),
    engines=(Engine.POSTGRES, Engine.VALKEY, Engine.KAFKA),
    migrations=("post/migrations",),
    publishes=("roost.post.v1",),
    consumer_groups=(
        # It reads its own topic as well: the cleanup after a deletion survives a restart, and the
        # invalidations of a process that died are repeated.
        ConsumerGroup("post.events", topics=("roost.user.v1", "roost.post.v1", "roost.media.v1")),
    ),
    dedicated_connections={Process.WORK: RELAY_CONNECTIONS},
    worker_numbers=(Process.SERVE,),
    grpc_services=(
        GrpcService("roost.post.v1.EngagementService"),
        GrpcService("roost.post.v1.InvalidationService", unbounded=("Watch",)),
        GrpcService("roost.post.v1.ProfileCacheService"),
        GrpcService("roost.post.v1.PostService"),
    ),
    route_families=(
        RouteFamily("posts", paths=("posts", "bookmarks", "users/*/posts", "users/*/likes")),
    ),
    sharding=Sharding(
        key=ShardKey.BUCKET,
        groups=(
            {
                "posts": "bucket",
                "post_revisions": "bucket",
                "post_states": "bucket",
                "replies": "bucket",
                "quotes": "bucket",
                "likes": "bucket",
                "reposts": "bucket",
                "responses": "bucket",
                "buckets": "bucket",
            },
        ),
        primary_keys={"responses": "user_id, post_id, bucket"},
        # Every write of a post or of engagement reads it; it changes when an account is protected.
        reference=("account_protections",),
    ),
)

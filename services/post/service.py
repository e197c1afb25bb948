"""What the rest of Roost needs to know about the Post service."""

from services.chassis.runtime.manifest import (
    RELAY_CONNECTIONS,
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    Process,
    RouteFamily,
)

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
        GrpcService("roost.post.v1.ProfileCacheService"),
        GrpcService("roost.post.v1.PostService"),
    ),
    route_families=(
        RouteFamily("posts", paths=("posts", "bookmarks", "users/*/posts", "users/*/likes")),
    ),
)

"""What the rest of Roost needs to know about the Search service."""

from services.chassis.runtime.manifest import (
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    Process,
    RouteFamily,
)

MANIFEST = Manifest(
    noun="search",
    processes=(Process.SERVE, Process.WORK),
    engines=(Engine.POSTGRES, Engine.VALKEY, Engine.KAFKA),
    migrations=("search/migrations",),
    consumer_groups=(
        ConsumerGroup("search.events", topics=("roost.post.v1", "roost.user.v1", "roost.media.v1")),
    ),
    # For the statements that build the indexes of a new generation.
    dedicated_connections={Process.WORK: 1},
    grpc_services=(
        GrpcService("roost.search.v1.SearchService"),
        GrpcService("roost.search.v1.SearchAdminService"),
    ),
    route_families=(RouteFamily("search", paths=("search", "trends", "hashtags")),),
    # Where one PostgreSQL is too small for the index, it is in OpenSearch (ADR 48).
    sharding=None,
)

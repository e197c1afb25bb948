"""What the rest of Roost needs to know about the User service."""

from services.chassis.runtime.manifest import (
    RELAY_CONNECTIONS,
    ConsumerGroup,
    Engine,
    GrpcService,
    Manifest,
    PasswordRoute,
    Process,
    RouteFamily,
    Sharding,
)

MANIFEST = Manifest(
    noun="user",
    processes=(Process.SERVE, Process.WORK),
    engines=(Engine.POSTGRES, Engine.VALKEY, Engine.KAFKA),
    migrations=("user/migrations",),
    publishes=("roost.user.v1",),
    consumer_groups=(
        ConsumerGroup("user.counters", topics=("roost.user.v1", "roost.post.v1", "roost.media.v1")),
    ),
    secrets={"ROOST_MASTER_KEY": "master-key"},
    dedicated_connections={Process.WORK: RELAY_CONNECTIONS},
    worker_numbers=(Process.SERVE, Process.WORK),
    grpc_services=(
        GrpcService("roost.user.v1.AuthService"),
        GrpcService("roost.user.v1.GraphService"),
        GrpcService("roost.user.v1.UserService"),
    ),
    route_families=(
        RouteFamily(
            "logins",
            password_routes=(
                PasswordRoute("POST", "users"),
                PasswordRoute("POST", "sessions"),
                PasswordRoute("POST", "cookie-sessions"),
                PasswordRoute("POST", "cookie-sessions/users"),
                PasswordRoute("POST", "users/me/password", signed_in=True),
                PasswordRoute("DELETE", "users/me", signed_in=True),
            ),
        ),
        RouteFamily(
            "people",
            paths=(
                "users",
                "sessions",
                "cookie-sessions",
                "stream",
                "follow-requests",
                "blocks",
                "mutes",
                "relationships",
            ),
        ),
    ),
    sharding=Sharding(
        groups=(
            {
                "users": "id",
                "user_counts": "user_id",
                "credentials": "user_id",
                "sessions": "user_id",
                "known_networks": "user_id",
                "settings": "user_id",
                "edges_out": "source_id",
                "edges_in": "target_id",
            },
            {"handles": "handle_key"},
            {"stream_tickets": "ticket_hash"},
        ),
        local={
            "signing_keys": "a few rows, which each process reads once a minute",
            "chores": "nearly always empty; workers take the oldest of all users",
        },
    ),
)

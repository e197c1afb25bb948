"""The schema, put together; and its text, which is committed as `schema.graphql`."""

from typing import Any, cast

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from gateway.graphql.mutations.devices import DeviceChanges
from gateway.graphql.mutations.engagement import EngagementChanges
from gateway.graphql.mutations.graph import GraphChanges
from gateway.graphql.mutations.notifications import NotificationChanges
from gateway.graphql.mutations.posts import PostChanges
from gateway.graphql.mutations.sessions import SessionChanges
from gateway.graphql.mutations.users import UserChanges
from gateway.graphql.queries.devices import DeviceQueries
from gateway.graphql.queries.nodes import NodeQueries
from gateway.graphql.queries.notifications import NotificationQueries
from gateway.graphql.queries.posts import PostQueries
from gateway.graphql.queries.users import UserQueries
from gateway.graphql.types.devices import PushSubscription, Session
from gateway.graphql.types.scalars import SCALARS
from gateway.graphql.types.subscriptions import Subscription


@strawberry.type(description="What may be read.")
class Query(NodeQueries, UserQueries, PostQueries, NotificationQueries, DeviceQueries):
    """All of it."""


@strawberry.type(description="What may be changed. Each field is carried out by itself, in order.")
class Mutation(
    UserChanges,
    SessionChanges,
    GraphChanges,
    PostChanges,
    EngagementChanges,
    NotificationChanges,
    DeviceChanges,
):
    """All of it."""


_schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Session, PushSubscription],
    config=StrawberryConfig(scalar_map=cast(Any, SCALARS)),
)
# What graphql-core executes. Strawberry has declared it; its own engine around that is not needed.
SCHEMA: GraphQLSchema = _schema._schema


def sdl() -> str:
    """The schema as text."""
    return _schema.as_str() + "\n"

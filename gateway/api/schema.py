"""The schema, put together; and its text, which is committed as `schema.graphql`."""

from typing import Any, cast

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from gateway.api.delivery.graphql import DeliveryMutations, DeliveryQueries
from gateway.api.delivery.types import PushSubscription
from gateway.api.engagement import graphql as engagement
from gateway.api.engagement.graphql import EngagementMutations, EngagementQueries
from gateway.api.events.graphql import Subscription
from gateway.api.hashtags.graphql import HashtagMutations, HashtagQueries
from gateway.api.media.graphql import MediaMutations, MediaQueries
from gateway.api.nodes import NodeQueries
from gateway.api.notifications.graphql import NotificationMutations, NotificationQueries
from gateway.api.posts.graphql import PostMutations, PostQueries
from gateway.api.posts.types import Post
from gateway.api.relationships import graphql as relationships
from gateway.api.relationships.graphql import RelationshipMutations, RelationshipQueries
from gateway.api.search.graphql import SearchQueries
from gateway.api.sessions.graphql import RegistrationMutations, SessionMutations, SessionQueries
from gateway.api.sessions.types import Session
from gateway.api.timelines import graphql as timelines
from gateway.api.timelines.graphql import TimelineMutations, TimelineQueries
from gateway.api.users.graphql import UserMutations, UserQueries
from gateway.api.users.types import User
from gateway.protocols.graphql.fields import extend
from gateway.protocols.graphql.scalars import SCALARS

# What nouns add to the types of others, in the order of the schema.
extend(User, **timelines.USER_FIELDS, **engagement.USER_FIELDS, **relationships.USER_FIELDS)
extend(Post, before="revisions", **engagement.POST_FIELDS)


@strawberry.type(description="What may be read.")
class Query(
    NodeQueries,
    UserQueries,
    RelationshipQueries,
    PostQueries,
    MediaQueries,
    EngagementQueries,
    TimelineQueries,
    SearchQueries,
    HashtagQueries,
    NotificationQueries,
    SessionQueries,
    DeliveryQueries,
):
    """All queries; each noun declares its own."""


@strawberry.type(description="What may be changed. Each field is carried out by itself, in order.")
class Mutation(
    RegistrationMutations,
    UserMutations,
    SessionMutations,
    RelationshipMutations,
    PostMutations,
    MediaMutations,
    TimelineMutations,
    HashtagMutations,
    EngagementMutations,
    NotificationMutations,
    DeliveryMutations,
):
    """All mutations; each noun declares its own."""


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

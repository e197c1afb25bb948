"""Follows, blocks and mutes."""

from typing import Annotated

import strawberry
from roost.user.v1.graph_service_pb2 import (
    BatchGetRelationshipsRequest,
)
from strawberry.types import Info

from gateway.api.relationships import acts, queries
from gateway.api.users.types import Relationship, User, people_on
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.arguments import MAX_IDS, numbers_of
from gateway.protocols.graphql.connections import (
    list_field,
)
from gateway.protocols.graphql.context import own
from gateway.protocols.graphql.fields import resolved


@strawberry.type
class RelationshipQueries:
    """Fields of Query about follows, blocks and mutes."""

    @resolved("The caller's relationships to several users, in their order.")
    async def relationships(
        self,
        info: Info,
        user_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 users, by id.")
        ],
    ) -> list[Relationship]:
        request = BatchGetRelationshipsRequest(
            user_ids=numbers_of("User", user_ids, "user_ids", most=MAX_IDS)
        )
        response = await own(info).graph.BatchGetRelationships(request)
        return [Relationship(message=each) for each in response.relationships]

    follow_requests = list_field(
        "The users who ask to follow the caller, newest first.",
        User,
        queries.follow_requests,
        people_on,
        services=own,
    )
    blocks = list_field(
        "The users whom the caller blocks, newest first.",
        User,
        queries.blocked,
        people_on,
        services=own,
    )
    mutes = list_field(
        "The users whom the caller mutes, newest first.",
        User,
        queries.muted,
        people_on,
        services=own,
    )


@strawberry.type
class RelationshipMutations:
    """Fields of Mutation about follows, blocks and mutes."""

    follow = mutation(acts.FOLLOW)
    unfollow = mutation(acts.UNFOLLOW)
    block = mutation(acts.BLOCK)
    unblock = mutation(acts.UNBLOCK)
    mute = mutation(acts.MUTE)
    unmute = mutation(acts.UNMUTE)
    accept_follow_request = mutation(acts.ACCEPT_FOLLOW_REQUEST)
    reject_follow_request = mutation(acts.REJECT_FOLLOW_REQUEST)


# Fields of a user.
USER_FIELDS = {
    "followers": list_field(
        "The users who follow this user, newest first.",
        User,
        queries.followers,
        people_on,
        by="user_id",
    ),
    "following": list_field(
        "The users whom this user follows, newest first.",
        User,
        queries.following,
        people_on,
        by="user_id",
    ),
}

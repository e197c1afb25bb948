"""Who follows, blocks and mutes whom."""

from typing import Annotated

import strawberry
from roost.user.v1.graph_service_pb2 import (
    AcceptFollowRequestRequest,
    BatchGetRelationshipsRequest,
    BlockRequest,
    FollowRequest,
    MuteRequest,
    RejectFollowRequestRequest,
    UnblockRequest,
    UnfollowRequest,
    UnmuteRequest,
)
from strawberry.types import Info

from gateway.api.relationships import queries
from gateway.api.users.types import Relationship, User, people_on
from gateway.protocols.graphql.arguments import MAX_IDS, UserId, numbers_of
from gateway.protocols.graphql.connections import (
    list_field,
)
from gateway.protocols.graphql.context import own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    Key,
    Outcome,
    change,
    request_id,
    result,
)


@strawberry.type
class RelationshipQueries:
    """Of Query."""

    @resolved("How one stands to several people, in their order.")
    async def relationships(
        self,
        info: Info,
        user_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 people, by id.")
        ],
    ) -> list[Relationship]:
        """As REST's."""
        request = BatchGetRelationshipsRequest(
            user_ids=numbers_of("User", user_ids, "user_ids", most=MAX_IDS)
        )
        response = await own(info).graph.BatchGetRelationships(request)
        return [Relationship(message=each) for each in response.relationships]

    follow_requests = list_field(
        "Who waits for one's consent to follow, newest first.",
        User,
        queries.follow_requests,
        people_on,
        services=own,
    )
    blocks = list_field(
        "Whom one blocks, newest first.", User, queries.blocked, people_on, services=own
    )
    mutes = list_field(
        "Whom one mutes, newest first.", User, queries.muted, people_on, services=own
    )


@strawberry.type
class RelationshipMutations:
    """Of Mutation."""

    @change(
        "Follow a person. Where they are protected this asks for consent: `followRequested` is "
        "true then."
    )
    async def follow(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.Follow(
            FollowRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))

    @change("Stop following a person, or withdraw the request to.")
    async def unfollow(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.Unfollow(
            UnfollowRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))

    @change(
        "Block a person. Follows and requests end both ways, and neither sees the other's posts "
        "from then on."
    )
    async def block(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.Block(
            BlockRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))

    @change("Stop blocking a person; follows do not come back.")
    async def unblock(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.Unblock(
            UnblockRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))

    @change("Mute a person. Their posts stay off one's timelines; they are not told.")
    async def mute(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.Mute(
            MuteRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))

    @change("Stop muting a person.")
    async def unmute(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.Unmute(
            UnmuteRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))

    @change("Let a person follow.")
    async def accept_follow_request(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.AcceptFollowRequest(
            AcceptFollowRequestRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))

    @change("Do not let a person follow; they are not told.")
    async def reject_follow_request(
        self, info: Info, user_id: UserId, idempotency_key: Key = None
    ) -> Outcome[Relationship]:
        """As REST's."""
        response = await own(info).graph.RejectFollowRequest(
            RejectFollowRequestRequest(
                user_id=number_of("User", user_id, "user_id"),
                request_id=request_id(idempotency_key),
            )
        )
        return result(Relationship(message=response.relationship))


# Fields of a user.
USER_FIELDS = {
    "followers": list_field(
        "Who follows them, newest first.", User, queries.followers, people_on, by="user_id"
    ),
    "following": list_field(
        "Whom they follow, newest first.", User, queries.following, people_on, by="user_id"
    ),
}

"""Who follows, blocks and mutes whom."""

import strawberry
from roost.user.v1.graph_service_pb2 import (
    AcceptFollowRequestRequest,
    BlockRequest,
    FollowRequest,
    MuteRequest,
    RejectFollowRequestRequest,
    UnblockRequest,
    UnfollowRequest,
    UnmuteRequest,
)
from strawberry.types import Info

from gateway.graphql.arguments import UserId
from gateway.graphql.context import own
from gateway.graphql.ids import number_of
from gateway.graphql.outcomes import Key, Outcome, change, request_id, result
from gateway.graphql.types.users import Relationship


@strawberry.type
class GraphChanges:
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

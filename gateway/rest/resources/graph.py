"""Who follows, blocks and mutes whom."""

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

from gateway.reading import people as reading
from gateway.rest.exchange import Answer, Call, NoBody, NoQuery
from gateway.rest.resources.lists import ids_in_query, page_of, user_page
from gateway.rest.resources.requests import IdsQuery, PageQuery
from gateway.rest.routes import ANYONE, Routes
from gateway.rest.v1 import present
from gateway.rest.v1.types import Relationship, Relationships, UserPage

graph = Routes("Graph", "Following, blocking and muting.")

_LIST_REASONS = ("USER_NOT_FOUND", "ACCOUNT_PROTECTED")


@graph.change(
    "PUT",
    "/users/{user_id}/follow",
    reasons=("USER_NOT_FOUND", "BLOCKING", "CANNOT_FOLLOW_SELF", "TOO_MANY_FOLLOWS"),
)
async def follow(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Follow a person.

    Where the person is protected this asks for consent: `follow_requested` is true then.
    """
    response = await call.backends.graph.Follow(
        FollowRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.change("DELETE", "/users/{user_id}/follow", reasons=("USER_NOT_FOUND",))
async def unfollow(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Stop following a person, or withdraw the request to."""
    response = await call.backends.graph.Unfollow(
        UnfollowRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.change("PUT", "/users/{user_id}/block", reasons=("USER_NOT_FOUND", "CANNOT_BLOCK_SELF"))
async def block(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Block a person.

    Follows and requests end both ways, and neither sees the other's posts from then on.
    """
    response = await call.backends.graph.Block(
        BlockRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.change("DELETE", "/users/{user_id}/block", reasons=("USER_NOT_FOUND",))
async def unblock(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Stop blocking a person; follows do not come back."""
    response = await call.backends.graph.Unblock(
        UnblockRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.change("PUT", "/users/{user_id}/mute", reasons=("USER_NOT_FOUND", "CANNOT_MUTE_SELF"))
async def mute(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Mute a person.

    Their posts stay off one's timelines; they are not told.
    """
    response = await call.backends.graph.Mute(
        MuteRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.change("DELETE", "/users/{user_id}/mute", reasons=("USER_NOT_FOUND",))
async def unmute(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Stop muting a person."""
    response = await call.backends.graph.Unmute(
        UnmuteRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.get("/users/{user_id}/followers", access=ANYONE, reasons=_LIST_REASONS)
async def list_followers(call: Call[PageQuery, NoBody]) -> Answer[UserPage]:
    """List a person's followers, newest first."""
    return user_page(await reading.followers(call.backends, user_id=call.path_id, **page_of(call)))


@graph.get("/users/{user_id}/following", access=ANYONE, reasons=_LIST_REASONS)
async def list_following(call: Call[PageQuery, NoBody]) -> Answer[UserPage]:
    """List whom a person follows, newest first."""
    return user_page(await reading.following(call.backends, user_id=call.path_id, **page_of(call)))


@graph.get("/follow-requests")
async def list_follow_requests(call: Call[PageQuery, NoBody]) -> Answer[UserPage]:
    """List who waits for one's consent to follow, newest first."""
    return user_page(await reading.follow_requests(call.backends, **page_of(call)))


@graph.change("PUT", "/follow-requests/{user_id}", reasons=("FOLLOW_REQUEST_NOT_FOUND",))
async def accept_follow_request(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Let a person follow."""
    response = await call.backends.graph.AcceptFollowRequest(
        AcceptFollowRequestRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.change("DELETE", "/follow-requests/{user_id}")
async def reject_follow_request(call: Call[NoQuery, NoBody]) -> Answer[Relationship]:
    """Do not let a person follow; they are not told."""
    response = await call.backends.graph.RejectFollowRequest(
        RejectFollowRequestRequest(user_id=call.path_id, request_id=call.request_id)
    )
    return Answer(present.relationship(response.relationship))


@graph.get("/blocks")
async def list_blocks(call: Call[PageQuery, NoBody]) -> Answer[UserPage]:
    """List whom one blocks, newest first."""
    return user_page(await reading.blocked(call.backends, **page_of(call)))


@graph.get("/mutes")
async def list_mutes(call: Call[PageQuery, NoBody]) -> Answer[UserPage]:
    """List whom one mutes, newest first."""
    return user_page(await reading.muted(call.backends, **page_of(call)))


@graph.get("/relationships")
async def get_relationships(call: Call[IdsQuery, NoBody]) -> Answer[Relationships]:
    """Read how one stands to several people.

    In the order of `ids`.
    """
    response = await call.backends.graph.BatchGetRelationships(
        BatchGetRelationshipsRequest(user_ids=ids_in_query("ids", call.query.ids))
    )
    return Answer(Relationships([present.relationship(each) for each in response.relationships]))

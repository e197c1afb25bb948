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

from gateway.api.relationships import queries
from gateway.api.requests import IdsQuery, PageQuery
from gateway.protocols.rest.context import (
    NoBody,
    NoQuery,
    RequestContext,
    Response,
)
from gateway.protocols.rest.pages import ids_in_query, page_of, user_page
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation
from gateway.views.shapes import Relationship, Relationships, UserPage

graph = Routes("Graph", "Following, blocking and muting.")

_LIST_REASONS = ("USER_NOT_FOUND", "ACCOUNT_PROTECTED")


@graph.change(
    "PUT",
    "/users/{user_id}/follow",
    reasons=("USER_NOT_FOUND", "BLOCKING", "CANNOT_FOLLOW_SELF", "TOO_MANY_FOLLOWS"),
)
async def follow(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Follow a person.

    Where the person is protected this asks for consent: `follow_requested` is true then.
    """
    response = await context.backends.graph.Follow(
        FollowRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.change("DELETE", "/users/{user_id}/follow", reasons=("USER_NOT_FOUND",))
async def unfollow(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Stop following a person, or withdraw the request to."""
    response = await context.backends.graph.Unfollow(
        UnfollowRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.change("PUT", "/users/{user_id}/block", reasons=("USER_NOT_FOUND", "CANNOT_BLOCK_SELF"))
async def block(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Block a person.

    Follows and requests end both ways, and neither sees the other's posts from then on.
    """
    response = await context.backends.graph.Block(
        BlockRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.change("DELETE", "/users/{user_id}/block", reasons=("USER_NOT_FOUND",))
async def unblock(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Stop blocking a person; follows do not come back."""
    response = await context.backends.graph.Unblock(
        UnblockRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.change("PUT", "/users/{user_id}/mute", reasons=("USER_NOT_FOUND", "CANNOT_MUTE_SELF"))
async def mute(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Mute a person.

    Their posts stay off one's timelines; they are not told.
    """
    response = await context.backends.graph.Mute(
        MuteRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.change("DELETE", "/users/{user_id}/mute", reasons=("USER_NOT_FOUND",))
async def unmute(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Stop muting a person."""
    response = await context.backends.graph.Unmute(
        UnmuteRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.get("/users/{user_id}/followers", access=ANYONE, reasons=_LIST_REASONS)
async def list_followers(context: RequestContext[PageQuery, NoBody]) -> Response[UserPage]:
    """List a person's followers, newest first."""
    return user_page(
        await queries.followers(context.backends, user_id=context.path_id, **page_of(context))
    )


@graph.get("/users/{user_id}/following", access=ANYONE, reasons=_LIST_REASONS)
async def list_following(context: RequestContext[PageQuery, NoBody]) -> Response[UserPage]:
    """List whom a person follows, newest first."""
    return user_page(
        await queries.following(context.backends, user_id=context.path_id, **page_of(context))
    )


@graph.get("/follow-requests")
async def list_follow_requests(context: RequestContext[PageQuery, NoBody]) -> Response[UserPage]:
    """List who waits for one's consent to follow, newest first."""
    return user_page(await queries.follow_requests(context.backends, **page_of(context)))


@graph.change("PUT", "/follow-requests/{user_id}", reasons=("FOLLOW_REQUEST_NOT_FOUND",))
async def accept_follow_request(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Let a person follow."""
    response = await context.backends.graph.AcceptFollowRequest(
        AcceptFollowRequestRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.change("DELETE", "/follow-requests/{user_id}")
async def reject_follow_request(context: RequestContext[NoQuery, NoBody]) -> Response[Relationship]:
    """Do not let a person follow; they are not told."""
    response = await context.backends.graph.RejectFollowRequest(
        RejectFollowRequestRequest(user_id=context.path_id, request_id=context.request_id)
    )
    return Response(presentation.relationship(response.relationship))


@graph.get("/blocks")
async def list_blocks(context: RequestContext[PageQuery, NoBody]) -> Response[UserPage]:
    """List whom one blocks, newest first."""
    return user_page(await queries.blocked(context.backends, **page_of(context)))


@graph.get("/mutes")
async def list_mutes(context: RequestContext[PageQuery, NoBody]) -> Response[UserPage]:
    """List whom one mutes, newest first."""
    return user_page(await queries.muted(context.backends, **page_of(context)))


@graph.get("/relationships")
async def get_relationships(context: RequestContext[IdsQuery, NoBody]) -> Response[Relationships]:
    """Read how one stands to several people.

    In the order of `ids`.
    """
    response = await context.backends.graph.BatchGetRelationships(
        BatchGetRelationshipsRequest(user_ids=ids_in_query("ids", context.query.ids))
    )
    return Response(
        Relationships([presentation.relationship(each) for each in response.relationships])
    )

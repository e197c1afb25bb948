"""Who follows, blocks and mutes whom."""

from roost.user.v1.graph_service_pb2 import (
    BatchGetRelationshipsRequest,
)

from gateway.api.relationships import acts, queries
from gateway.api.requests import IdsQuery, PageQuery
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    NoBody,
    RequestContext,
    Response,
)
from gateway.protocols.rest.pages import ids_in_query, page_of, user_page
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation
from gateway.views.shapes import Relationships, UserPage

graph = Routes("Graph", "Following, blocking and muting.")

_LIST_REASONS = ("USER_NOT_FOUND", "ACCOUNT_PROTECTED")


route(graph, acts.FOLLOW)
route(graph, acts.UNFOLLOW)
route(graph, acts.BLOCK)
route(graph, acts.UNBLOCK)
route(graph, acts.MUTE)
route(graph, acts.UNMUTE)


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


route(graph, acts.ACCEPT_FOLLOW_REQUEST)
route(graph, acts.REJECT_FOLLOW_REQUEST)


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

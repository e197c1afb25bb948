"""Follows, blocks and mutes."""

from roost.user.v1.graph_service_pb2 import (
    BatchGetRelationshipsRequest,
)

from gateway.api.relationships import acts, queries
from gateway.api.users.rest import USERS
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    IdsQuery,
    NoBody,
    RequestContext,
    Response,
    ids_in_query,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation
from gateway.views.shapes import Relationships

graph = Routes("Graph", "Following, blocking and muting.")

_LIST_REASONS = ("USER_NOT_FOUND", "ACCOUNT_PROTECTED")


route(graph, acts.FOLLOW)
route(graph, acts.UNFOLLOW)
route(graph, acts.BLOCK)
route(graph, acts.UNBLOCK)
route(graph, acts.MUTE)
route(graph, acts.UNMUTE)


graph.list(
    "/users/{user_id}/followers",
    name="list_followers",
    about="List a user's followers, newest first.",
    read=queries.followers,
    kind=USERS,
    by="user_id",
    access=ANYONE,
    reasons=_LIST_REASONS,
)


graph.list(
    "/users/{user_id}/following",
    name="list_following",
    about="List the users whom a user follows, newest first.",
    read=queries.following,
    kind=USERS,
    by="user_id",
    access=ANYONE,
    reasons=_LIST_REASONS,
)


graph.list(
    "/follow-requests",
    name="list_follow_requests",
    about="List the users who ask to follow the caller, newest first.",
    read=queries.follow_requests,
    kind=USERS,
)


route(graph, acts.ACCEPT_FOLLOW_REQUEST)
route(graph, acts.REJECT_FOLLOW_REQUEST)


graph.list(
    "/blocks",
    name="list_blocks",
    about="List the users whom the caller blocks, newest first.",
    read=queries.blocked,
    kind=USERS,
)


graph.list(
    "/mutes",
    name="list_mutes",
    about="List the users whom the caller mutes, newest first.",
    read=queries.muted,
    kind=USERS,
)


@graph.get("/relationships")
async def get_relationships(context: RequestContext[IdsQuery, NoBody]) -> Response[Relationships]:
    """Read the caller's relationships to several users.

    In the order of `ids`.
    """
    response = await context.backends.graph.BatchGetRelationships(
        BatchGetRelationshipsRequest(user_ids=ids_in_query("ids", context.query.ids))
    )
    return Response(
        Relationships([presentation.relationship(each) for each in response.relationships])
    )

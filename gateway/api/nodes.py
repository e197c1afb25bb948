"""Anything by its global id."""

import asyncio
from typing import Annotated

import strawberry
from roost.media.v1.media_service_pb2 import GetMediaRequest
from strawberry.types import Info

from gateway.api.delivery import queries as delivery
from gateway.api.delivery.types import PushSubscription
from gateway.api.media.types import Medium
from gateway.api.posts.types import Post, load_post
from gateway.api.sessions import queries as sessions
from gateway.api.sessions.types import Session
from gateway.api.users.types import User, load_user
from gateway.core.errors import ParameterInvalid
from gateway.protocols.graphql.context import backends_of, own
from gateway.protocols.graphql.fields import CALL, resolved
from gateway.protocols.graphql.global_ids import read_global_id
from gateway.protocols.graphql.nodes import Node
from services.chassis.runtime.errors import NotFound

MAX_NODES = 100


@strawberry.type
class NodeQueries:
    """Fields of Query that find things by global ids."""

    @resolved(
        "A thing by its global id; null where there is none that the caller may see. A deleted "
        "post is a tombstone to those who could see it."
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")],  # noqa: A002
    ) -> Node | None:
        return await _find(info, id)

    @resolved(
        "Several things by their global ids, in their order; null for each that is not found.",
        each=CALL,  # users whom the batch does not bring are loaded one by one
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 global ids.")
        ],
    ) -> list[Node | None]:
        if len(ids) > MAX_NODES:
            raise ParameterInvalid("ids", "length", f"may hold {MAX_NODES} at most")
        return list(await asyncio.gather(*(_find(info, each) for each in ids)))


async def _find(info: Info, text: str) -> Node | None:
    found = read_global_id(text)
    if found is None:
        return None
    kind, number = found
    if kind == Post.kind:
        return await load_post(info, number, tombstone=True)
    if kind == User.kind:
        return await load_user(info, number)
    try:
        if kind == Session.kind:
            return Session(message=await sessions.session(own(info), number))
        if kind == Medium.kind:
            request = GetMediaRequest(medium_id=number)
            return Medium(message=(await backends_of(info).media.GetMedia(request)).medium)
        if kind == PushSubscription.kind:
            device = await delivery.push_subscription(own(info), number)
            return PushSubscription(message=device)
    except NotFound:
        return None
    return None

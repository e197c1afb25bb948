"""Anything by its global id."""

import asyncio
from typing import Annotated

import strawberry
from strawberry.types import Info

from gateway.graphql.context import own
from gateway.graphql.fields import CALL, loaded
from gateway.graphql.ids import read_global_id
from gateway.graphql.types import posts, users
from gateway.graphql.types.devices import PushSubscription, Session
from gateway.graphql.types.nodes import Node
from gateway.graphql.types.posts import Post
from gateway.graphql.types.users import User
from gateway.reading import devices
from gateway.refusals import ParameterInvalid
from services.chassis.runtime.errors import NotFound

MAX_NODES = 100


@strawberry.type
class NodeQueries:
    """Of Query."""

    @loaded(
        "A thing by its global id; null where there is none that the caller may see. A deleted "
        "post is a tombstone to those who could see it."
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")],  # noqa: A002
    ) -> Node | None:
        """Batched."""
        return await _find(info, id)

    @loaded(
        "Several things by their global ids, in their order; null for each that is not found.",
        each=CALL,  # whoever does not come along with all, is asked for
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 global ids.")
        ],
    ) -> list[Node | None]:
        """Batched."""
        if len(ids) > MAX_NODES:
            raise ParameterInvalid("ids", "length", f"may hold {MAX_NODES} at most")
        return list(await asyncio.gather(*(_find(info, each) for each in ids)))


async def _find(info: Info, text: str) -> Node | None:
    found = read_global_id(text)
    if found is None:
        return None
    kind, number = found
    if kind == Post.kind:
        return await posts.load_post(info, number, tombstone=True)
    if kind == User.kind:
        return await users.load_user(info, number)
    try:
        if kind == Session.kind:
            return Session(message=await devices.session(own(info), number))
        if kind == PushSubscription.kind:
            device = await devices.push_subscription(own(info), number)
            return PushSubscription(message=device)
    except NotFound:
        return None
    return None

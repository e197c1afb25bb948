"""Lists of users by relationship: followers, following, requests, blocks, mutes."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from google.protobuf.message import Message
from roost.user.v1.graph_service_pb2 import (
    ListBlocksRequest,
    ListFollowersRequest,
    ListFollowingRequest,
    ListFollowRequestsRequest,
    ListMutesRequest,
)
from roost.user.v1.user_pb2 import User

from gateway.api.users.queries import people_page
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated
from gateway.core.pipeline import (
    Page,
    Skeleton,
)

R = TypeVar("R", bound=Message)


class PeopleResponse(Protocol):
    """What the user service answers lists of users with."""

    @property
    def users(self) -> Sequence[User]:
        """In the order of the list."""
        ...

    @property
    def next_page_token(self) -> str:
        """Empty on the last page."""
        ...


async def followers(backends: Backends, *, user_id: int, token: str, size: int) -> Page[User]:
    """A page of a user's followers, newest first."""

    request = ListFollowersRequest(user_id=user_id)
    return await _listed(backends.graph.ListFollowers, request, token, size)


async def following(backends: Backends, *, user_id: int, token: str, size: int) -> Page[User]:
    """A page of whom a user follows, newest first."""

    request = ListFollowingRequest(user_id=user_id)
    return await _listed(backends.graph.ListFollowing, request, token, size)


async def follow_requests(backends: Backends, *, token: str, size: int) -> Page[User]:
    """A page of those who wait for the caller's consent to follow, newest first."""

    request = ListFollowRequestsRequest()
    return await _listed(backends.graph.ListFollowRequests, request, token, size)


async def blocked(backends: Backends, *, token: str, size: int) -> Page[User]:
    """A page of whom the caller blocks, newest first."""

    request = ListBlocksRequest()
    return await _listed(backends.graph.ListBlocks, request, token, size)


async def muted(backends: Backends, *, token: str, size: int) -> Page[User]:
    """A page of whom the caller mutes, newest first."""

    request = ListMutesRequest()
    return await _listed(backends.graph.ListMutes, request, token, size)


async def _listed(
    ask: Callable[[R], Awaitable[PeopleResponse]], request: R, token: str, size: int
) -> Page[User]:
    """A page of a list of the user service: `request` says which."""

    async def found(token: str, size: int) -> Skeleton[User]:
        page = type(request)(page_size=size, page_token=token)
        page.MergeFrom(request)
        response = await ask(page)
        return Skeleton(list(response.users), response.next_page_token, Hydrated())

    return await people_page(found, token, size)

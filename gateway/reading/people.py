"""Lists of people; their services have decided who is on them, and bring them along."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from google.protobuf.message import Message
from roost.post.v1.engagement_service_pb2 import ListLikersRequest, ListRepostersRequest
from roost.post.v1.post_pb2 import Includes
from roost.user.v1.graph_service_pb2 import (
    ListBlocksRequest,
    ListFollowersRequest,
    ListFollowingRequest,
    ListFollowRequestsRequest,
    ListMutesRequest,
)
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import GetUserByHandleRequest

from gateway import rules
from gateway.backends import Backends
from gateway.hydrate import Hydrated
from gateway.pipeline import Page, Skeleton, Source, read_page
from services.chassis.runtime.errors import NotFound

R = TypeVar("R", bound=Message)


class PeopleResponse(Protocol):
    """What the user service answers lists of people with."""

    @property
    def users(self) -> Sequence[User]:
        """In the order of the list."""
        ...

    @property
    def next_page_token(self) -> str:
        """Empty on the last page."""
        ...


async def called(backends: Backends, handle: str) -> User | None:
    """The person with a handle, without regard to case; None for nobody."""
    try:
        response = await backends.users.GetUserByHandle(GetUserByHandleRequest(handle=handle))
    except NotFound:
        return None
    return response.user


async def followers(backends: Backends, *, user_id: int, token: str, size: int) -> Page[User]:
    """A page of a person's followers, newest first."""

    request = ListFollowersRequest(user_id=user_id)
    return await _listed(backends.graph.ListFollowers, request, token, size)


async def following(backends: Backends, *, user_id: int, token: str, size: int) -> Page[User]:
    """A page of whom a person follows, newest first."""

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


async def likers(backends: Backends, *, post_id: int, token: str, size: int) -> Page[User]:
    """A page of who likes a post, newest like first, without those who are gone."""

    async def found(token: str, size: int) -> Skeleton[User]:
        request = ListLikersRequest(post_id=post_id, page_size=size, page_token=token)
        response = await backends.engagement.ListLikers(request)
        people = _in_order(response.user_ids, response.includes)
        return Skeleton(people, response.next_page_token, Hydrated())

    return await _page(found, token, size)


async def reposters(backends: Backends, *, post_id: int, token: str, size: int) -> Page[User]:
    """A page of who reposted a post, newest repost first, without those who are gone."""

    async def found(token: str, size: int) -> Skeleton[User]:
        request = ListRepostersRequest(post_id=post_id, page_size=size, page_token=token)
        response = await backends.engagement.ListReposters(request)
        people = _in_order(response.user_ids, response.includes)
        return Skeleton(people, response.next_page_token, Hydrated())

    return await _page(found, token, size)


async def _listed(
    ask: Callable[[R], Awaitable[PeopleResponse]], request: R, token: str, size: int
) -> Page[User]:
    """A page of a list of the user service: `request` says which."""

    async def found(token: str, size: int) -> Skeleton[User]:
        page = type(request)(page_size=size, page_token=token)
        page.MergeFrom(request)
        response = await ask(page)
        return Skeleton(list(response.users), response.next_page_token, Hydrated())

    return await _page(found, token, size)


async def _page(source: Source[User], token: str, size: int) -> Page[User]:
    return await read_page(source, rules.listed, token=token, size=size)


def _in_order(ids: Iterable[int], includes: Includes) -> list[User]:
    found = {person.id: person for person in includes.users}
    return [found[each] for each in ids if each in found]

"""Lists of people; their services have decided who is on them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

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

from gateway.backends import Backends
from services.chassis.errors import NotFound


class People(NamedTuple):
    """A page of people, and the token of the next one (empty on the last)."""

    users: Sequence[User]
    next_token: str


async def called(backends: Backends, handle: str) -> User | None:
    """The person with a handle, without regard to case; None for nobody."""
    try:
        response = await backends.users.GetUserByHandle(GetUserByHandleRequest(handle=handle))
    except NotFound:
        return None
    return response.user


async def followers(backends: Backends, *, user_id: int, token: str, size: int) -> People:
    """A person's followers, newest first."""
    request = ListFollowersRequest(user_id=user_id, page_size=size, page_token=token)
    response = await backends.graph.ListFollowers(request)
    return People(response.users, response.next_page_token)


async def following(backends: Backends, *, user_id: int, token: str, size: int) -> People:
    """Whom a person follows, newest first."""
    request = ListFollowingRequest(user_id=user_id, page_size=size, page_token=token)
    response = await backends.graph.ListFollowing(request)
    return People(response.users, response.next_page_token)


async def follow_requests(backends: Backends, *, token: str, size: int) -> People:
    """Who waits for the caller's consent to follow, newest first."""
    request = ListFollowRequestsRequest(page_size=size, page_token=token)
    response = await backends.graph.ListFollowRequests(request)
    return People(response.users, response.next_page_token)


async def blocked(backends: Backends, *, token: str, size: int) -> People:
    """Whom the caller blocks, newest first."""
    request = ListBlocksRequest(page_size=size, page_token=token)
    response = await backends.graph.ListBlocks(request)
    return People(response.users, response.next_page_token)


async def muted(backends: Backends, *, token: str, size: int) -> People:
    """Whom the caller mutes, newest first."""
    request = ListMutesRequest(page_size=size, page_token=token)
    response = await backends.graph.ListMutes(request)
    return People(response.users, response.next_page_token)


async def likers(backends: Backends, *, post_id: int, token: str, size: int) -> People:
    """Who likes a post, newest like first, without those who are gone."""
    request = ListLikersRequest(post_id=post_id, page_size=size, page_token=token)
    response = await backends.engagement.ListLikers(request)
    return People(_in_order(response.user_ids, response.includes), response.next_page_token)


async def reposters(backends: Backends, *, post_id: int, token: str, size: int) -> People:
    """Who reposted a post, newest repost first, without those who are gone."""
    request = ListRepostersRequest(post_id=post_id, page_size=size, page_token=token)
    response = await backends.engagement.ListReposters(request)
    return People(_in_order(response.user_ids, response.includes), response.next_page_token)


def _in_order(ids: Iterable[int], includes: Includes) -> list[User]:
    found = {person.id: person for person in includes.users}
    return [found[each] for each in ids if each in found]

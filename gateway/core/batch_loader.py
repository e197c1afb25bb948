"""Loads posts and users by id, and follows of hashtags, in batches, for one operation."""

import asyncio
from typing import TYPE_CHECKING, TypeVar

from roost.post.v1.post_service_pb2 import BatchGetPostsRequest
from roost.timeline.v1.timeline_service_pb2 import BatchGetFollowedHashtagsRequest
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import GetUserRequest
from strawberry.dataloader import DataLoader

from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated
from services.chassis.runtime.errors import NotFound

if TYPE_CHECKING:
    pass


K = TypeVar("K")


V = TypeVar("V")


# As many posts, and as many users, as BatchGetPosts takes.
_MAX_BATCH = 200


# As many hashtags as BatchGetFollowedHashtags takes.
_MAX_HASHTAGS = 200


_POST, _USER = 0, 1


class BatchLoader:
    """Loads each of them at most once. What is requested in one turn of the loop goes into
    one call. Each operation, change and event has a new loader, so nothing is stale."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        # By kind and id, so that posts and users go into the same call.
        self._seen: DataLoader[tuple[int, int], Hydrated] = DataLoader(
            load_fn=self._load_seen, max_batch_size=_MAX_BATCH
        )
        self._profiles: DataLoader[int, User | None] = DataLoader(load_fn=self._load_profiles)
        self._follows: DataLoader[str, bool] = DataLoader(
            load_fn=self._load_follows, max_batch_size=_MAX_HASHTAGS
        )

    async def post(self, post_id: int) -> Hydrated:
        """What the viewer may see of a post, perhaps its tombstone; it is missing where that is
        nothing."""
        return await self._get(self._seen, (_POST, post_id))

    async def user(self, user_id: int) -> User | None:
        """A user; None where they are gone or hidden."""
        found = (await self._get(self._seen, (_USER, user_id))).users.get(user_id)
        if found is not None:
            return found
        # Lists leave out whom the caller blocks, but a profile is shown.
        return await self._get(self._profiles, user_id)

    async def follows_hashtag(self, tag: str) -> bool:
        """Whether the caller, who is signed in, follows a folded hashtag."""
        return await self._get(self._follows, tag)

    async def _get(self, loader: DataLoader[K, V], key: K) -> V:
        # A field that is cancelled cancels no other that waits for the same.
        return await asyncio.shield(asyncio.ensure_future(loader.load(key)))

    async def _load_seen(self, keys: list[tuple[int, int]]) -> list[Hydrated]:
        response = await self._backends.posts.BatchGetPosts(
            BatchGetPostsRequest(
                post_ids=[number for kind, number in keys if kind == _POST],
                include_user_ids=[number for kind, number in keys if kind == _USER],
                include_tombstones=True,
            )
        )
        return [Hydrated.of(response.posts, response.includes)] * len(keys)

    async def _load_follows(self, tags: list[str]) -> list[bool]:
        request = BatchGetFollowedHashtagsRequest(tags=tags)
        response = await self._backends.timelines.BatchGetFollowedHashtags(request)
        followed = set(response.tags)
        return [each in followed for each in tags]

    async def _load_profiles(self, user_ids: list[int]) -> list[User | BaseException | None]:
        return await asyncio.gather(*map(self._load_profile, user_ids), return_exceptions=True)

    async def _load_profile(self, user_id: int) -> User | None:
        try:
            return (await self._backends.users.GetUser(GetUserRequest(user_id=user_id))).user
        except NotFound:
            return None

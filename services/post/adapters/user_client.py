"""Client of UserService and GraphService, which calls them in the Post service's own name."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from roost.user.v1.graph_service_pb2 import BatchGetPairRelationshipsRequest, Pair
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest

from services.post.rpc.read_cache.profile_cache import CachedProfile, to_cached_profile

if TYPE_CHECKING:
    from roost.user.v1.graph_service_pb2_grpc import GraphServiceAsyncStub
    from roost.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

# What the contract allows in one call.
MAX_IDS = 1_000


class MeshProfiles:
    """`model.Profiles`, and the `UserSource` of the profile cache."""

    def __init__(self, users: "UserServiceAsyncStub", graph: "GraphServiceAsyncStub") -> None:
        self._users = users
        self._graph = graph

    async def find(
        self, *, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> list[CachedProfile]:
        """See `model.Profiles.find`. Makes one call for each 1,000 ids."""
        return [
            to_cached_profile(user, own=user.id == viewer_id)
            for user in await self.users(ids, handles, viewer_id)
        ]

    async def users(
        self, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> list[User]:
        """The same users as messages of the contract, with all fields."""
        if len(ids) <= MAX_IDS:
            return await self._find(ids, handles, viewer_id)
        batches = await asyncio.gather(
            *(
                self._find(ids[start : start + MAX_IDS], handles if not start else (), viewer_id)
                for start in range(0, len(ids), MAX_IDS)
            )
        )
        found = {user.id: user for batch in batches for user in batch}
        return [found[each] for each in sorted(found)]

    async def blocked_pairs(self, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """The pairs with a block in either direction, of at most 1,000: one call to
        GraphService.BatchGetPairRelationships."""
        request = BatchGetPairRelationshipsRequest(
            pairs=[Pair(from_user_id=one_id, to_user_id=other_id) for one_id, other_id in pairs]
        )
        response = await self._graph.BatchGetPairRelationships(request)
        return {
            pair
            for pair, relationship in zip(pairs, response.relationships, strict=True)
            if relationship.either_blocks
        }

    async def _find(self, ids: Sequence[int], handles: Sequence[str], viewer_id: int) -> list[User]:
        request = BatchGetUsersRequest(user_ids=ids, handles=handles, viewer_id=viewer_id)
        response = await self._users.BatchGetUsers(request)
        return list(response.users)

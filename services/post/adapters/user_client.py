"""Asks the User service about people, in the Post service's own name."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from roost.user.v1.graph_service_pb2 import BatchGetPairRelationshipsRequest, Pair
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest

if TYPE_CHECKING:
    from roost.user.v1.graph_service_pb2_grpc import GraphServiceAsyncStub
    from roost.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

# What the contract allows in one call.
MAX_IDS = 1_000


# As the lists that they belong to: for the followers of a protected person.
_COUNTS = ("followers_count", "following_count", "posts_count")


class RelationshipFlags(NamedTuple):
    """How a viewer stands to somebody: what decides who sees what."""

    following: bool
    blocking: bool
    blocked_by: bool
    muting: bool = False


class CachedProfile(NamedTuple):
    """A packed User with what is asked of it before it is shown: a `model.Person`."""

    id: int
    handle: str
    protected: bool
    update_time: datetime
    viewer_relationship: RelationshipFlags
    packed: bytes


def known(user: User, *, own: bool = False) -> CachedProfile:
    """Somebody by the User service's answer; `own` where it is the viewer.

    What the viewer may not see of the profile is gone from `packed`.
    """
    relationship = user.viewer_relationship
    if user.protected and not (own or relationship.following):
        for field in _COUNTS:
            user.ClearField(field)
    return CachedProfile(
        id=user.id,
        handle=user.handle,
        protected=user.protected,
        update_time=user.update_time.ToDatetime(tzinfo=UTC),
        viewer_relationship=RelationshipFlags(
            relationship.following,
            relationship.blocking,
            relationship.blocked_by,
            relationship.muting,
        ),
        packed=user.SerializeToString(),
    )


class MeshProfiles:
    """`model.People` by UserService.BatchGetUsers. Whom it gives goes into responses as packed."""

    def __init__(self, users: "UserServiceAsyncStub", graph: "GraphServiceAsyncStub") -> None:
        self._users = users
        self._graph = graph

    async def find(
        self, *, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> list[CachedProfile]:
        """See `model.People.find`. Beyond 1,000 ids it takes another call for each 1,000."""
        return [
            known(user, own=user.id == viewer_id)
            for user in await self.users(ids, handles, viewer_id)
        ]

    async def users(
        self, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> list[User]:
        """The same as the contract's messages, with all that they tell."""
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

    async def apart(self, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of up to 1,000 pairs between whom a block stands, either way: one call to
        GraphService.BatchGetPairRelationships."""
        request = BatchGetPairRelationshipsRequest(
            pairs=[Pair(from_user_id=one_id, to_user_id=other_id) for one_id, other_id in pairs]
        )
        response = await self._graph.BatchGetPairRelationships(request)
        return {
            pair
            for pair, ties in zip(pairs, response.relationships, strict=True)
            if ties.either_blocks
        }

    async def _find(self, ids: Sequence[int], handles: Sequence[str], viewer_id: int) -> list[User]:
        request = BatchGetUsersRequest(user_ids=ids, handles=handles, viewer_id=viewer_id)
        response = await self._users.BatchGetUsers(request)
        return list(response.users)

"""Asks the User service about people, in the Post service's own name."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest

if TYPE_CHECKING:
    from roost.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

# What the contract allows in one call.
MAX_IDS = 1_000


class MeshPeople:
    """`model.People` by UserService.BatchGetUsers. What it gives are the contract's users, which
    have all that `model.Person` asks for, and go into responses as they are."""

    def __init__(self, users: "UserServiceAsyncStub") -> None:
        self._users = users

    async def find(
        self, *, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> list[User]:
        """See `model.People.find`. Beyond 1,000 ids it takes another call for each 1,000."""
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

    async def _find(self, ids: Sequence[int], handles: Sequence[str], viewer_id: int) -> list[User]:
        request = BatchGetUsersRequest(user_ids=ids, handles=handles, viewer_id=viewer_id)
        response = await self._users.BatchGetUsers(request)
        return list(response.users)

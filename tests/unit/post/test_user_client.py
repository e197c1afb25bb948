"""How many calls the client of the User service makes."""

from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest, BatchGetUsersResponse

from services.post.adapters.user_client import MAX_IDS, MeshProfiles


class Stub:
    def __init__(self) -> None:
        self.calls: list[BatchGetUsersRequest] = []

    async def BatchGetUsers(self, request: BatchGetUsersRequest) -> BatchGetUsersResponse:
        self.calls.append(request)
        named = [User(id=1, handle=handle) for handle in request.handles]
        return BatchGetUsersResponse(users=[*named, *(User(id=n) for n in request.user_ids)])


async def test_a_thousand_users_and_some_handles_are_one_call() -> None:
    stub = Stub()

    found = await MeshProfiles(stub, stub).find(  # type: ignore[arg-type]
        ids=range(2, MAX_IDS + 2), handles=["bob"], viewer_id=7
    )

    assert len(found) == MAX_IDS + 1
    (call,) = stub.calls
    assert call.viewer_id == 7


async def test_more_users_are_read_concurrently_and_returned_once_in_order() -> None:
    stub = Stub()

    found = await MeshProfiles(stub, stub).find(  # type: ignore[arg-type]
        ids=range(2 * MAX_IDS + 5, 0, -1), handles=["bob"], viewer_id=7
    )

    assert [user.id for user in found] == list(range(1, 2 * MAX_IDS + 6))
    assert [len(call.user_ids) for call in stub.calls] == [MAX_IDS, MAX_IDS, 5]
    assert [len(call.handles) for call in stub.calls] == [1, 0, 0]

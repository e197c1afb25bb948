"""What one operation, or one event of a subscription, has at hand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roost.post.v1.post_service_pb2 import BatchGetPostsRequest
from roost.user.v1.auth_service_pb2 import RefreshSessionResponse
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import GetUserRequest

from gateway.backends import Backends
from gateway.changing.sessions import Refresh
from gateway.graphql.projection import Projections
from gateway.hydrate import Hydrated
from services.chassis.runtime.errors import NotFound, Unauthenticated, Unimplemented

if TYPE_CHECKING:
    from strawberry.types import Info

# Of BatchGetPosts.
_MOST = 200


_POSTS, _PEOPLE = 0, 1


class _PendingBatch:
    """What one call will be asked for, and its answer."""

    __slots__ = ("answer", "call", "ids")

    def __init__(self, answer: "asyncio.Future[Hydrated]") -> None:
        self.ids: tuple[list[int], list[int]] = ([], [])
        self.answer = answer
        # Held, since the loop itself holds no task.
        self.call: asyncio.Future[None] | None = None


class Loader:
    """Posts and people by id, each at most once, in as few calls as there are moments when
    something is asked for. Made anew for each operation, change and event: it knows nothing old."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._posts: dict[int, asyncio.Future[Hydrated]] = {}
        self._people: dict[int, asyncio.Future[Hydrated]] = {}
        self._profiles: dict[int, asyncio.Future[User | None]] = {}
        self._asked: _PendingBatch | None = None

    async def post(self, post_id: int) -> Hydrated:
        """What the viewer may see of a post, perhaps its tombstone; it is missing where that is
        nothing."""
        return await self._ask(self._posts, post_id, _POSTS)

    async def person(self, user_id: int) -> User | None:
        """A person; None where they are gone or hidden."""
        profile = self._profiles.get(user_id)
        if profile is None:
            # Asked for at once, so as to go into the same call as what else is asked for now.
            among = self._ask(self._people, user_id, _PEOPLE)
            profile = asyncio.ensure_future(self._profile(user_id, among))
            self._profiles[user_id] = profile
        return await asyncio.shield(profile)

    async def _profile(self, user_id: int, among: "asyncio.Future[Hydrated]") -> User | None:
        found = (await among).users.get(user_id)
        if found is not None:
            return found
        # Lists leave out whom one blocks, but a profile is shown: those are asked for one by one.
        try:
            return (await self._backends.users.GetUser(GetUserRequest(user_id=user_id))).user
        except NotFound:
            return None

    def _ask(
        self, known: "dict[int, asyncio.Future[Hydrated]]", number: int, kind: int
    ) -> "asyncio.Future[Hydrated]":
        answer = known.get(number)
        if answer is not None:
            return asyncio.shield(answer)
        if self._asked is None or len(self._asked.ids[kind]) >= _MOST:
            loop = asyncio.get_running_loop()
            self._asked = _PendingBatch(loop.create_future())
            # Everything that is ready to run asks first.
            loop.call_soon(self._begin, self._asked)
        self._asked.ids[kind].append(number)
        known[number] = self._asked.answer
        return asyncio.shield(self._asked.answer)

    def _begin(self, asked: "_PendingBatch") -> None:
        if self._asked is asked:
            self._asked = None
        asked.call = asyncio.ensure_future(self._load(asked))

    async def _load(self, asked: "_PendingBatch") -> None:
        request = BatchGetPostsRequest(
            post_ids=asked.ids[_POSTS],
            include_user_ids=asked.ids[_PEOPLE],
            include_tombstones=True,
        )
        try:
            response = await self._backends.posts.BatchGetPosts(request)
        except Exception as error:
            asked.answer.set_exception(error)
            asked.answer.exception()  # so that nobody complains where all who asked have gone
        else:
            asked.answer.set_result(Hydrated.of(response.posts, response.includes))


async def no_refresh(_: str) -> RefreshSessionResponse:
    """Of an operation that changes nothing."""
    raise Unimplemented


@dataclass(slots=True, kw_only=True)
class Context:
    """One operation's own."""

    backends: Backends
    # 0 for strangers.
    viewer_id: int
    # Takes one from a bucket of whoever asks; raises RateLimited where it is empty.
    take: Callable[[str], None]
    # Only changes refresh.
    refresh: Refresh = no_refresh
    loader: Loader = field(init=False)
    # Of the document that is carried out.
    projections: Projections = field(init=False)

    def __post_init__(self) -> None:
        self.loader = Loader(self.backends)
        self.projections = Projections()

    def begin_mutation(self, bucket: str) -> None:
        """Counts a change against a bucket of whoever asks, and forgets what was loaded before it.
        Raises RateLimited where the bucket is empty."""
        self.take(bucket)
        self.loader = Loader(self.backends)

    def person(self) -> int:
        """Who asks. Raises Unauthenticated (TOKEN_MISSING) for strangers."""
        if not self.viewer_id:
            raise Unauthenticated
        return self.viewer_id


def backends_of(info: "Info") -> Backends:
    """The services, for a field that anybody may ask for."""
    context: Context = info.context
    return context.backends


def own(info: "Info") -> Backends:
    """The services, for a field about whoever asks. Raises Unauthenticated for strangers."""
    context: Context = info.context
    context.person()
    return context.backends

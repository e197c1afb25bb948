"""What the fields of one operation, or of one event of a subscription, share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roost.user.v1.auth_service_pb2 import RefreshSessionResponse

from gateway.core.batch_loader import BatchLoader
from gateway.core.clients import Backends
from gateway.core.refresh_tokens import Refresh
from gateway.protocols.graphql.projection import Projections
from services.chassis.runtime.errors import Unauthenticated, Unimplemented

if TYPE_CHECKING:
    from strawberry.types import Info


async def no_refresh(_: str) -> RefreshSessionResponse:
    """Of an operation that changes nothing."""
    raise Unimplemented


@dataclass(slots=True, kw_only=True)
class Context:
    """What the fields of one operation share."""

    backends: Backends
    # 0 for strangers.
    viewer_id: int
    # Takes one from a bucket of the caller; raises RateLimited where it is empty.
    take: Callable[[str], None]
    # Only changes refresh.
    refresh: Refresh = no_refresh
    loader: BatchLoader = field(init=False)
    # Of the document that is carried out.
    projections: Projections = field(init=False)

    def __post_init__(self) -> None:
        self.loader = BatchLoader(self.backends)
        self.projections = Projections()

    def begin_mutation(self, bucket: str) -> None:
        """Counts a change against a bucket of the caller, and drops what was loaded before it.
        Raises RateLimited where the bucket is empty."""
        self.take(bucket)
        self.loader = BatchLoader(self.backends)

    def signed_in_user(self) -> int:
        """The id of the caller. Raises Unauthenticated (TOKEN_MISSING) for strangers."""
        if not self.viewer_id:
            raise Unauthenticated
        return self.viewer_id


def backends_of(info: "Info") -> Backends:
    """The services, for a field that anybody may ask for."""
    context: Context = info.context
    return context.backends


def own(info: "Info") -> Backends:
    """The services, for a field about the caller. Raises Unauthenticated for strangers."""
    context: Context = info.context
    context.signed_in_user()
    return context.backends

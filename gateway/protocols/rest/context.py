"""One request as a route's function sees it, and the answer that it gives."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from gateway.api.sessions.commands import Refresh
from gateway.core.clients import Backends
from gateway.core.ids import NO_ID
from gateway.views.presentation import Presenter

Q = TypeVar("Q")
B = TypeVar("B")
T_co = TypeVar("T_co", covariant=True)


class NoQuery(msgspec.Struct, frozen=True):
    """No query parameters."""


class NoBody(msgspec.Struct, frozen=True):
    """No body."""


class NoContent(msgspec.Struct, frozen=True):
    """Nothing to say (204)."""


@dataclass(slots=True, kw_only=True)
class RequestContext(Generic[Q, B]):
    """A request, read and checked: what is here is well formed."""

    backends: Backends
    refresh: Refresh
    # Presents in the shapes of the version that was asked for.
    presenter: type[Presenter]
    query: Q
    body: B
    # The id in the path (of the route's one `{…_id}`); NO_ID where the route has none.
    path_id: int = NO_ID
    # The person who calls; NO_ID for strangers, whom only routes for anyone let in.
    viewer_id: int = NO_ID
    # The Idempotency-Key; empty where none was sent.
    request_id: str = ""
    # The service's etag that If-Match names; empty where the client takes whatever is there.
    expected_etag: str = ""


class Response(Generic[T_co]):
    """What goes back: a value of the type that the route's function declares, and what its headers
    say. `etag` is the service's etag of a single resource, `next_cursor` that of a page, `location`
    the path of what was made, without the version."""

    __slots__ = ("etag", "location", "next_cursor", "value")

    def __init__(
        self, value: T_co, *, etag: str = "", location: str = "", next_cursor: str = ""
    ) -> None:
        self.value = value
        self.etag = etag
        self.location = location
        self.next_cursor = next_cursor


NOTHING = Response(NoContent())

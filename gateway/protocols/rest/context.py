"""What a route's function takes and gives: the request, read and checked, and its response."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from gateway.core.clients import Backends
from gateway.core.errors import ParameterInvalid
from gateway.core.field_rules import pattern
from gateway.core.ids import ID_PATTERN, NO_ID, parse_id
from gateway.core.kept.parts import Parts
from gateway.core.object_store import ObjectStore
from gateway.core.pipeline import Page
from gateway.core.refresh_cookies import RefreshCookie
from gateway.core.refresh_tokens import Refresh
from gateway.views.presentation import Presenter

Q = TypeVar("Q")
B = TypeVar("B")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E")


# Items on a page.
DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class NoQuery(msgspec.Struct, frozen=True):
    """The query of routes that take no parameters."""


class NoBody(msgspec.Struct, frozen=True):
    """The body of routes that take none."""


class NoContent(msgspec.Struct, frozen=True):
    """No content (204)."""


@dataclass(slots=True, kw_only=True)
class RequestContext(Generic[Q, B]):
    """A request, read and checked: what is here is well formed."""

    backends: Backends
    refresh: Refresh
    # The refresh token in the cookie, for routes with the cookie. Raises Unauthenticated.
    refresh_cookie: Callable[[], str]
    # Where uploads go.
    store: ObjectStore
    # Presents in the shapes of the version that was asked for.
    presenter: type[Presenter]
    query: Q
    body: B
    # The id in the path (of the route's one `{…_id}`); NO_ID where the route has none.
    path_id: int = NO_ID
    # The text in the path (of the route's one other parameter); empty where the route has none.
    path_text: str = ""
    # The user who calls; NO_ID for strangers, whom only routes for anyone let in.
    viewer_id: int = NO_ID
    # The Idempotency-Key; empty where none was sent.
    request_id: str = ""
    # The service's etag that If-Match names; empty without a condition.
    expected_etag: str = ""
    # What the response is made of, for routes whose responses may be kept.
    parts: Parts = field(default_factory=Parts)


class Response(Generic[T_co]):
    """The response: a value of the type that the route's function declares, and what its headers
    say. `etag` is the service's etag of a single resource, `next_cursor` that of a page, `location`
    the path of what was made, without the version, `cookie` what the browser is to hold."""

    __slots__ = ("cookie", "etag", "location", "next_cursor", "value")

    def __init__(
        self,
        value: T_co,
        *,
        etag: str = "",
        location: str = "",
        next_cursor: str = "",
        cookie: RefreshCookie | None = None,
    ) -> None:
        self.value = value
        self.cookie = cookie
        self.etag = etag
        self.location = location
        self.next_cursor = next_cursor


NOTHING = Response(NoContent())


Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many items the page has at most.")]


Cursor = Annotated[
    str,
    Meta(max_length=512, description="The `next_cursor` of the page before; empty for the first."),
]


IdList = Annotated[
    str,
    Meta(
        pattern=pattern(
            r"^{0}(,{0}){{0,99}}$".format(ID_PATTERN.strip("^$")),
            "must be 1 to 100 decimal ids, separated by commas",
        ),
        description="Up to 100 ids, separated by commas.",
        examples=["187649984473770,187649984473771"],
    ),
]


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a list goes on, and how much of it to show."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class IdsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which things to read at once."""

    ids: IdList


@dataclass(frozen=True, slots=True)
class PageKind(Generic[E]):
    """How pages of one kind of list look: their shape, and what is on them."""

    shape: type[Any]
    items: Callable[[RequestContext[Any, Any], Page[E]], list[Any]]

    def response(self, context: RequestContext[Any, Any], page: Page[E]) -> Response[Any]:
        """A page, in the shapes of the version that was asked for."""
        token = page.next_token
        value = self.shape(self.items(context, page), token or None)
        return Response(value, next_cursor=token)


def place(context: RequestContext[Any, Any]) -> dict[str, Any]:
    """Which page is asked for, as queries take it."""
    return {"size": context.query.limit, "token": context.query.cursor}


def ids_in_query(name: str, text: str) -> list[int]:
    """The ids of a comma-separated parameter, each once. Raises ParameterInvalid."""
    found: dict[int, None] = {}
    for each in text.split(","):
        number = parse_id(each)
        if number is None:
            raise ParameterInvalid(name, "id", "must hold decimal ids, separated by commas")
        found[number] = None
    return list(found)

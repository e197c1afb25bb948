"""Pages of lists, as Relay has them (https://relay.dev/graphql/connections.htm), forward only."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import strawberry
from strawberry.types import Info

from gateway.core.clients import Backends
from gateway.core.errors import ParameterInvalid
from gateway.core.pipeline import Page
from gateway.protocols.graphql.context import backends_of
from gateway.protocols.graphql.fields import CALL, COST, EACH, computed, nullable

T = TypeVar("T")

DEFAULT_FIRST = 20
MAX_FIRST = 100
_MAX_CURSOR = 512

First = Annotated[
    int,
    strawberry.argument(description="How many there are on the page at most: 1 to 100."),
]
After = Annotated[
    str | None,
    strawberry.argument(description="Where the list goes on: `endCursor` of the page before."),
]


class Place(NamedTuple):
    """Which page is asked for."""

    token: str
    size: int


def place(first: int, after: str | None, *, most: int = MAX_FIRST) -> Place:
    """The page that the arguments ask for. Raises ParameterInvalid."""
    if not 1 <= first <= most:
        raise ParameterInvalid("first", "range", f"must be 1 to {most}")
    token = after or ""
    if len(token) > _MAX_CURSOR:
        raise ParameterInvalid("after", "length", f"must have {_MAX_CURSOR} characters at most")
    return Place(token, size=first)


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Position of one page in its list."""

    has_next_page: bool = strawberry.field(
        description="Whether something follows that is shown to the caller: exactly then."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether this page was reached from one before it. Lists are read forward only."
    )
    start_cursor: str | None = strawberry.field(
        description="Always null: lists are read forward only."
    )
    end_cursor: str | None = strawberry.field(
        description="Give it as `after` for the next page; null on the last page."
    )


@strawberry.type(description="One thing on a page.")
class Edge(Generic[T]):
    """An item of a page, with its cursor."""

    node: T = strawberry.field(description="The thing itself.")
    cursor: str | None = strawberry.field(
        description="Where the list goes on behind it. Known of the last one on a page that is not "
        "the last; null for all others."
    )


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """A page of a list; lists are read forward only."""

    items: strawberry.Private[Sequence[T]]
    next_token: strawberry.Private[str]
    token: strawberry.Private[str] = ""

    @computed("What is on the page, with cursors.")
    def edges(self) -> list[Edge[T]]:
        """In the order of the list."""
        edges = [Edge(node=each, cursor=None) for each in self.items]
        if edges and self.next_token:
            edges[-1].cursor = self.next_token
        return edges

    @computed("What is on the page, without cursors.")
    def nodes(self) -> list[T]:
        """In the order of the list."""
        return list(self.items)

    @computed("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.token, self.next_token)


def page_info(token: str, next_token: str) -> PageInfo:
    """The position of the page at a token, by the token of the page after it."""
    return PageInfo(
        has_next_page=bool(next_token),
        has_previous_page=bool(token),
        start_cursor=None,
        end_cursor=next_token or None,
    )


def connection(
    page: Page[Any], show: Callable[[Page[Any]], Sequence[T]], wanted: Place
) -> Connection[T]:
    """A page of a list; `show` gives what is on it as objects of the schema."""
    return Connection(items=show(page), next_token=page.next_token, token=wanted.token)


def list_field(
    about: str,
    kind: Any,
    read: Callable[..., Awaitable[Page[Any]]],
    show: Callable[[Page[Any]], Sequence[Any]],
    *,
    by: str = "",
    services: Callable[[Info], Backends] = backends_of,
    cost: int = CALL,
) -> Any:
    """A field that reads a list page by page.

    `kind` is the type of what is on the page, `read` the query, and `by` the name of the query's
    argument that takes the id of the object which has the field.
    """

    async def resolver(
        self: Any, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Any:
        wanted = place(first, after)
        of = {by: self.number()} if by else {}
        return connection(await read(services(info), **of, **wanted._asdict()), show, wanted)

    resolver.__annotations__["return"] = Connection[kind]
    return strawberry.field(
        resolver=nullable(resolver), description=about, metadata={COST: cost, EACH: 0}
    )

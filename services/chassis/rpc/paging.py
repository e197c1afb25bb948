"""Pages that are full although some of their rows may not be shown."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

from services.chassis.rpc.page_token import PageTokens

R = TypeVar("R")

DEFAULT_SIZE = 20
MAX_SIZE = 100
# For one page; where all that is walked was hidden, the next token goes on from there.
MAX_ROUNDS = 5
MAX_FETCHED = 200


class Page(NamedTuple, Generic[R]):
    """The rows of a page, and where the next one begins: None after the last."""

    rows: list[R]
    next_position: int | None


def size_of(request: Any) -> int:
    """How many rows a request asks for: 0 for 20, at most 100."""
    return min(request.page_size or DEFAULT_SIZE, MAX_SIZE)


def position_of(request: Any, tokens: PageTokens) -> int:
    """Where the request's page begins; 0 for the first. Raises PageTokenInvalid."""
    return tokens.open(request, int) or 0


def token_of(page: Page[Any], request: Message, tokens: PageTokens) -> str:
    """The token of the next page; empty after the last."""
    return "" if page.next_position is None else tokens.seal(request, page.next_position)


async def fill(
    *,
    size: int,
    position: int,
    fetch: Callable[[int, int], Awaitable[Sequence[R]]],
    place: Callable[[R], int],
    keep: Callable[[Sequence[R]], Awaitable[Sequence[bool]]],
) -> Page[R]:
    """Fetches rows beyond `position` until `size` of them are kept, or none is left.

    `fetch(position, limit)` gives the next rows, `place` a row's position, and `keep` tells of each
    row whether it may be shown. There is a next page only if there is something to show on it; or
    if MAX_ROUNDS did not suffice to know, and then this page may be short.
    """
    kept: list[R] = []
    limit = size + 1
    for _ in range(MAX_ROUNDS):
        rows = await fetch(position, limit)
        for row, shown in zip(rows, await keep(rows), strict=True):
            if shown and len(kept) == size:
                return Page(kept, position)
            if shown:
                kept.append(row)
            position = place(row)
        if len(rows) < limit:
            return Page(kept, None)
        limit = min(2 * limit, MAX_FETCHED)
    return Page(kept, position)

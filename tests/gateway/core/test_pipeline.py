"""The pipeline by itself: pages are full, cursors skip and repeat nothing, lists may move."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.pipeline import (
    MAX_ROUNDS,
    Page,
    Skeleton,
    read_page,
)


class Numbers:
    """A list of falling numbers. The token is the last number seen; `asked` counts the calls."""

    def __init__(self, *numbers: int, tells: bool = True) -> None:
        self.numbers = sorted(numbers, reverse=True)
        # Whether it says what the next page begins with.
        self.tells = tells
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, token: str, size: int) -> Skeleton[int]:
        self.asked.append((token, size))
        below = [each for each in self.numbers if not token or each < int(token)]
        entries, following = below[:size], below[size:]
        return Skeleton(
            entries,
            str(entries[-1]) if following else "",
            next_entry=following[0] if following and self.tells else None,
        )


async def read(
    source: Callable[..., object], size: int, keep: Callable[[int], bool], token: str = ""
) -> Page[int]:
    return await read_page(source, lambda each, _: keep(each), token=token, size=size)  # type: ignore[arg-type]


async def walk(source: Numbers, size: int, keep: Callable[[int], bool]) -> list[list[int]]:
    pages: list[list[int]] = []
    token = ""
    while token or not pages:
        page = await read(source, size, keep, token)
        pages.append(page.entries)
        token = page.next_token
    return pages


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(1, 2_000), max_size=600),
    st.integers(1, 40),
    st.integers(1, 25),
    st.booleans(),
)
async def test_walking_gives_what_belongs_there_in_order_and_once(
    numbers: set[int], size: int, share: int, tells: bool
) -> None:
    source = Numbers(*numbers, tells=tells)

    pages = await walk(source, size, lambda each: each % share == 0)

    walked = [each for page in pages for each in page]
    assert walked == [each for each in source.numbers if each % share == 0]
    assert all(len(each) == size for each in pages[:-1])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 12), st.booleans())
async def test_there_is_a_next_page_only_where_something_is_shown_on_it(
    shown: list[bool], size: int, tells: bool
) -> None:
    belongs = {number for number, each in enumerate(shown, 1) if each}
    source = Numbers(*range(1, len(shown) + 1), tells=tells)

    pages = await walk(source, size, belongs.__contains__)

    assert [each for page in pages for each in page] == sorted(belongs, reverse=True)
    assert len(pages) == max(1, -(-len(belongs) // size))


async def test_nothing_dropped_is_one_round() -> None:
    source = Numbers(*range(1, 100))

    page = await read(source, 20, lambda _: True)

    assert (page.entries, page.next_token) == (list(range(99, 79, -1)), "80")
    assert source.asked == [("", 20)]


async def test_a_round_asks_for_just_what_is_missing() -> None:
    source = Numbers(*range(1, 100))

    await read(source, 20, lambda each: each != 90)

    assert source.asked == [("", 20), ("80", 1)]


async def test_where_what_follows_is_dropped_one_looks_further() -> None:
    source = Numbers(*range(1, 100))

    last = await read(source, 20, lambda each: each > 79)
    not_last = await read(source, 20, lambda each: each > 79 or each == 70)

    assert (last.next_token, not_last.next_token) == ("", "80")
    assert source.asked[:3] == [("", 20), ("80", 20), ("60", 20)]


async def test_reading_is_bounded() -> None:
    source = Numbers(*range(1, 100_000))

    page = await read(source, 20, lambda _: False)

    assert len(source.asked) == MAX_ROUNDS
    assert page.entries == []
    assert page.next_token


async def test_a_list_that_moves_under_the_reader_still_makes_progress() -> None:
    source = Numbers(*range(1, 2_000))
    real = source.__call__

    async def moving(token: str, size: int) -> Skeleton[int]:
        found = await real(token, size)
        # Each call meets another list: its newest entry is gone.
        if found.entries:
            source.numbers.remove(found.entries[0])
        return found

    seen: list[int] = []
    token = ""
    for _ in range(200):
        page = await read(moving, 5, lambda each: each % 9 == 0, token)
        seen += page.entries
        if page.next_token == token or not page.next_token:
            break
        token = page.next_token

    assert page.next_token == ""
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize("size", [1, 99, 100])
async def test_the_last_page_has_no_token(size: int) -> None:
    source = Numbers(1)

    page = await read(source, size, lambda _: True)

    assert (page.entries, page.next_token) == ([1], "")

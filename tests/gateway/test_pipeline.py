"""The pipeline by itself: pages are full, cursors skip and repeat nothing, lists may move."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.hydrate import Hydrated
from gateway.pipeline import MAX_ROUNDS, Page, Skeleton, read_page


class Numbers:
    """A list of falling numbers. The token is the last number seen; `asked` counts the calls."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = sorted(numbers, reverse=True)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, token: str, size: int) -> Skeleton[int]:
        self.asked.append((token, size))
        below = [each for each in self.numbers if not token or each < int(token)]
        entries = below[:size]
        return Skeleton(entries, str(entries[-1]) if len(below) > size else "", Hydrated())


async def read(
    source: Callable[..., object], size: int, keep: Callable[[int], bool], token: str = ""
) -> Page[int]:
    return await read_page(source, lambda each, _: keep(each), token=token, size=size)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(1, 2_000), max_size=600),
    st.integers(1, 40),
    st.integers(1, 25),
)
async def test_walking_gives_what_belongs_there_in_order_and_once(
    numbers: set[int], size: int, share: int
) -> None:
    source = Numbers(*numbers)
    pages: list[list[int]] = []
    token = ""
    while True:
        page = await read(source, size, lambda each: each % share == 0, token)
        pages.append(page.entries)
        token = page.next_token
        if not token:
            break

    walked = [each for page in pages for each in page]
    assert walked == [each for each in source.numbers if each % share == 0]
    assert all(len(each) == size for each in pages[:-1])


async def test_nothing_dropped_is_one_round() -> None:
    source = Numbers(*range(1, 100))

    page = await read(source, 20, lambda _: True)

    assert page.entries == list(range(99, 79, -1))
    assert source.asked == [("", 20)]


async def test_a_round_asks_for_just_what_is_missing() -> None:
    source = Numbers(*range(1, 100))

    await read(source, 20, lambda each: each != 90)

    assert source.asked == [("", 20), ("80", 1)]


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

"""Filling pages although rows drop out."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from services.chassis.rpc.paging import MAX_ROUNDS, fill, size_of


class Rows:
    """The numbers 1 to `count`, of which some are hidden; notes how many it was asked for."""

    def __init__(self, count: int, hidden: set[int]) -> None:
        self.count = count
        self.hidden = hidden
        self.limits: list[int] = []

    async def fetch(self, position: int, limit: int) -> list[int]:
        self.limits.append(limit)
        return list(range(position + 1, min(position + limit, self.count) + 1))

    async def keep(self, rows: Sequence[int]) -> list[bool]:
        return [row not in self.hidden for row in rows]

    async def page(self, size: int, position: int = 0) -> tuple[list[int], int | None]:
        return await fill(
            size=size,
            position=position,
            fetch=self.fetch,
            place=lambda row: row,
            keep=self.keep,
        )


async def test_a_page_takes_one_round_where_nothing_is_hidden() -> None:
    rows = Rows(50, set())

    assert await rows.page(3) == ([1, 2, 3], 3)
    assert rows.limits == [4]


async def test_hidden_rows_are_replaced() -> None:
    rows = Rows(50, {1, 3, 4})

    assert await rows.page(3) == ([2, 5, 6], 6)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
async def test_the_last_page_has_no_next_one(count: int) -> None:
    assert await Rows(count, set()).page(3) == (list(range(1, count + 1)), None)


async def test_there_is_no_next_page_if_all_that_is_left_is_hidden() -> None:
    assert await Rows(20, set(range(4, 21))).page(3) == ([1, 2, 3], None)


async def test_a_page_ends_before_the_next_row_that_may_be_shown() -> None:
    rows = Rows(9, {4, 5})

    assert await rows.page(3) == ([1, 2, 3], 5)
    assert await rows.page(3, 5) == ([6, 7, 8], 8)


async def test_work_is_bounded_where_everything_is_hidden() -> None:
    rows = Rows(1_000_000, set(range(1, 1_000_001)))

    page, position = await rows.page(20)

    assert page == []
    assert len(rows.limits) == MAX_ROUNDS
    assert position == sum(rows.limits)


async def test_pages_together_are_all_rows_once() -> None:
    rows = Rows(997, {n for n in range(1000) if n % 7 in {0, 1, 2}})
    seen: list[int] = []
    position: int | None = 0

    while position is not None:
        page, position = await rows.page(10, position)
        seen += page

    assert seen == [n for n in range(1, 998) if n % 7 not in {0, 1, 2}]


@pytest.mark.parametrize(("asked", "given"), [(0, 20), (7, 7), (100, 100), (1000, 100)])
def test_sizes_have_a_default_and_a_cap(asked: int, given: int) -> None:
    assert size_of(SimpleNamespace(page_size=asked)) == given

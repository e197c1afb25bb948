"""docs/search.md: its examples, errors, limits and weights hold."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.chassis.runtime.ids import first_id_at
from services.chassis.text.kinds import POST_QUERY
from services.search.adapters.memory import MemoryPostIndex, MemorySearchStore
from services.search.domain.posts import ranking
from services.search.domain.posts.document import Medium, MediumKind
from services.search.domain.posts.model import (
    Counts,
    IndexedPost,
    SetCounts,
    Upsert,
    Viewer,
)
from services.search.domain.query import costs
from services.search.domain.query.errors import QueryInvalid
from services.search.domain.query.operators import OPERATORS
from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve
from tests.builders.search_posts import an_indexed_post

DOCUMENT = Path(__file__).parents[3] / "docs" / "search.md"
USER_IDS = {"alice": 1, "bob": 2, "carol": 3}
CALLER, FOLLOWED = USER_IDS["bob"], USER_IDS["alice"]


def tables(heading: str) -> list[list[list[str]]]:
    """The tables of a section: their rows, as cells."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"(?:^\|.*\n)+", f"{section}\n", re.MULTILINE)
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
        for table in found
    ]


def span(cell: str) -> str:
    found = re.fullmatch(r"`(.+)`", cell)
    assert found is not None, cell
    return found[1]


EXAMPLES = [
    (span(query), [int(number) for number in re.findall(r"\d+", numbers)])
    for heading in ("Words, phrases and groups", "Operators", "Spellings")
    for *_, query, numbers in tables(heading)[0]
]
(POSTS,) = tables("Example posts")
(ERRORS, LIMITS) = tables("Errors")
(FITS, WEIGHTS) = tables("Orders")


def id_of(row: list[str]) -> int:
    return first_id_at(datetime.fromisoformat(row[2]).astimezone(UTC))


def count(noun: str, besides: str) -> int:
    found = re.search(rf"(\d+) {noun}", besides)
    return int(found[1]) if found else 0


def document(row: list[str]) -> IndexedPost:
    number, author, _, language, text, besides = row
    alt_text = re.search(r"alt text: ([^;]+)", besides)
    reply = re.search(r"reply to (\w+)", besides)
    mentioned = re.search(r"mentions (\w+)", besides)
    kinds = {"picture": MediumKind.PICTURE, "video": MediumKind.VIDEO}
    return an_indexed_post(
        id_of(row),
        text,
        language=language,
        alt_text=alt_text[1] if alt_text else "",
        author_id=USER_IDS[author],
        reply_to_post_id=1 if reply else 0,
        reply_to_author_id=USER_IDS[reply[1]] if reply else 0,
        quoted_post_id=1 if re.search(r"(?<!1 )\bquote\b", besides) else 0,
        mentioned_ids=frozenset({USER_IDS[mentioned[1]]} if mentioned else ()),
        media=tuple(
            Medium(int(number), kind, alt_text is not None)
            for word, kind in kinds.items()
            if word in besides
        ),
    )


class ExampleUsers:
    async def ids_of(self, handles: Collection[str], *, viewer_id: int) -> Mapping[str, int]:
        return {handle: USER_IDS[handle] for handle in handles if handle in USER_IDS}


class ExampleBookmarks:
    async def post_ids(self, user_id: int) -> Collection[int]:
        return [id_of(row) for row in POSTS if "bookmarked" in row[-1]]


@pytest.fixture
async def index() -> MemoryPostIndex:
    store = MemorySearchStore()
    index = MemoryPostIndex(store)
    async with store.transaction() as transaction:
        await index.apply(transaction, [Upsert(document(row)) for row in POSTS])
        counts = [
            SetCounts(
                id_of(row),
                Counts(
                    likes=count("likes", row[-1]),
                    replies=count("reply", row[-1]),
                    quotes=count("quote", row[-1]),
                ),
            )
            for row in POSTS
        ]
        await index.apply(transaction, counts)
    return index


async def numbers_found(index: MemoryPostIndex, query: str) -> list[int]:
    """The numbers of the example posts that bob finds, newest first."""
    resolved = await resolve(
        parse(query),
        users=ExampleUsers(),
        bookmarks=ExampleBookmarks(),
        viewer_id=CALLER,
        following={FOLLOWED},
    )
    viewer = Viewer(CALLER, frozenset({FOLLOWED}), named_author_ids=resolved.named_author_ids)
    numbers = {id_of(row): int(row[0]) for row in POSTS}
    found = await index.find(resolved.expression, viewer, limit=100)
    return [numbers[each.post_id] for each in found]


@pytest.mark.parametrize(("query", "numbers"), EXAMPLES, ids=[query for query, _ in EXAMPLES])
async def test_an_example_finds_its_posts(
    index: MemoryPostIndex, query: str, numbers: list[int]
) -> None:
    assert await numbers_found(index, query) == numbers


def test_every_operator_and_value_has_an_example() -> None:
    examples = " ".join(query for query, _ in EXAMPLES)

    assert [name for name in OPERATORS if f"{name}:" not in examples] == []
    for name, values in (
        ("has", ERRORS[3][3]),
        ("in", ERRORS[1][3]),
        ("is", "one of reply, quote"),
    ):
        for value in values.removeprefix("one of ").split(", "):
            assert f"{name}:{value}" in examples


@pytest.mark.parametrize(
    ("query", "column", "token", "expected"), ERRORS, ids=[row[0] for row in ERRORS]
)
async def test_an_error_is_as_documented(
    index: MemoryPostIndex, query: str, column: str, token: str, expected: str
) -> None:
    with pytest.raises(QueryInvalid) as caught:
        await numbers_found(index, span(query))

    assert caught.value.metadata == {"column": column, "token": span(token), "expected": expected}


def test_the_limits_are_documented() -> None:
    assert [(span(limit), int(most)) for limit, most in LIMITS] == [
        ("characters", POST_QUERY.max_characters),
        ("code points", POST_QUERY.max_code_points),
        (costs.LEAVES, costs.MAX_LEAVES),
        (costs.DEPTH, costs.MAX_DEPTH),
    ]


def test_the_weights_are_documented() -> None:
    assert [float(fit) for _, fit in FITS] == [
        ranking.EXACT,
        ranking.OTHER_FORM,
        ranking.STEM,
        ranking.IN_ALT_TEXT,
    ]
    assert {span(name): float(weight) for name, weight, _ in WEIGHTS} == {
        "proximity": ranking.PROXIMITY,
        "topic": ranking.TOPIC,
        "focus": ranking.FOCUS,
        "popularity": ranking.POPULARITY,
        "freshness": ranking.FRESHNESS,
        "followed": ranking.FOLLOWED,
    }
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"times {ranking.OTHER_ORDER}." in text
    assert f"halves every {ranking.HALF_LIFE.days} days" in text
    assert f"up to {ranking.MOST_ENGAGEMENT:,}" in text
    assert f"the newest {ranking.MAX_CANDIDATES} matches" in text

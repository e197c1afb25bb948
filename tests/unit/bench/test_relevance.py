"""Judged queries, and the figures of an order."""

import math
import re

import pytest

from bench import judged_texts, relevance
from bench.relevance import ndcg, read, succeeds
from services.search.domain.query.parser import parse

A, B, C, D = (("posts", line) for line in range(1, 5))
GRADES = {A: 3, B: 1, C: 0}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([A, B], 1.0),
        ([B, A], (1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3))),
        ([C, D, A], 7 / math.log2(4) / (7 + 1 / math.log2(3))),
        ([C, D], 0.0),
        ([], 0.0),
        ([C] * relevance.DEPTH + [A], 0.0),
    ],
)
def test_an_order_gains_by_high_grades_at_its_beginning(
    found: list[tuple[str, int]], expected: float
) -> None:
    assert ndcg(found, GRADES) == pytest.approx(expected)


def test_a_query_without_grades_gains_nothing() -> None:
    assert ndcg([A], {}) == 0


def test_a_known_item_is_found_within_the_first() -> None:
    assert succeeds([B, A], GRADES, within=2)
    assert not succeeds([B, A], GRADES, within=1)


def test_the_committed_queries_are_judged() -> None:
    queries = read(judged_texts.FOLDER)

    assert len(queries) == 50
    for query in queries:
        parse(query.text)
        meant = [key for key, grade in query.grades.items() if grade == 3]
        assert len(meant) == 1 if query.kind == "known" else meant
        assert all(0 <= grade <= 3 for grade in query.grades.values())
        assert all(re.fullmatch(r"[0-9a-f]{64}", each) for each in query.digests.values())


def test_the_judged_posts_of_our_own_are_unchanged() -> None:
    lines = (judged_texts.FOLDER / "posts.tsv").read_text(encoding="utf-8").splitlines()
    texts = [line.split("\t") for line in lines]
    digests = {
        ("posts", line): judged_texts.Item("posts", line, text, language).digest
        for line, (language, text) in enumerate(texts, 1)
    }

    assert len(texts) == 150
    assert len({language for language, _ in texts}) == 8
    for query in read(judged_texts.FOLDER):
        judged = {key: each for key, each in query.digests.items() if key[0] == "posts"}
        assert judged.items() <= digests.items()

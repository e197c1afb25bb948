"""Judged queries, and how well an order of posts serves them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

DEPTH = 10


@dataclass
class JudgedQuery:
    """A query, and the grade of each judged text by (source, line): 1 related, 2 good, 3 what was
    meant. Other texts have grade 0. A `known` query has one text that was meant, a `topic` several.
    """

    number: int
    kind: Literal["known", "topic"]
    text: str
    grades: dict[tuple[str, int], int] = field(default_factory=dict)
    # The SHA-256 of each judged text.
    digests: dict[tuple[str, int], str] = field(default_factory=dict)


def read(folder: Path) -> list[JudgedQuery]:
    """The queries of `queries.tsv` with the grades of `judgements.tsv`."""
    queries: dict[int, JudgedQuery] = {}
    for line in (folder / "queries.tsv").read_text(encoding="utf-8").splitlines():
        number, kind, text = line.split("\t")
        queries[int(number)] = JudgedQuery(
            int(number), "known" if kind == "known" else "topic", text
        )
    for line in (folder / "judgements.tsv").read_text(encoding="utf-8").splitlines():
        number, source, place, digest, grade = line.split("\t")
        key = source, int(place)
        queries[int(number)].grades[key] = int(grade)
        queries[int(number)].digests[key] = digest
    return list(queries.values())


def ndcg(found: Sequence[tuple[str, int]], grades: Mapping[tuple[str, int], int]) -> float:
    """The normalized discounted cumulative gain of the first DEPTH, with the gain 2^grade - 1
    (Järvelin and Kekäläinen 2002; Burges et al. 2005)."""
    best = sorted(grades.values(), reverse=True)
    ideal = _gain(best[:DEPTH])
    return _gain([grades.get(each, 0) for each in found[:DEPTH]]) / ideal if ideal else 0.0


def succeeds(
    found: Sequence[tuple[str, int]], grades: Mapping[tuple[str, int], int], *, within: int
) -> bool:
    """Whether a text that was meant (grade 3) is among the first."""
    return any(grades.get(each) == 3 for each in found[:within])


def _gain(grades: Sequence[int]) -> float:
    return sum(float(2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))

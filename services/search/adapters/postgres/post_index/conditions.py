"""An expression and a viewer as the conditions of a statement over one segment.

The statement names the segment's table `p` and its counts `c`, and uses parameters up to FIRST - 1.
Nothing of a query is in the text of a statement: every value is a parameter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.chassis.runtime.ids import MAX_ID
from services.search.adapters.postgres.post_index.tokens import (
    POPULAR,
    POPULAR_LIKES,
    is_made_of_tokens,
    needs_a_token,
    tsquery,
    without_order,
)
from services.search.domain.posts.model import Viewer
from services.search.domain.query.model import (
    All,
    Among,
    AtLeast,
    ByAuthors,
    Either,
    Expression,
    IdRange,
    Not,
)

# The number of the first parameter of the conditions.
FIRST = 4

# The function of the operator. The planner has an index for the operator alone.
_WITH_INDEX = "p.tokens @@ {query}"
_WITHOUT_INDEX = "ts_match_vq(p.tokens, {query})"

# Leaves with a treatment of their own where every match satisfies them.
_PLAIN = AtLeast | IdRange | Among | ByAuthors

_COUNTS = {"likes": "c.likes", "replies": "c.replies", "quotes": "c.quotes"}

_NOT_RESTRICTED = """(
  SELECT true FROM accounts AS a
  WHERE a.user_id = candidates.author_id AND (a.protected OR a.deleted) AND {restricted}
) IS NULL"""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What every found post satisfies."""

    # For rows `p`, and `c` where `counts` joins them. `walk_sql` says the same so that the planner
    # uses no index of tokens.
    sql: str
    walk_sql: str
    # For candidates: their `post_id` and `author_id`.
    account_sql: str
    parameters: Sequence[Any]
    # How the counts are joined: "" for not at all.
    counts: Literal["", "JOIN", "LEFT JOIN"]
    # No post outside of this range matches.
    first_id: int
    last_id: int
    # No other posts match, where there are any; descending.
    post_ids: tuple[int, ...] | None
    # What the index of tokens leads to: matches of the words and terms, wherever the words of a
    # phrase are, and popular posts. Empty if it leads nowhere.
    indexed: str
    # Whether these are all that the query demands.
    only_indexed: bool
    # Whether the index of authors leads to the matches.
    by_author: bool

    @property
    def by_token(self) -> bool:
        """Whether the index of tokens leads to the matches."""
        return bool(self.indexed)


class Compiler:
    """Collects the parameters of one statement."""

    def __init__(self) -> None:
        self.parameters: list[Any] = []

    def parameter(self, value: Any, kind: str) -> str:
        """The parameter's place in the statement. No id or count is beyond MAX_ID."""
        self.parameters.append(min(value, MAX_ID) if kind == "bigint" else value)
        return f"${FIRST - 1 + len(self.parameters)}::{kind}"

    def tokens(self, query: str) -> tuple[str, str]:
        """A tsquery as a condition, with and without the index of tokens."""
        place = f"{self.parameter(query, 'text')}::tsquery"
        return _WITH_INDEX.format(query=place), _WITHOUT_INDEX.format(query=place)

    def condition(self, expression: Expression) -> str:
        """The expression as a condition that is never NULL."""
        if is_made_of_tokens(expression):
            _, without_index = self.tokens(tsquery(expression))
            return without_index
        match expression:
            case AtLeast(count, least):
                return f"coalesce({_COUNTS[count]}, 0) >= {self.parameter(least, 'bigint')}"
            case IdRange(first, last):
                return (
                    f"p.post_id BETWEEN {self.parameter(first, 'bigint')}"
                    f" AND {self.parameter(last, 'bigint')}"
                )
            case Among(post_ids):
                return f"p.post_id = ANY ({self.parameter(sorted(post_ids), 'bigint[]')})"
            case ByAuthors(author_ids):
                return f"p.author_id = ANY ({self.parameter(sorted(author_ids), 'bigint[]')})"
            case All(parts):
                return f"({' AND '.join(map(self.condition, parts))})"
            case Either(parts):
                return f"({' OR '.join(map(self.condition, parts))})"
            case Not(part):
                return f"NOT ({self.condition(part)})"
            case _:
                raise TypeError(type(expression))

    def visibility(self, viewer: Viewer) -> str:
        """`visibility.can_find` of a post without limits by an open account."""
        if viewer.user_id == 0:
            return "p.visibility = 1"
        viewer_id = self.parameter(viewer.user_id, "bigint")
        following = self.parameter(sorted(viewer.following), "bigint[]")
        condition = (
            f"(p.visibility = 1 OR p.author_id = {viewer_id}"
            f" OR p.visibility > 0 AND {viewer_id} = ANY (p.addressed)"
            f" OR p.visibility = 2 AND p.author_id = ANY ({following}))"
        )
        if viewer.hidden_author_ids:
            hidden = self.parameter(sorted(viewer.hidden_author_ids), "bigint[]")
            condition += f" AND p.author_id <> ALL ({hidden})"
        return condition

    def account(self, viewer: Viewer) -> str:
        """Whether the author's account is open, or the viewer follows it."""
        if viewer.user_id == 0:
            return _NOT_RESTRICTED.format(restricted="true")
        viewer_id = self.parameter(viewer.user_id, "bigint")
        following = self.parameter(sorted(viewer.following), "bigint[]")
        return _NOT_RESTRICTED.format(
            restricted=f"(a.deleted OR a.user_id <> {viewer_id} AND a.user_id <> ALL ({following}))"
        )


def conditions_of(expression: Expression, viewer: Viewer) -> Conditions:
    """The conditions of a search."""
    compiler = Compiler()
    parts = list(_conjuncts(expression))
    tokens = [each for each in parts if is_made_of_tokens(each)]
    least = [each for each in parts if isinstance(each, AtLeast)]
    ranges = [each for each in parts if isinstance(each, IdRange)]
    lists = [each for each in parts if isinstance(each, Among)]
    mixed = [each for each in parts if not is_made_of_tokens(each) and not isinstance(each, _PLAIN)]
    authors = [each for each in parts if isinstance(each, ByAuthors)]
    whole = All(tuple(tokens))
    popular = any(each.count == "likes" and each.least >= POPULAR_LIKES for each in least)
    queries = [tsquery(whole)] * bool(tokens) + [POPULAR] * popular
    indexed = [tsquery(without_order(whole))] * needs_a_token(whole) + [POPULAR] * popular
    with_index, without_index = (
        compiler.tokens(" & ".join(queries)) if queries else ("true", "true")
    )
    texts = [
        *(f"{_COUNTS[each.count]} >= {compiler.parameter(each.least, 'bigint')}" for each in least),
        *map(compiler.condition, [*authors, *mixed]),
        compiler.visibility(viewer),
    ]
    return Conditions(
        sql=" AND ".join([with_index, *texts]),
        walk_sql=" AND ".join([without_index, *texts]),
        account_sql=compiler.account(viewer),
        parameters=compiler.parameters,
        counts="JOIN" if least else "LEFT JOIN" if any(map(_uses_counts, mixed)) else "",
        first_id=max([0, *(each.first for each in ranges)]),
        last_id=min([MAX_ID, *(each.last for each in ranges)]),
        post_ids=_common(lists),
        indexed=" & ".join(indexed),
        only_indexed=parts == tokens and without_order(whole) == whole,
        by_author=bool(authors),
    )


def _conjuncts(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, All):
        for part in expression.parts:
            yield from _conjuncts(part)
    else:
        yield expression


def _uses_counts(expression: Expression) -> bool:
    match expression:
        case AtLeast():
            return True
        case All(parts) | Either(parts):
            return any(map(_uses_counts, parts))
        case Not(part):
            return _uses_counts(part)
        case _:
            return False


def _common(lists: Sequence[Among]) -> tuple[int, ...] | None:
    if not lists:
        return None
    return tuple(sorted(frozenset.intersection(*(each.post_ids for each in lists)), reverse=True))

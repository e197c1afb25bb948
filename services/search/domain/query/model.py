"""A parsed query, and the expression that engines evaluate.

`parser.parse(text)` makes a Query. `resolution.resolve(query, users=…, bookmarks=…, viewer_id=…,
following=…)` makes an Expression of it: names are looked up, words are analysed. An Expression
contains numbers and strings only.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

# --- What engines evaluate ---

CountName: TypeAlias = Literal["likes", "replies", "quotes"]


@dataclass(frozen=True, slots=True)
class Word:
    """The post has this folded word, in its text or in an alt text."""

    form: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """The post has these folded words at adjacent positions, in this order. At least two."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """The post has this term: another form of a word (`=neil`, `~en:run`), or a property (`#tag`,
    `host:roost.social`, `from:42`, `has:media`, `is:reply`, `lang:en`)."""

    value: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The public count is `least` or more; `least` is 1 or more."""

    count: CountName
    least: int


@dataclass(frozen=True, slots=True)
class IdRange:
    """The id of the post is in the range. Both ends are included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Among:
    """The post is one of these. May be empty: then no post matches."""

    post_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class ByAuthors:
    """The author is one of these. May be empty: then no post matches."""

    author_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class All:
    """Every part matches. At least two parts."""

    parts: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part matches. At least two parts."""

    parts: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not match."""

    part: "Expression"


Leaf: TypeAlias = Word | Phrase | Term | AtLeast | IdRange | Among | ByAuthors
Expression: TypeAlias = Leaf | All | Either | Not


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a query means for one viewer at one time."""

    expression: Expression
    # The authors whom `from:` names outside a negation. Their posts are found although the viewer
    # mutes them.
    named_author_ids: frozenset[int]
    # The folded hashtags outside a negation, without the number sign.
    tags: frozenset[str]


# --- What the parser makes ---

Relation: TypeAlias = Literal["from", "to", "mentions"]
Source: TypeAlias = Literal["following", "bookmarks", "own"]


@dataclass(frozen=True, slots=True)
class Text:
    """A word, or an exact phrase without its quotation marks. `column` is that of its first code
    point, from 1."""

    text: str
    column: int
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """The post is from, replies to or mentions a user. `column` is that of the value."""

    relation: Relation
    # In lower case, without its @; empty for `me`, the viewer.
    handle: str
    column: int


@dataclass(frozen=True, slots=True)
class Within:
    """The post is in a collection of the viewer. `column` is that of the value."""

    source: Source
    column: int


@dataclass(frozen=True, slots=True)
class Property:
    """An operator whose value needs no look-up. `column` is that of the operator."""

    expression: "Term | AtLeast | IdRange"
    column: int


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Every part. At least two."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Disjunction:
    """At least one part. At least two."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Negation:
    """Not the part. `column` is that of the minus sign."""

    part: "Node"
    column: int


QueryLeaf: TypeAlias = Text | Person | Within | Property
Node: TypeAlias = QueryLeaf | Conjunction | Disjunction | Negation


@dataclass(frozen=True, slots=True)
class Query:
    """A query within the limits of cost, with well-formed values."""

    root: Node

    def leaves(self) -> Iterator[QueryLeaf]:
        """The words, phrases and operators from left to right."""
        return _leaves(self.root)


def _leaves(node: Node) -> Iterator[QueryLeaf]:
    match node:
        case Negation(part):
            yield from _leaves(part)
        case Conjunction(parts) | Disjunction(parts):
            for part in parts:
                yield from _leaves(part)
        case _:
            yield node


# --- What resolution needs ---


class Users(Protocol):
    """Users by handle, from UserService, as the viewer sees them."""

    async def ids_of(self, handles: Collection[str], *, viewer_id: int) -> Mapping[str, int]:
        """The ids of the users by lower-case handle. Users that do not exist, or that block the
        viewer, are absent. At most 20 handles, in lower case. `viewer_id` is 0 for an anonymous
        viewer."""
        ...


class Bookmarks(Protocol):
    """The bookmarks of a user, from EngagementService."""

    async def post_ids(self, user_id: int) -> Collection[int]:
        """The ids of the bookmarked posts; the newest bookmarks if the service limits their
        number."""
        ...

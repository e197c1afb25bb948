"""Turns a Query into an Expression: looks names up, and analyses words."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from services.chassis.runtime.errors import Unauthenticated
from services.search.domain.analysis import STEMMED_LANGUAGES, query_forms
from services.search.domain.query.errors import QueryInvalid
from services.search.domain.query.model import (
    All,
    Among,
    Bookmarks,
    ByAuthors,
    Conjunction,
    Disjunction,
    Either,
    Expression,
    Negation,
    Node,
    Not,
    Person,
    Phrase,
    Property,
    Query,
    Resolved,
    Term,
    Text,
    Users,
    Within,
    Word,
)

_FROM = "from:"
_LANGUAGE = "lang:"
_STEM = "~"
_TAG = "#"
_MAX_TOKEN = 50


async def resolve(
    query: Query,
    *,
    users: Users,
    bookmarks: Bookmarks,
    viewer_id: int,
    following: Collection[int],
) -> Resolved:
    """What the query means for the viewer; `viewer_id` is 0 for an anonymous one, and `following`
    are the users whom the viewer follows.

    Raises QueryInvalid for users that do not exist or block the viewer, and for words without a
    letter, digit or emoji; Unauthenticated if an anonymous viewer uses `in:` or `me`.
    """
    leaves = list(query.leaves())
    needs_viewer = any(
        isinstance(leaf, Within) or (isinstance(leaf, Person) and not leaf.handle)
        for leaf in leaves
    )
    if needs_viewer and not viewer_id:
        raise Unauthenticated
    handles = {leaf.handle for leaf in leaves if isinstance(leaf, Person) and leaf.handle}
    needs_bookmarks = any(
        isinstance(leaf, Within) and leaf.source == "bookmarks" for leaf in leaves
    )
    facts = _Facts(
        viewer_id=viewer_id,
        following=frozenset(following),
        user_ids=await users.ids_of(handles, viewer_id=viewer_id) if handles else {},
        bookmarked=frozenset(await bookmarks.post_ids(viewer_id) if needs_bookmarks else ()),
        languages=_languages(query.root),
    )
    expression = facts.needed(query.root)
    wanted = list(_wanted(expression))
    return Resolved(
        expression,
        named_author_ids=frozenset(
            int(value.removeprefix(_FROM)) for value in wanted if value.startswith(_FROM)
        ),
        tags=frozenset(value[1:] for value in wanted if value.startswith(_TAG)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What a query is resolved with."""

    viewer_id: int
    following: frozenset[int]
    # By lower-case handle.
    user_ids: Mapping[str, int]
    bookmarked: frozenset[int]
    # The languages whose stems of a word count.
    languages: frozenset[str]

    def needed(self, node: Node) -> Expression:
        """The expression of a node. Raises QueryInvalid if the node is punctuation alone."""
        match node:
            case Text():
                found = self._text(node)
                if found is None:
                    raise QueryInvalid(
                        node.column, node.text[:_MAX_TOKEN], "a letter, a digit or an emoji"
                    )
                return found
            case Person():
                return self._person(node)
            case Within():
                return self._within(node)
            case Property(expression):
                return expression
            case Negation(part):
                return Not(self.needed(part))
            case Disjunction(parts):
                return Either(tuple(map(self.needed, parts)))
            case Conjunction(parts):
                return self._all(parts)

    def _all(self, parts: tuple[Node, ...]) -> Expression:
        """Every part. Punctuation alone is left out beside a part that must match: it excludes
        nothing that the query would exclude otherwise."""
        spoken = [part for part in parts if not self._is_punctuation(part)]
        if all(isinstance(part, Negation) for part in spoken):
            spoken = list(parts)
        found = tuple(map(self.needed, spoken))
        return found[0] if len(found) == 1 else All(found)

    def _is_punctuation(self, node: Node) -> bool:
        return isinstance(node, Text) and not node.exact and self._text(node) is None

    def _text(self, leaf: Text) -> Expression | None:
        """The expression of a word or phrase, None if it has no word."""
        forms = query_forms(leaf.text, self.languages)
        words: Word | Phrase | None = None
        if len(forms.words) == 1:
            words = Word(forms.words[0])
        elif forms.words:
            words = Phrase(forms.words)
        others = [
            Term(value) for value in forms.others if not (leaf.exact and value.startswith(_STEM))
        ]
        parts = ([words] if words else []) + others
        if len(parts) > 1:
            return Either(tuple(parts))
        return parts[0] if parts else None

    def _person(self, leaf: Person) -> Term:
        if not leaf.handle:
            return Term(f"{leaf.relation}:{self.viewer_id}")
        user_id = self.user_ids.get(leaf.handle)
        if user_id is None:
            raise QueryInvalid(leaf.column, leaf.handle, "the handle of an existing user")
        return Term(f"{leaf.relation}:{user_id}")

    def _within(self, leaf: Within) -> Expression:
        match leaf.source:
            case "following":
                return ByAuthors(self.following)
            case "bookmarks":
                return Among(self.bookmarked)
            case "own":
                return Term(f"from:{self.viewer_id}")


def _languages(root: Node) -> frozenset[str]:
    """The languages to which `lang:` restricts every match, otherwise all."""
    parts = root.parts if isinstance(root, Conjunction) else (root,)
    terms = [part.expression for part in parts if isinstance(part, Property)]
    values = [term.value for term in terms if isinstance(term, Term)]
    restricted = frozenset(
        value.removeprefix(_LANGUAGE) for value in values if value.startswith(_LANGUAGE)
    )
    return restricted or STEMMED_LANGUAGES


def _wanted(expression: Expression) -> Iterator[str]:
    """The terms outside a negation."""
    match expression:
        case Term(value):
            yield value
        case All(parts) | Either(parts):
            for part in parts:
                yield from _wanted(part)
        case _:
            return

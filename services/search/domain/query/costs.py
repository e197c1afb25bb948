"""The limits of what one query may cost."""

from services.chassis.text.kinds import POST_QUERY
from services.chassis.text.rules import Rule, TextRefused, clean
from services.search.domain.query.errors import QueryInvalid, QueryTooCostly
from services.search.domain.query.model import Conjunction, Disjunction, Negation, Node

# An engine reads the list of posts of each leaf.
LEAVES, MAX_LEAVES = "words, phrases and operators", 20
# Nobody nests deeper by hand.
DEPTH, MAX_DEPTH = "groups within each other", 5


def check_text(text: str) -> None:
    """Raises QueryTooCostly for a text that is too long, and QueryInvalid for one that breaks
    another rule of texts."""
    try:
        clean(text, POST_QUERY)
    except TextRefused as refused:
        if refused.rule is Rule.MAX_LENGTH:
            limit, most = "characters", POST_QUERY.max_characters
            if len(text) > POST_QUERY.max_code_points:
                limit, most = "code points", POST_QUERY.max_code_points
            raise QueryTooCostly(limit, most) from None
        if refused.rule is Rule.VISIBLE:
            raise QueryInvalid(1, "", "something to search for") from None
        if refused.sign:
            column, expected = (
                text.index(refused.sign) + 1,
                f"a text without U+{ord(refused.sign):04X}",
            )
            raise QueryInvalid(column, refused.sign, expected) from None
        raise QueryInvalid(1, "", f"a text that {refused.description}") from None


def check_shape(*, leaves: int, depth: int) -> None:
    """Raises QueryTooCostly for too many words, phrases and operators, or too many groups within
    each other."""
    if leaves > MAX_LEAVES:
        raise QueryTooCostly(LEAVES, MAX_LEAVES)
    if depth > MAX_DEPTH:
        raise QueryTooCostly(DEPTH, MAX_DEPTH)


def check_negations(root: Node) -> None:
    """Raises QueryInvalid for a query that matches almost every post: one that only excludes, or
    of which one alternative only excludes."""
    excluding = _excluding(root)
    if excluding is not None:
        raise QueryInvalid(excluding.column, "-", "a word or operator beside it without a minus")


def _excluding(node: Node) -> Negation | None:
    """The first minus sign of a node that only excludes."""
    match node:
        case Negation():
            return node
        case Conjunction(parts):
            first = [_excluding(part) for part in parts]
            return first[0] if all(first) else None
        case Disjunction(parts):
            return next(filter(None, map(_excluding, parts)), None)
        case _:
            return None

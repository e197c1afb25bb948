"""Words and terms as the lexemes of PostgreSQL's tsvector and tsquery.

Both are written as text that PostgreSQL parses without any configuration of languages. A word is
stored with its positions and the letter w in front, a term without positions and the letter t.
`popular` stands for many likes.
"""

import hashlib
from collections.abc import Collection, Sequence

from services.search.domain.query.model import (
    All,
    Either,
    Expression,
    Not,
    Phrase,
    Term,
    Word,
)

# A lexeme has at most 2,046 bytes, and each is stored twice. Long ones are links, of which nothing
# but equality matters, so the digest stands for the rest.
_MAX_LEXEME_BYTES = 200

# The lexeme of a post that has or had POPULAR_LIKES or more. It is added when a post gets there and
# never removed: what it finds is compared with the counts.
POPULAR = "popular"
POPULAR_LIKES = 100

_QUOTED = str.maketrans({"'": "''", "\\": "\\\\"})


def tsvector(words: Sequence[str], terms: Collection[str]) -> str:
    """The input text of a tsvector."""
    positions: dict[str, list[str]] = {}
    for position, word in enumerate(words, start=1):
        if word:
            positions.setdefault(word, []).append(str(position))
    return " ".join(
        [
            *(f"{_word(word)}:{','.join(places)}" for word, places in positions.items()),
            *map(_term, sorted(terms)),
        ]
    )


def tsquery(expression: Expression) -> str:
    """The input text of a tsquery for an expression of words, phrases and terms."""
    match expression:
        case Word(form):
            return _word(form)
        case Phrase(words):
            return f"({' <-> '.join(map(_word, words))})"
        case Term(value):
            return _term(value)
        case All(parts):
            return f"({' & '.join(map(tsquery, parts))})"
        case Either(parts):
            return f"({' | '.join(map(tsquery, parts))})"
        case Not(part):
            return f"!{tsquery(part)}"
        case _:
            raise ValueError("tokens do not say that")


def _word(word: str) -> str:
    return _lexeme("w", word)


def _term(term: str) -> str:
    return _lexeme("t", term)


def _lexeme(sign: str, value: str) -> str:
    encoded = value.encode("utf-8", "surrogatepass")
    if len(encoded) > _MAX_LEXEME_BYTES or not _is_storable(value):
        value = f"{len(encoded)} {hashlib.sha256(encoded).hexdigest()}"
    return f"'{sign}{value.translate(_QUOTED)}'"


def _is_storable(value: str) -> bool:
    """Whether PostgreSQL stores the text: it refuses NUL and halves of surrogate pairs."""
    return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)


def is_made_of_tokens(expression: Expression) -> bool:
    """Whether `tsquery` can express it."""
    match expression:
        case Word() | Phrase() | Term():
            return True
        case All(parts) | Either(parts):
            return all(map(is_made_of_tokens, parts))
        case Not(part):
            return is_made_of_tokens(part)
        case _:
            return False


def needs_a_token(expression: Expression) -> bool:
    """Whether every match has one of its tokens, so that the index of tokens finds it."""
    match expression:
        case Word() | Phrase() | Term():
            return True
        case All(parts):
            return any(map(needs_a_token, parts))
        case Either(parts):
            return all(map(needs_a_token, parts))
        case _:
            return False


def without_order(expression: Expression) -> Expression:
    """The expression with the words of each phrase in any place: what the index of tokens finds
    before the positions are read. A negated phrase narrows nothing there."""
    match expression:
        case Phrase(words):
            return All(tuple(map(Word, words)))
        case All(parts):
            return All(tuple(map(without_order, parts)))
        case Either(parts):
            return Either(tuple(map(without_order, parts)))
        case _:
            return expression

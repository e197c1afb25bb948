"""An expression and a viewer as a query of OpenSearch. Nothing in it is scored."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from services.chassis.runtime.ids import MAX_ID
from services.search.adapters.opensearch.documents import token
from services.search.domain.posts.model import Viewer, Visibility
from services.search.domain.query.model import (
    All,
    Among,
    AtLeast,
    ByAuthors,
    Either,
    Expression,
    IdRange,
    Not,
    Phrase,
    Term,
    Word,
)

Query: TypeAlias = Mapping[str, Any]

_NOTHING: Query = {"match_none": {}}


def query_of(
    expression: Expression, viewer: Viewer, *, below: int, without: Collection[int]
) -> Query:
    """The matches with an id less than `below` that the viewer may find, as far as documents say:
    neither accounts nor limits. Those by the authors `without` are left out."""
    hidden = viewer.hidden_author_ids.union(without)
    return {
        "bool": {
            "filter": [
                _query(expression),
                {"range": {"id": {"lt": below}}},
                _visible(viewer),
            ],
            "must_not": [_terms("author", hidden)] if hidden else [],
        }
    }


def term_query(term: str) -> Query:
    """The posts with this term."""
    return _query(Term(term))


def _query(expression: Expression) -> Query:
    match expression:
        case Word(form):
            return {"term": {"words": token(form)}}
        case Phrase(words):
            return {"match_phrase": {"words": " ".join(map(token, words))}}
        case Term(value):
            return {"term": {"terms": token(value)}}
        case AtLeast(count, least):
            return _range(count, least, MAX_ID)
        case IdRange(first, last):
            return _range("id", first, last)
        case Among(post_ids):
            return _terms("id", post_ids)
        case ByAuthors(author_ids):
            return _terms("author", author_ids)
        case All(parts):
            return {"bool": {"filter": list(map(_query, parts))}}
        case Either(parts):
            return _any(list(map(_query, parts)))
        case Not(part):
            return {"bool": {"must_not": [_query(part)]}}
        case _:
            raise TypeError(type(expression))


def _visible(viewer: Viewer) -> Query:
    """`visibility.can_find` of a post without limits by an open account."""
    public: Query = {"term": {"visibility": int(Visibility.PUBLIC)}}
    if viewer.user_id == 0:
        return public
    addressed: Query = {
        "bool": {
            "filter": [
                {"range": {"visibility": {"gt": 0}}},
                {"term": {"addressed": viewer.user_id}},
            ]
        }
    }
    followed: Query = {
        "bool": {
            "filter": [
                {"term": {"visibility": int(Visibility.FOLLOWERS)}},
                _terms("author", viewer.following),
            ]
        }
    }
    return _any([public, {"term": {"author": viewer.user_id}}, addressed, followed])


def _range(field: str, first: int, last: int) -> Query:
    """Both ends included. OpenSearch refuses numbers that its fields cannot have."""
    if first > MAX_ID:
        return _NOTHING
    return {"range": {field: {"gte": first, "lte": min(last, MAX_ID)}}}


def _any(queries: Sequence[Query]) -> Query:
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _terms(field: str, values: Collection[int]) -> Query:
    return {"terms": {field: sorted(values)}} if values else _NOTHING

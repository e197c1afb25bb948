"""The analyzer: what a text is found by. Engines get its results and analyse nothing themselves."""

from services.search.domain.analysis.addresses import address_term
from services.search.domain.analysis.analyzer import VERSION, analyze, query_forms
from services.search.domain.analysis.model import (
    Analysis,
    Entity,
    Forms,
    Hashtag,
    Link,
    Mark,
    Mention,
    decode_marks,
    encode_marks,
)
from services.search.domain.analysis.stemming import STEMMED_LANGUAGES

__all__ = [
    "STEMMED_LANGUAGES",
    "VERSION",
    "Analysis",
    "Entity",
    "Forms",
    "Hashtag",
    "Link",
    "Mark",
    "Mention",
    "address_term",
    "analyze",
    "decode_marks",
    "encode_marks",
    "query_forms",
]

"""Posts as documents of OpenSearch, and the settings of their index.

Words and terms are analyzed by Roost: OpenSearch splits the words at spaces, and does nothing else.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from services.search.domain.posts.model import (
    NO_COUNTS,
    AudienceLimit,
    Counts,
    Found,
    IndexedPost,
)

# The revision of a deleted post: no write has a later one.
DELETED = 2_147_483_647
# The revision of a document that has nothing but counts.
ABSENT = -1

# A longer token is a link. Nothing but equality matters of it, so its digest stands for it.
_MAX_TOKEN_BYTES = 200
# Stands for a position without a word. No token is equal to it, as each has a sign in front.
_GAP = "-"

_COUNTS = ("likes", "reposts", "replies", "quotes")
# What a search returns of a document.
FOUND = ("author", "revision", "language", "marks", "limits", *_COUNTS)

_NUMBER = {"type": "long"}
_MAPPING: Mapping[str, Any] = {
    "dynamic": "strict",
    "properties": {
        # Also the document's `_id`. Searches return the newest first, in the order of storage.
        "id": _NUMBER,
        "author": _NUMBER,
        # 0 for a document that is not a post: searches find 1 to 3.
        "visibility": {"type": "byte"},
        "addressed": {"type": "long", "doc_values": False},
        "words": {"type": "text", "analyzer": "words", "norms": False},
        "terms": {"type": "keyword", "doc_values": False},
        "likes": _NUMBER,
        "replies": _NUMBER,
        "quotes": _NUMBER,
        # Of everything but the counts, for comparisons of generations.
        "hash": {"type": "long", "index": False},
        "reposts": {"type": "long", "index": False, "doc_values": False},
        "revision": {"type": "integer", "index": False, "doc_values": False},
        "language": {"type": "keyword", "index": False, "doc_values": False},
        "marks": {"type": "binary"},
        "limits": {"type": "binary"},
    },
}
# The number of shards and of replicas is not set: operators set it by an index template.
INDEX: Mapping[str, Any] = {
    "settings": {
        "index.sort.field": "id",
        "index.sort.order": "desc",
        "index.refresh_interval": "1s",
        # An acknowledged write survives the loss of power.
        "index.translog.durability": "request",
        # Lists of ids in a query: bookmarks, followed and hidden authors.
        "index.max_terms_count": 200_000,
        "analysis": {
            "analyzer": {"words": {"type": "custom", "tokenizer": "words"}},
            # Tokens end at spaces alone: none has white space.
            "tokenizer": {"words": {"type": "whitespace", "max_token_length": 1_000}},
        },
    },
    "mappings": _MAPPING,
}

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_LIMITS = msgspec.msgpack.Decoder(tuple[AudienceLimit, ...])


def token(value: str) -> str:
    """A word or term as it is stored and searched for: without white space, and short."""
    encoded = value.encode("utf-8", "surrogatepass")
    if len(encoded) > _MAX_TOKEN_BYTES or not _is_plain(value):
        return f"x{hashlib.sha256(encoded).hexdigest()}"
    return f"w{value}"


def _is_plain(value: str) -> bool:
    """Whether neither JSON nor the tokenizer changes the text."""
    return not any(sign.isspace() or sign < " " or "\ud800" <= sign <= "\udfff" for sign in value)


def document_of(post: IndexedPost) -> dict[str, Any]:
    """The document without counts."""
    fields: dict[str, Any] = {
        "id": post.post_id,
        "author": post.author_id,
        "revision": post.revision,
        "visibility": int(post.visibility),
        "language": post.language,
        "addressed": sorted(post.addressed),
        "words": " ".join(token(each) if each else _GAP for each in post.words),
        "terms": sorted(map(token, post.terms)),
        "marks": post.marks,
    }
    if post.limits:
        fields["limits"] = _ENCODER.encode(post.limits)
    fields["hash"] = _hash(fields)
    return fields


def tombstone(post_id: int) -> dict[str, Any]:
    """The document of a deleted post. It stays: OpenSearch itself forgets deletions."""
    return {"id": post_id, "author": 0, "revision": DELETED, "visibility": 0}


def placeholder(post_id: int) -> dict[str, Any]:
    """The document of counts that arrived before their post."""
    return {"id": post_id, "author": 0, "revision": ABSENT, "visibility": 0}


def counts_fields(counts: Counts) -> dict[str, int]:
    """The fields of the counts. A document without them has none yet."""
    return {name: getattr(counts, name) for name in _COUNTS}


def counts_from(source: Mapping[str, Any]) -> Counts:
    """The counts of a document."""
    if "likes" not in source:
        return NO_COUNTS
    return Counts(*(source[name] for name in _COUNTS))


def found_from(post_id: int, source: Mapping[str, Any]) -> Found:
    """A hit whose source has the fields of FOUND."""
    return Found(
        post_id,
        source["author"],
        source["revision"],
        source["language"],
        msgspec.convert(source["marks"], bytes, strict=False),
        counts_from(source),
    )


def limits_from(source: Mapping[str, Any]) -> tuple[AudienceLimit, ...]:
    """The limits of a document."""
    if "limits" not in source:
        return ()
    return _LIMITS.decode(msgspec.convert(source["limits"], bytes, strict=False))


def _hash(fields: Mapping[str, Any]) -> int:
    digest = hashlib.blake2b(msgspec.json.encode(fields, order="deterministic"), digest_size=8)
    return int.from_bytes(digest.digest(), signed=True)

"""Changes of the documents of one index.

Each write names the state of the document that it replaces: OpenSearch refuses it if another write
was faster, and it is decided again. So revisions, deletions and counts keep their order whatever
arrives late, twice or at one moment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from prometheus_client import Counter

from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import TransactionAborted
from services.search.adapters.opensearch.cluster import Cluster, OpenSearchUnavailable
from services.search.adapters.opensearch.documents import (
    DELETED,
    counts_fields,
    counts_from,
    document_of,
    placeholder,
    tombstone,
)
from services.search.domain.posts.model import (
    NO_COUNTS,
    Counts,
    Delete,
    IndexedPost,
    PostChange,
    SetCounts,
    Upsert,
)

# Documents and bytes of one request. A server refuses requests of 100 MB.
BULK_DOCUMENTS = 500
BULK_BYTES = 8_000_000
# Of one document; each but the last was refused because another write was faster.
ATTEMPTS = 10

_REFUSED = 400
_CONFLICT = 409
# What passes: a queue is full, a shard or the index is not there now.
_PASSING = {404, 429, 500, 502, 503, 504}
_DECIDING = ("revision", "likes", "reposts", "replies", "quotes")

_refused = Counter("roost_search_documents_refused_total", "Posts that OpenSearch refused to index")


@dataclass(slots=True)
class Change:
    """What a batch changes of one post."""

    post_id: int
    post: IndexedPost | None = None
    # Counts to store where none are, and those that replace what is stored.
    added: Counts = NO_COUNTS
    counts: Counts | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class _Stored:
    """What decides about a write: the document as it is. `place` is its number and term."""

    revision: int
    counts: Counts | None
    place: tuple[int, int]


def changes_of(changes: Iterable[PostChange]) -> list[Change]:
    """One change for each post. The latest revision wins, the last counts do, and a deletion."""
    by_id: dict[int, Change] = {}
    for each in changes:
        match each:
            case Delete(post_id):
                by_id.setdefault(post_id, Change(post_id)).deleted = True
            case SetCounts(post_id, counts):
                by_id.setdefault(post_id, Change(post_id)).counts = counts
            case Upsert(post):
                change = by_id.setdefault(post.post_id, Change(post.post_id))
                if change.post is None or change.post.revision <= post.revision:
                    change.post = post
                if change.added == NO_COUNTS:
                    change.added = post.counts
    return list(by_id.values())


async def write(
    cluster: Cluster, index: str, changes: Sequence[Change], *, again: bool = True
) -> None:
    """Makes the changes. A post that is stored in the same revision is replaced only if `again`.

    A document that OpenSearch refuses as invalid is left out, counted and logged: it must not keep
    others out. Raises OpenSearchUnavailable where repeating may help.
    """
    for start in range(0, len(changes), BULK_DOCUMENTS):
        await _write(cluster, index, changes[start : start + BULK_DOCUMENTS], again=again)


async def _write(cluster: Cluster, index: str, changes: Sequence[Change], *, again: bool) -> None:
    # A first revision is a new post, as a rule, and a deletion wins over whatever is stored: they
    # need no look at what is stored.
    left = list(changes)
    looked_up = [each.post_id for each in left if not (_is_new(each) or each.deleted)]
    for _ in range(ATTEMPTS):
        stored = await _stored(cluster, index, looked_up)
        actions = [(each, _action(each, stored.get(each.post_id), again=again)) for each in left]
        left = await _send(cluster, index, [each for each in actions if each[1]])
        if not left:
            return
        looked_up = [each.post_id for each in left]
    raise TransactionAborted


def _is_new(change: Change) -> bool:
    return change.post is not None and change.post.revision <= 1


async def _stored(cluster: Cluster, index: str, ids: Sequence[int]) -> dict[int, _Stored]:
    if not ids:
        return {}
    documents = await cluster.get(index, ids, _DECIDING)
    return {
        int(each["_id"]): _Stored(
            each["_source"]["revision"],
            counts_from(each["_source"]) if "likes" in each["_source"] else None,
            (each["_seq_no"], each["_primary_term"]),
        )
        for each in documents
        if each["found"]
    }


def _action(change: Change, stored: _Stored | None, *, again: bool) -> list[bytes]:
    """The lines of the action that makes the change; none if nothing changes."""
    if change.deleted:
        # Without a condition: it replaces everything, and concurrent writes look again.
        return _lines("index", change.post_id, tombstone(change.post_id))
    if stored is not None and stored.revision == DELETED:
        return []
    added = None if change.added == NO_COUNTS else change.added
    counts = change.counts or (stored.counts if stored else None) or added
    fields: dict[str, Any] = {} if counts is None else counts_fields(counts)
    post = change.post
    if stored is None:
        given = placeholder(change.post_id) if post is None else document_of(post)
        return _lines("create", change.post_id, given | fields)
    if post is not None and post.revision > stored.revision - again:
        return _lines("index", change.post_id, document_of(post) | fields, stored.place)
    if counts is None or counts == stored.counts:
        return []
    return _lines("update", change.post_id, {"doc": fields}, stored.place)


def _lines(
    kind: str, post_id: int, body: Mapping[str, Any], place: tuple[int, int] | None = None
) -> list[bytes]:
    action: dict[str, Any] = {"_id": str(post_id)}
    if place is not None:
        action["if_seq_no"], action["if_primary_term"] = place
    return [msgspec.json.encode({kind: action}), msgspec.json.encode(body)]


async def _send(
    cluster: Cluster, index: str, actions: Sequence[tuple[Change, list[bytes]]]
) -> list[Change]:
    """Sends the actions; returns the changes that met another write."""
    conflicts = []
    for part in _parts(actions):
        results = await cluster.bulk(index, [line for _, lines in part for line in lines])
        passing = 0
        for (change, _), result in zip(part, results, strict=True):
            status = result["status"]
            if status == _CONFLICT:
                conflicts.append(change)
            elif status in _PASSING:
                passing += 1
            elif status >= _REFUSED:
                _refused.inc()
                # Not its reason, which repeats what the post says.
                kind = result["error"]["type"]
                logger().error("search_document_refused", post_id=change.post_id, kind=kind)
        if passing:
            raise OpenSearchUnavailable
    return conflicts


def _parts(
    actions: Sequence[tuple[Change, list[bytes]]],
) -> Iterable[Sequence[tuple[Change, list[bytes]]]]:
    part: list[tuple[Change, list[bytes]]] = []
    size = 0
    for action in actions:
        length = sum(map(len, action[1]))
        if part and size + length > BULK_BYTES:
            yield part
            part, size = [], 0
        part.append(action)
        size += length
    if part:
        yield part

"""Compares two generations by the hashes that their documents have.

Ids are read from the newest to the oldest, as they are stored. Writes go on: what they change in
between seems different, and the Post service decides.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from services.chassis.runtime.ids import MAX_ID
from services.search.adapters.opensearch.cluster import Cluster
from services.search.domain.posts.model import SegmentComparison

# The posts of one segment, and of one request.
SEGMENT_SIZE = 100_000
PAGE = 10_000


async def compare(
    cluster: Cluster, new: str, live: str, *, segment_size: int
) -> list[SegmentComparison]:
    """Compares the indexes by segments of the new one, by ascending ids."""
    segments = []
    last_id, count, checksum = MAX_ID, 0, 0
    async for post_id, value in _hashes(cluster, new, 0, MAX_ID):
        if count == segment_size:
            segment = SegmentComparison(post_id + 1, last_id, count, checksum, 0, 0)
            segments.append(await _compared(cluster, live, segment))
            last_id, count, checksum = post_id, 0, 0
        count += 1
        checksum += value
    segment = SegmentComparison(0, last_id, count, checksum, 0, 0)
    segments.append(await _compared(cluster, live, segment))
    return segments[::-1]


async def differing(
    cluster: Cluster, new: str, live: str, segment: SegmentComparison, *, limit: int
) -> list[int]:
    """The ids of the posts of the segment that differ, ascending."""
    ends = segment.first_id, segment.last_id
    ours = {each async for each in _hashes(cluster, new, *ends)}
    theirs = {each async for each in _hashes(cluster, live, *ends)}
    return sorted({post_id for post_id, _ in ours ^ theirs})[:limit]


async def _compared(cluster: Cluster, live: str, segment: SegmentComparison) -> SegmentComparison:
    rows = _hashes(cluster, live, segment.first_id, segment.last_id)
    hashes = [value async for _, value in rows]
    return replace(segment, live_count=len(hashes), live_checksum=sum(hashes))


async def _hashes(
    cluster: Cluster, index: str, first_id: int, last_id: int
) -> AsyncIterator[tuple[int, int]]:
    """Each post's id and hash, descending. Deleted posts have none."""
    while first_id <= last_id:
        hits = await cluster.search(
            index,
            {
                "query": {
                    "bool": {
                        "filter": [
                            {"range": {"id": {"gte": first_id, "lte": last_id}}},
                            {"range": {"visibility": {"gt": 0}}},
                        ]
                    }
                },
                "sort": [{"id": "desc"}],
                "size": PAGE,
                "_source": False,
                "docvalue_fields": ["hash"],
            },
        )
        for hit in hits:
            yield int(hit["_id"]), hit["fields"]["hash"][0]
        if len(hits) < PAGE:
            return
        last_id = int(hits[-1]["_id"]) - 1

"""What only an engine outside of PostgreSQL can meet: refusals, losses, and writes that race."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from services.chassis.storage.postgres import Database
from services.search.adapters.opensearch import (
    Cluster,
    OpenSearchPostIndex,
    connect,
    documents,
    writes,
)
from services.search.adapters.opensearch import cluster as cluster_module
from services.search.adapters.opensearch.cluster import OpenSearchUnavailable
from services.search.adapters.postgres import PostgresSearchStore
from services.search.domain.posts.model import (
    ANONYMOUS,
    Counts,
    Delete,
    PostChange,
    SetAccount,
    SetCounts,
    Upsert,
    Viewer,
    Visibility,
)
from services.search.domain.query.model import AtLeast, Term, Word
from tests.engines import Engines
from tests.stores.search.posts.engine import Engine, a_document
from tests.waiting import eventually

REFUSED = "roost_search_documents_refused_total"


class Altered(Cluster):
    """A cluster whose answers to writes a test alters, and which counts searches."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster._client)
        self.statuses: dict[str, int] = {}
        self.searches: list[Any] = []

    async def bulk(self, index: str, lines: Any) -> list[dict[str, Any]]:
        kept = []
        results = []
        pairs = list(zip(lines[::2], lines[1::2], strict=True))
        for action, body in pairs:
            status = next((s for post, s in self.statuses.items() if post in action.decode()), 0)
            results.append({"status": status, "error": {"type": "altered"}} if status else None)
            if not status:
                kept += [action, body]
        answered: Iterator[Any] = iter(await super().bulk(index, kept) if kept else ())
        return [each or next(answered) for each in results]

    async def search(self, index: str, body: Any) -> list[dict[str, Any]]:
        self.searches.append(body)
        return await super().search(index, body)


@pytest.fixture
async def altered(opensearch: str, database: Database) -> AsyncIterator[tuple[Engine, Altered]]:
    name = f"test-{secrets.token_hex(8)}"
    async with connect(opensearch) as cluster:
        between = Altered(cluster)
        index = OpenSearchPostIndex(database, between, name=name)
        await index.maintain()

        async def refresh() -> None:
            await cluster.refresh(f"{name}-*")

        yield Engine(PostgresSearchStore(database), index, refresh, transactional=False), between
        await cluster.delete(f"{name}-*")


async def test_a_write_is_found_within_two_seconds(on_opensearch: Engine) -> None:
    async with on_opensearch.store.transaction() as transaction:
        await on_opensearch.index.apply(transaction, [Upsert(a_document(10, "cat"))])

    async def is_found() -> bool:
        return await on_opensearch.ids(Word("cat")) == [10]

    await eventually(is_found)


async def test_a_full_queue_keeps_the_batch_from_being_recorded(
    altered: tuple[Engine, Altered],
) -> None:
    engine, cluster = altered
    cluster.statuses = {'"11"': 429}
    batch: list[PostChange] = [Upsert(a_document(n, "cat")) for n in (10, 11)]
    batch.append(SetAccount(1, 1, protected=True))

    with pytest.raises(OpenSearchUnavailable):
        await engine.apply(*batch)
    await engine.refresh()

    assert await engine.ids(Word("cat")) == [10]
    cluster.statuses = {}
    await engine.apply(*batch)
    assert await engine.ids(Word("cat"), Viewer(1)) == [11, 10]
    assert await engine.ids(Word("cat")) == []


async def test_a_refused_document_keeps_no_other_out(altered: tuple[Engine, Altered]) -> None:
    engine, cluster = altered
    cluster.statuses = {'"11"': 400}
    before = REGISTRY.get_sample_value(REFUSED) or 0

    await engine.put(*(a_document(n, "cat") for n in (10, 11, 12)))

    assert await engine.ids(Word("cat")) == [12, 10]
    assert REGISTRY.get_sample_value(REFUSED) == before + 1


async def test_opensearch_itself_refuses_what_the_mapping_does_not_have(
    on_opensearch: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = documents.document_of
    monkeypatch.setattr(
        writes,
        "document_of",
        lambda post: made(post) | ({"surprise": 1} if post.post_id == 11 else {}),
    )
    before = REGISTRY.get_sample_value(REFUSED) or 0

    await on_opensearch.put(*(a_document(n, "cat") for n in (10, 11, 12)))

    assert await on_opensearch.ids(Word("cat")) == [12, 10]
    assert REGISTRY.get_sample_value(REFUSED) == before + 1


async def test_writes_of_one_post_at_the_same_time_end_with_the_latest(
    on_opensearch: Engine,
) -> None:
    revisions = [a_document(10, f"word{n}", revision=n) for n in range(1, 9)]

    await asyncio.gather(
        *(on_opensearch.put(each) for each in revisions),
        *(on_opensearch.apply(SetCounts(10, Counts(likes=7))) for _ in range(3)),
    )

    assert await on_opensearch.ids(Word("word8")) == [10]
    assert await on_opensearch.ids(AtLeast("likes", 7)) == [10]
    assert await on_opensearch.ids(Word("word7")) == []


async def test_a_deletion_at_the_same_time_as_writes_wins(on_opensearch: Engine) -> None:
    await asyncio.gather(
        *(on_opensearch.put(a_document(10, "cat", revision=n)) for n in range(1, 6)),
        on_opensearch.delete(10),
        on_opensearch.apply(SetCounts(10, Counts(likes=7))),
    )

    assert await on_opensearch.ids() == []


async def test_a_late_write_finds_the_deletion_after_opensearch_forgot_its_own(
    on_opensearch: Engine, opensearch: str
) -> None:
    await on_opensearch.put(a_document(10, "cat"))
    await on_opensearch.delete(10)
    index = on_opensearch.index
    assert isinstance(index, OpenSearchPostIndex)
    async with connect(opensearch) as cluster:
        name = f"{index._name}-*"
        # As if the 60 seconds of its default were over, and the segments had been merged.
        await cluster._call("PUT", f"/{name}/_settings", {"index.gc_deletes": "0s"}, seconds=30)
        await cluster._call("POST", f"/{name}/_forcemerge?max_num_segments=1", seconds=30)

    await on_opensearch.put(a_document(10, "cat", revision=9))

    assert await on_opensearch.ids(Word("cat")) == []


async def test_a_lost_index_is_unavailable_until_maintenance_creates_it(
    on_opensearch: Engine, opensearch: str
) -> None:
    index = on_opensearch.index
    assert isinstance(index, OpenSearchPostIndex)
    await on_opensearch.put(a_document(10, "cat"))
    async with connect(opensearch) as cluster:
        await cluster.delete(f"{index._name}-*")

    with pytest.raises(OpenSearchUnavailable):
        await on_opensearch.ids(Word("cat"))
    with pytest.raises(OpenSearchUnavailable):
        await on_opensearch.index.ids_with("#cat", limit=5)
    with pytest.raises(OpenSearchUnavailable):
        await on_opensearch.put(a_document(11, "cat"))
    await index.maintain()
    await on_opensearch.put(a_document(11, "cat"))

    assert await on_opensearch.ids(Word("cat")) == [11]


async def test_a_rebuild_brings_a_lost_index_back(on_opensearch: Engine, opensearch: str) -> None:
    index = on_opensearch.index
    assert isinstance(index, OpenSearchPostIndex)
    posts = [a_document(n, "cat") for n in range(10, 60)]
    await on_opensearch.put(*posts)
    async with connect(opensearch) as cluster:
        await cluster.delete(f"{index._name}-*")
    await index.maintain()

    await on_opensearch.swap(await on_opensearch.rebuild(posts))

    assert await on_opensearch.ids(Word("cat"), limit=100) == list(range(59, 9, -1))


async def test_a_swap_deletes_the_index_that_it_replaced(
    on_opensearch: Engine, opensearch: str
) -> None:
    index = on_opensearch.index
    assert isinstance(index, OpenSearchPostIndex)
    await on_opensearch.put(a_document(10, "cat"))
    await on_opensearch.swap(await on_opensearch.rebuild([a_document(10, "cat")]))

    await index.maintain()

    async with connect(opensearch) as cluster:
        names = await cluster.names(f"{index._name}-*")
    assert len(names) == 1
    assert await on_opensearch.ids(Word("cat")) == [10]


async def test_an_aborted_start_leaves_no_index(on_opensearch: Engine, opensearch: str) -> None:
    index = on_opensearch.index
    assert isinstance(index, OpenSearchPostIndex)

    async def fail() -> None:
        async with on_opensearch.store.transaction() as transaction:
            await index.start_generation(transaction)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await index.maintain()

    async with connect(opensearch) as cluster:
        assert len(await cluster.names(f"{index._name}-*")) == 1


async def test_posts_of_many_protected_authors_take_few_requests(
    altered: tuple[Engine, Altered],
) -> None:
    engine, cluster = altered
    hidden = range(1, 301)
    await engine.put(
        a_document(1, "cat", author_id=999),
        *(a_document(n, "cat", author_id=n % 300 + 1) for n in range(10, 2_000)),
    )
    await engine.apply(*(SetAccount(each, 1, protected=True) for each in hidden))
    cluster.searches.clear()

    assert await engine.ids(Word("cat"), limit=20) == [1]
    assert len(cluster.searches) <= 6


async def test_bookmarks_and_followed_authors_may_be_many(on_opensearch: Engine) -> None:
    await on_opensearch.put(
        a_document(10, "cat", visibility=Visibility.FOLLOWERS, author_id=70_000)
    )
    viewer = Viewer(2, following=frozenset(range(1, 70_001)) - {2})

    assert await on_opensearch.ids(Word("cat"), viewer) == [10]


async def test_many_changes_are_written_in_several_requests(
    on_opensearch: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "BULK_BYTES", 2_000)
    monkeypatch.setattr(writes, "BULK_DOCUMENTS", 30)
    posts = [a_document(n, "cat " * 20, "#cat") for n in range(1, 101)]

    await on_opensearch.put(*posts)
    await on_opensearch.apply(*(Delete(n) for n in range(1, 51)))

    assert await on_opensearch.index.ids_with("#cat", limit=200) == list(range(100, 50, -1))
    assert await on_opensearch.ids(Term("#cat"), limit=200) == list(range(100, 50, -1))


async def test_a_call_ends_with_its_deadline(on_opensearch: Engine) -> None:
    with deadline.within(0.000_001), pytest.raises(DeadlineExceeded):
        await on_opensearch.ids(Word("cat"))


async def test_a_server_that_does_not_answer_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "SEARCH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with connect(url) as cluster:
            index = OpenSearchPostIndex(database, cluster)

            with pytest.raises(OpenSearchUnavailable):
                await index.find(Word("cat"), ANONYMOUS, limit=5)


async def test_opensearch_that_is_killed_comes_back_with_what_was_acknowledged(
    on_opensearch: Engine, engines: Engines
) -> None:
    await on_opensearch.put(*(a_document(n, "cat") for n in range(1, 30)))
    edited = replace(a_document(5, "dog"), revision=2)
    async with on_opensearch.store.transaction() as transaction:
        await on_opensearch.index.apply(transaction, [Upsert(edited), Delete(6)])

    await asyncio.to_thread(engines.kill, "opensearch")
    with pytest.raises(OpenSearchUnavailable):
        await on_opensearch.ids(Word("cat"))

    async def is_back() -> bool:
        try:
            return await on_opensearch.ids(Word("dog")) == [5]
        except OpenSearchUnavailable:
            return False

    await eventually(is_back)
    assert await on_opensearch.ids(Word("cat"), limit=50) == [
        n for n in range(29, 0, -1) if n not in {5, 6}
    ]

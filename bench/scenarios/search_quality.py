"""How well the orders of search serve judged queries, beside PostgreSQL's own text search.

It needs no stack: the memory index is searched in this process, and PostgreSQL runs alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import mean

import asyncpg
from rich.console import Console

from bench import judged_texts, relevance
from bench.judged_texts import NOW, Item
from bench.relevance import DEPTH, JudgedQuery
from bench.report import Report, number
from local.parts.postgres import Postgres
from local.ports import Ports
from local.secret_store import SecretStore
from local.supervisor import Supervisor
from services.search.adapters.memory import MemoryPostIndex, MemorySearchStore
from services.search.domain.posts.model import ANONYMOUS, IndexedPost, SetCounts, Upsert
from services.search.domain.posts.ranking import MAX_CANDIDATES, rank
from services.search.domain.query.model import Expression
from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve

# The ids of the best posts for a query, at most DEPTH.
Order = Callable[[str], Awaitable[Sequence[int]]]

_PLAIN = """
SELECT id FROM posts, plainto_tsquery('{config}', $1) AS wanted
WHERE to_tsvector('{config}', text) @@ wanted
ORDER BY ts_rank(to_tsvector('{config}', text), wanted) DESC, id DESC LIMIT $2
"""


class TextsChanged(Exception):
    """A judged line has another text than when it was judged."""


async def run(console: Console) -> Report:
    """Answer the judged queries by each order."""
    with tempfile.TemporaryDirectory(prefix="roost-search-") as name:
        folder = Path(name)
        texts = await judged_texts.items(folder)
        posts = judged_texts.documents(texts)
        queries = relevance.read(judged_texts.FOLDER)
        _check(queries, texts)
        console.print(f"  {len(texts)} texts, {len(queries)} queries", style="dim")
        async with _postgres(folder, posts) as connection:
            index = await _memory_index([post for _, post in posts.values()])
            orders: dict[str, Order] = {
                "TOP": lambda text: _top(index, text),
                "LATEST": lambda text: _latest(index, text),
                "to_tsvector, english": lambda text: _plain(connection, "english", text),
                "to_tsvector, simple": lambda text: _plain(connection, "simple", text),
            }
            found = {
                name: {query.number: await order(query.text) for query in queries}
                for name, order in orders.items()
            }
    keys = {post_id: (item.source, item.line) for post_id, (item, _) in posts.items()}
    return _report(
        queries,
        {
            name: {number: [keys[each] for each in ids] for number, ids in by_query.items()}
            for name, by_query in found.items()
        },
    )


def _check(queries: Sequence[JudgedQuery], texts: Sequence[Item]) -> None:
    digests = {(each.source, each.line): each.digest for each in texts}
    for query in queries:
        for key, digest in query.digests.items():
            if digests.get(key) != digest:
                raise TextsChanged(f"line {key[1]} of {key[0]} is not the text that was judged")


def _report(
    queries: Sequence[JudgedQuery],
    found: Mapping[str, Mapping[int, Sequence[tuple[str, int]]]],
) -> Report:
    report = Report()
    known = [query for query in queries if query.kind == "known"]
    topics = [query for query in queries if query.kind == "topic"]
    rows = []
    for name, by_query in found.items():
        gains = {
            each.number: relevance.ndcg(by_query[each.number], each.grades) for each in queries
        }
        first, third = (
            mean(
                relevance.succeeds(by_query[each.number], each.grades, within=within)
                for each in known
            )
            for within in (1, 3)
        )
        overall = mean(gains.values())
        report.higher(f"{name}: nDCG@{DEPTH}", overall, "")
        report.higher(f"{name}: success@1 of known items", first, "")
        report.higher(f"{name}: success@3 of known items", third, "")
        rows.append(
            [
                name,
                *map(
                    number,
                    (overall, mean(gains[each.number] for each in topics), first, third),
                ),
                str(sum(not ids for ids in by_query.values())),
            ]
        )
    report.table(
        f"{len(topics)} topics and {len(known)} known items",
        ["order", f"nDCG@{DEPTH}", "… of topics", "success@1", "success@3", "nothing found"],
        rows,
    )
    return report


async def _top(index: MemoryPostIndex, text: str) -> Sequence[int]:
    expression = await _expression(text)
    found = await index.find(expression, ANONYMOUS, limit=MAX_CANDIDATES)
    ranked = rank(found, expression, ANONYMOUS, NOW)
    return [each.post.post_id for each in ranked[:DEPTH]]


async def _latest(index: MemoryPostIndex, text: str) -> Sequence[int]:
    found = await index.find(await _expression(text), ANONYMOUS, limit=DEPTH)
    return [each.post_id for each in found]


async def _plain(connection: asyncpg.Connection, config: str, text: str) -> Sequence[int]:
    rows = await connection.fetch(_PLAIN.format(config=config), text, DEPTH)
    return [row["id"] for row in rows]


class _Nobody:
    """The judged queries name no user and no collection."""

    async def ids_of(self, handles: Collection[str], *, viewer_id: int) -> Mapping[str, int]:
        return {}

    async def post_ids(self, user_id: int) -> Collection[int]:
        return ()


async def _expression(text: str) -> Expression:
    nobody = _Nobody()
    resolved = await resolve(parse(text), users=nobody, bookmarks=nobody, viewer_id=0, following=())
    return resolved.expression


async def _memory_index(posts: Sequence[IndexedPost]) -> MemoryPostIndex:
    store = MemorySearchStore()
    index = MemoryPostIndex(store)
    async with store.transaction() as transaction:
        await index.apply(transaction, [Upsert(post) for post in posts])
        await index.apply(transaction, [SetCounts(post.post_id, post.counts) for post in posts])
    return index


@asynccontextmanager
async def _postgres(
    folder: Path, posts: Mapping[int, tuple[Item, IndexedPost]]
) -> AsyncIterator[asyncpg.Connection]:
    """A database with the texts, whose locale lets `to_tsvector` see letters beyond ASCII."""
    ports = Ports(folder / "ports.json")
    part = Postgres(folder / "pg", ports=ports, secrets=SecretStore(folder / "secrets"), trial=True)
    async with Supervisor([part], logs=folder / "logs") as supervisor:
        await supervisor.start(["postgres"])
        admin = await asyncpg.connect(part.admin_url)
        try:
            await admin.execute(
                "CREATE DATABASE plain TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc"
                " LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
            )
        finally:
            await admin.close()
        connection = await asyncpg.connect(part.admin_url.replace("/postgres?", "/plain?"))
        try:
            await connection.execute(
                "CREATE TABLE posts (id bigint PRIMARY KEY, text text NOT NULL)"
            )
            rows = [(post_id, item.text) for post_id, (item, _) in posts.items()]
            await connection.copy_records_to_table("posts", records=rows)
            yield connection
        finally:
            await connection.close()
    ports.release()

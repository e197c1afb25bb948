"""What posts cost PostgreSQL that match and that the viewer may not see."""

from typing import Any

from services.chassis.storage.postgres import Database
from services.search.adapters.postgres.post_index.catalogue import live_generation
from services.search.adapters.postgres.post_index.search import Search
from services.search.domain.posts.model import ANONYMOUS, AudienceLimit, Visibility
from services.search.domain.query.model import Word
from tests.stores.search.posts.conftest import SEGMENT_SIZE, WINDOW
from tests.stores.search.posts.engine import Engine, a_document

HIDDEN, LIMIT = 600, 3
BELOW_FOLLOWERS = (AudienceLimit(7, Visibility.FOLLOWERS),)


async def test_many_hidden_replies_take_few_statements(
    on_postgres: Engine, database: Database
) -> None:
    await on_postgres.put(a_document(1, "cat"), a_document(2, "cat"))
    await on_postgres.put(
        *(a_document(n, "cat", limits=BELOW_FOLLOWERS) for n in range(3, 3 + HIDDEN))
    )
    statements: list[Any] = []

    async with database.connection() as connection:
        search = Search(
            connection,
            await live_generation(connection),
            Word("cat"),
            ANONYMOUS,
            window=WINDOW,
            segment_size=SEGMENT_SIZE,
        )
        with connection.query_logger(statements.append):
            found = await search.newest(below=10_000, limit=LIMIT)

    assert [each.post_id for each in found] == [2, 1]
    # The pages of rows grow.
    assert len(statements) < 25


async def test_a_page_among_hidden_replies_is_no_longer_than_demanded(
    on_postgres: Engine,
) -> None:
    documents = [
        a_document(n, "cat", limits=() if n % 5 == 0 else BELOW_FOLLOWERS) for n in range(1, 301)
    ]
    await on_postgres.put(*documents)

    found = await on_postgres.ids(Word("cat"), limit=7)

    assert found == list(range(300, 265, -5))

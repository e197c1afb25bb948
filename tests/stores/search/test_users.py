"""The index of users: who is found, in which order, and what changes do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from services.chassis.storage import postgres
from services.chassis.storage.transaction import Transaction, in_transaction
from services.search.adapters.memory import MemorySearchStore
from services.search.adapters.memory.users import MemoryUserIndex
from services.search.adapters.postgres import PostgresSearchStore
from services.search.adapters.postgres import users as postgres_users
from services.search.adapters.postgres.users import PostgresUserIndex
from services.search.domain.posts.model import Viewer
from services.search.domain.store import Store
from services.search.domain.users.index import UserIndex
from services.search.domain.users.model import (
    Delete,
    FoundUser,
    IndexedUser,
    Position,
    SetFollowers,
    Upsert,
    UserChange,
    UserField,
)
from tests.builders.search import a_user_query, an_indexed_user
from tests.engines import Databases

STRANGER = Viewer(0)


@dataclass
class Index:
    """An index of users under test."""

    store: Store
    users: UserIndex

    async def apply(self, *changes: UserChange) -> None:
        async with self.store.transaction() as transaction:
            await self.users.apply(transaction, changes)

    async def find(
        self,
        query: str,
        viewer: Viewer = STRANGER,
        *,
        after: Position | None = None,
        limit: int = 100,
        with_bio: bool = True,
    ) -> list[FoundUser]:
        return await self.users.find(
            a_user_query(query, with_bio=with_bio), viewer, after=after, limit=limit
        )

    async def ids(
        self, query: str, viewer: Viewer = STRANGER, *, with_bio: bool = True
    ) -> list[int]:
        return [each.user_id for each in await self.find(query, viewer, with_bio=with_bio)]


@pytest.fixture(scope="module")
def users_url(postgres: Databases) -> Iterator[str]:
    url = postgres.fresh("search")
    yield url
    postgres.drop(url)


@pytest.fixture(params=["memory", "postgres", "postgres, as if all words were common"])
async def index(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Index]:
    if request.param == "memory":
        memory = MemorySearchStore()
        yield Index(memory, MemoryUserIndex(memory))
        return
    if request.param != "postgres":
        monkeypatch.setattr(postgres_users, "_RARE", 1)
        monkeypatch.setattr(postgres_users, "_STEP", (2, 8))
    url: str = request.getfixturevalue("users_url")
    databases: Databases = request.getfixturevalue("postgres")
    databases.clear(url)
    async with postgres.connect(url) as connected:
        yield Index(PostgresSearchStore(connected), PostgresUserIndex(connected))


async def test_the_exact_handle_comes_first_then_the_exact_name(index: Index) -> None:
    await index.apply(
        Upsert(an_indexed_user(1, "adalovelace", ["countess"], followers=1_000_000)),
        Upsert(an_indexed_user(2, "other", ["ada"])),
        Upsert(an_indexed_user(3, "ada", ["somebody"])),
        Upsert(an_indexed_user(4, "third", ["ada", "king"], followers=10)),
    )

    found = await index.find("ada")

    assert [each.user_id for each in found] == [3, 2, 1, 4]
    assert [each.field for each in found] == [
        UserField.HANDLE,
        UserField.DISPLAY_NAME,
        UserField.HANDLE,
        UserField.DISPLAY_NAME,
    ]


async def test_the_full_name_is_found_before_users_with_more_followers(index: Index) -> None:
    await index.apply(
        *(
            Upsert(an_indexed_user(each, f"fan{each}", ["ada", "lovelace", "fan"], followers=5_000))
            for each in range(1, 60)
        ),
        Upsert(an_indexed_user(60, "countess", ["ada", "lovelace"])),
    )

    assert (await index.ids("ada lovelace"))[0] == 60


async def test_names_come_before_the_bio(index: Index) -> None:
    await index.apply(
        Upsert(an_indexed_user(1, "one", ["one"], bio=["birds", "and", "trees"], followers=9_999)),
        Upsert(an_indexed_user(2, "two", ["birds", "only"])),
    )

    assert await index.ids("birds") == [2, 1]
    assert [each.field for each in await index.find("birds")][1] is UserField.BIO
    assert await index.ids("birds", with_bio=False) == [2]


async def test_words_of_the_bio_are_whole(index: Index) -> None:
    await index.apply(Upsert(an_indexed_user(1, "one", ["one"], bio=["birds"])))

    assert await index.ids("bird") == []


async def test_each_word_has_to_match_in_any_order(index: Index) -> None:
    await index.apply(
        Upsert(an_indexed_user(1, "one", ["ada", "lovelace"])),
        Upsert(an_indexed_user(2, "two", ["ada", "king"], bio=["lovelace"])),
        Upsert(an_indexed_user(3, "lovelace", ["byron"])),
    )

    assert await index.ids("love ad") == [1]
    assert await index.ids("lovelace ada") == [1, 2]
    assert await index.ids("ada nobody") == []


async def test_followed_users_come_first_among_equals(index: Index) -> None:
    await index.apply(
        Upsert(an_indexed_user(1, "ann", ["x"], followers=5)),
        Upsert(an_indexed_user(2, "annabel", ["x"], followers=500)),
        Upsert(an_indexed_user(3, "annika", ["x"], followers=1)),
        Upsert(an_indexed_user(4, "four", ["x"], bio=["ann"], followers=1)),
    )

    viewer = Viewer(9, following=frozenset({3, 4}))
    assert await index.ids("ann", viewer) == [1, 3, 2, 4]
    assert await index.ids("ann") == [1, 2, 3, 4]


async def test_more_followers_come_first_and_small_differences_change_nothing(
    index: Index,
) -> None:
    await index.apply(
        Upsert(an_indexed_user(1, "annb", ["x"], followers=130)),
        Upsert(an_indexed_user(2, "anna", ["x"], followers=129)),
        Upsert(an_indexed_user(3, "annc", ["x"], followers=1_000)),
        Upsert(an_indexed_user(4, "annd", ["x"])),
    )
    assert await index.ids("ann") == [3, 2, 1, 4]

    await index.apply(SetFollowers(4, 70_000), SetFollowers(3, 0))

    assert await index.ids("ann") == [4, 2, 1, 3]


async def test_users_with_a_block_in_either_direction_are_not_found(index: Index) -> None:
    await index.apply(
        Upsert(an_indexed_user(1, "ann", ["ann"])), Upsert(an_indexed_user(2, "anna", ["ann"]))
    )

    blocked = Viewer(9, following=frozenset({1}), blocked=frozenset({1}))
    assert await index.ids("ann", blocked) == [2]


async def test_a_user_with_several_matching_words_is_found_once(index: Index) -> None:
    await index.apply(Upsert(an_indexed_user(1, "annab", ["anna", "ann", "annabel"])))

    assert await index.ids("ann") == [1]


async def test_an_older_version_changes_nothing(index: Index) -> None:
    await index.apply(Upsert(an_indexed_user(1, "ann", ["new"], version=20, followers=4)))

    await index.apply(Upsert(an_indexed_user(1, "ann", ["old"], version=19, followers=2)))

    assert await index.ids("new") == [1]
    assert await index.ids("old") == []


async def test_a_newer_version_replaces_all_words(index: Index) -> None:
    await index.apply(Upsert(an_indexed_user(1, "ann", ["one"], bio=["first"], version=1)))

    await index.apply(Upsert(an_indexed_user(1, "ann", ["two"], bio=["second"], version=2)))

    assert await index.ids("one") == []
    assert await index.ids("first") == []
    assert await index.ids("two") == [1]
    assert await index.ids("second") == [1]


async def test_a_profile_keeps_its_stored_number_of_followers(index: Index) -> None:
    await index.apply(
        Upsert(an_indexed_user(1, "annb", ["x"], followers=1_000, version=1)),
        Upsert(an_indexed_user(2, "anna", ["x"], followers=10)),
    )

    await index.apply(Upsert(an_indexed_user(1, "annb", ["new"], version=2)))

    assert await index.ids("ann") == [1, 2]


async def test_a_deleted_account_is_never_found_again(index: Index) -> None:
    await index.apply(Upsert(an_indexed_user(1, "ann", ["ann"], bio=["ann"])))
    await index.apply(Delete(1), Delete(2))

    await index.apply(
        Upsert(an_indexed_user(1, "ann", ["ann"], version=99)),
        Upsert(an_indexed_user(2, "annb", ["ann"], version=99)),
        SetFollowers(1, 7),
    )

    viewer = Viewer(9, following=frozenset({1, 2}))
    assert await index.ids("ann", viewer) == []


async def test_followers_of_unknown_users_are_not_stored(index: Index) -> None:
    await index.apply(SetFollowers(1, 1_000))
    await index.apply(
        Upsert(an_indexed_user(1, "annb", ["x"])),
        Upsert(an_indexed_user(2, "anna", ["x"], followers=1)),
    )

    assert await index.ids("ann") == [2, 1]


async def test_changes_of_an_abandoned_transaction_leave_nothing(index: Index) -> None:
    async def abandoned() -> None:
        async with index.store.transaction() as transaction:
            await index.users.apply(transaction, [Upsert(an_indexed_user(1, "ann", ["ann"]))])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await abandoned()

    assert await index.ids("ann") == []


async def test_pages_continue_exactly_where_the_last_one_ended(index: Index) -> None:
    users = _population(random.Random(7), 300)
    await index.apply(*map(Upsert, users))
    viewer = Viewer(9, following=frozenset(range(1, 300, 7)), blocked=frozenset({5, 14}))
    for query in ("a", "ab", "b a", "c"):
        whole = await index.find(query, viewer, limit=1_000)
        paged: list[FoundUser] = []
        while page := await index.find(
            query, viewer, after=paged[-1].position if paged else None, limit=7
        ):
            paged += page
        assert paged == whole
        assert len({each.user_id for each in whole}) == len(whole) > 0


async def test_concurrent_changes_of_the_same_users_leave_the_newest(index: Index) -> None:
    async def write(version: int) -> None:
        order = list(range(1, 20))
        random.Random(version).shuffle(order)

        async def effect(transaction: Transaction) -> None:
            await index.users.apply(
                transaction,
                [
                    Upsert(an_indexed_user(each, f"user{each}", [f"v{version}"], version=version))
                    for each in order
                ],
            )

        await in_transaction(index.store.transaction, effect)

    await asyncio.gather(*map(write, range(1, 7)))

    assert await index.ids("v6") == list(range(1, 20))
    assert await index.ids("v5") == []


@pytest.mark.parametrize("rare", [1, 12, 500])
@pytest.mark.parametrize("seed", range(3))
async def test_random_queries_find_the_same_users_in_memory_and_in_postgres(
    seed: int, rare: int, postgres_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_users, "_RARE", rare)
    monkeypatch.setattr(postgres_users, "_STEP", (2, 16))
    numbers = random.Random(seed)
    memory = MemorySearchStore()
    other = Index(memory, MemoryUserIndex(memory))
    for _ in range(3):
        changes = _changes(numbers)
        await other.apply(*changes)
        await postgres_index.apply(*changes)
    for _ in range(60):
        query = " ".join(_word(numbers) for _ in range(numbers.choice([1, 1, 2, 3])))
        viewer = Viewer(
            500,
            following=frozenset(numbers.sample(range(1, 200), 20)),
            blocked=frozenset(numbers.sample(range(1, 200), 20)),
        )
        with_bio = numbers.random() < 0.7
        expected = await other.find(query, viewer, with_bio=with_bio, limit=500)
        assert await postgres_index.find(query, viewer, with_bio=with_bio, limit=500) == expected, (
            query
        )
        if expected:
            after = numbers.choice(expected).position
            assert await postgres_index.find(
                query, viewer, with_bio=with_bio, after=after, limit=9
            ) == await other.find(query, viewer, with_bio=with_bio, after=after, limit=9)


@pytest.fixture
async def postgres_index(users_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    databases: Databases = request.getfixturevalue("postgres")
    databases.clear(users_url)
    async with postgres.connect(users_url) as connected:
        yield Index(PostgresSearchStore(connected), PostgresUserIndex(connected))


def _changes(numbers: random.Random) -> list[UserChange]:
    changes: list[UserChange] = [Upsert(each) for each in _population(numbers, 200)]
    changes += [Delete(numbers.randrange(1, 220)) for _ in range(10)]
    changes += [
        SetFollowers(numbers.randrange(1, 220), numbers.choice([0, 1, 3, 900])) for _ in range(40)
    ]
    numbers.shuffle(changes)
    return changes


def _population(numbers: random.Random, count: int) -> list[IndexedUser]:
    return [
        an_indexed_user(
            user_id,
            _word(numbers) + str(user_id % 50),
            [_word(numbers) for _ in range(numbers.choice([1, 1, 2, 3]))],
            bio=[_word(numbers) for _ in range(numbers.choice([0, 0, 4]))],
            followers=numbers.choice([0, 0, 0, 1, 2, 5, 70, 5_000]),
            version=numbers.randrange(1, 9),
        )
        for user_id in range(1, count + 1)
    ]


def _word(numbers: random.Random) -> str:
    return "".join(numbers.choice("abc山é") for _ in range(numbers.choice([1, 2, 2, 3])))

"""Concurrent sessions: PostgreSQL only, because the in-memory store is sequential."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.errors import NotFound
from services.chassis.storage.idempotency import RequestInFlight, RequestKey
from services.chassis.storage.postgres import Database
from services.post.adapters.postgres import PostgresStore
from services.post.adapters.user_client import MeshProfiles
from services.post.domain.model import (
    OPEN_ACCOUNT,
    AccountState,
    CountDrift,
    EngagementKind,
    Post,
)
from services.post.worker.protections import Protections
from tests.builders.posts import START, a_medium, a_post
from tests.stores.post.conftest import Scenario
from tests.waiting import LIMIT

LIKE, REPOST = EngagementKind.LIKE, EngagementKind.REPOST


@pytest.fixture
async def scenario(database: Database) -> Scenario:
    return Scenario(PostgresStore(database))


async def test_concurrent_copies_of_a_request_write_one_post(scenario: Scenario) -> None:
    key = RequestKey(str(scenario.alice), "request-1", b"fingerprint")

    async def attempt(number: int) -> bytes | None:
        post = a_post(scenario.numbers.of(scenario.alice), scenario.alice)
        try:
            return await scenario.create(post, key=key, response=b"%d" % number)
        except RequestInFlight:
            return b"in flight"

    answers = await asyncio.gather(*(attempt(number) for number in range(30)))

    assert answers.count(None) == 1
    winner = b"%d" % answers.index(None)
    assert set(answers) <= {None, winner, b"in flight"}
    assert await scenario.store.count_posts([scenario.alice]) == {scenario.alice: 1}


async def test_a_storm_of_likes_on_one_post_is_counted_right(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice)
    users = [scenario.numbers.user() for _ in range(40)]

    async def back_and_forth(user_id: int) -> None:
        for _ in range(2):
            await scenario.engage(LIKE, user_id, post)
            await scenario.engage(REPOST, user_id, post)
            await scenario.withdraw(LIKE, user_id, post)
        await scenario.engage(LIKE, user_id, post)

    # Each user_id twice at once, so that they also contend with themselves.
    await asyncio.gather(*(back_and_forth(user_id) for user_id in users * 2))

    state = await scenario.state(post)
    assert (state.likes, state.reposts) == (40, 40)
    assert await scenario.store.recount([post.id]) == []


async def test_concurrent_changes_do_not_deadlock(scenario: Scenario) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(6)]
    users = [scenario.numbers.user() for _ in range(8)]
    choose = random.Random(7)

    async def one(user_id: int) -> None:
        first, second = choose.sample(posts, 2)
        match choose.randrange(6):
            case 0:
                posts.append(await scenario.post(user_id, answers=first, quotes=second))
            case 1:
                await scenario.engage(choose.choice([LIKE, REPOST]), user_id, first)
            case 2:
                await scenario.withdraw(LIKE, user_id, first)
            case 3:
                await scenario.delete(first, second)
            case 4:
                async with scenario.store.transaction() as transaction:
                    await transaction.lock_users([user_id])
                    await transaction.withdraw_all(user_id, 5)
            case _:
                await scenario.store.recount([post.id for post in posts])

    async def life(user_id: int) -> None:
        for _ in range(25):
            try:
                await one(user_id)
            except NotFound:
                # The parent or the quoted post was deleted.
                continue

    # A deadlock would raise TransactionAborted here, because nothing retries.
    await asyncio.gather(*(life(user_id) for user_id in users))

    assert await scenario.store.recount([post.id for post in posts]) == []


async def test_edits_and_changes_of_media_each_make_one_version(scenario: Scenario) -> None:
    post = await scenario.post(scenario.alice, media=(a_medium(7), a_medium(8)))
    states = range(2, 22)

    async def change(medium_id: int, version: int) -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.replace_medium(post.id, a_medium(medium_id, version=version))

    async def edit() -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.lock_users([scenario.alice])
            locked = await transaction.lock_post(post.id)
            assert locked is not None
            after = replace(
                locked,
                text=f"text {locked.revision}",
                edit_time=START,
                revision=locked.revision + 1,
            )
            await transaction.edit(locked, after)

    await asyncio.gather(
        *(change(medium_id, version) for version in states for medium_id in (7, 8)),
        *(edit() for _ in states),
    )

    stored = (await scenario.store.posts([post.id]))[post.id]
    newest = states[-1]
    assert stored.media == (a_medium(7, version=newest), a_medium(8, version=newest))
    assert stored.revision == 1 + len(states)
    assert (await scenario.state(post)).version == stored.version
    revisions = await scenario.store.revisions(post.id, before=0, limit=100)
    assert {each.media for each in revisions} == {stored.media}


async def test_events_of_an_author_appear_in_the_order_of_their_ids(
    scenario: Scenario, database: Database
) -> None:
    seen: list[int] = []

    async def watch() -> None:
        while len(seen) < 120:
            rows = await database.fetch(
                "SELECT id FROM outbox WHERE key = $1 AND id <> ALL ($2) ORDER BY id",
                str(scenario.alice),
                seen,
            )
            seen.extend(row[0] for row in rows)

    async def write(number: int) -> None:
        post = a_post(scenario.numbers.of(scenario.alice), scenario.alice)
        if number % 2:
            await scenario.create(post)
            return
        async with scenario.store.transaction() as transaction:
            await transaction.lock_users([scenario.alice])
            await transaction.publish(
                OutboxMessage(topic="t", key=str(scenario.alice), type="other", payload=b"")
            )
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(write(number) for number in range(120)))
    async with asyncio.timeout(LIMIT):
        await watching

    assert seen == sorted(seen)


async def test_counts_that_drifted_are_corrected_and_returned(
    scenario: Scenario, database: Database
) -> None:
    first: Post = await scenario.post(scenario.alice)
    await scenario.engage(LIKE, scenario.bob, first)
    await scenario.post(scenario.bob, answers=first)
    await database.execute("UPDATE post_states SET likes = 5, replies = 0 WHERE id = $1", first.id)

    drifts = await scenario.store.recount([first.id])

    assert drifts == [CountDrift(first.id, "likes", -4), CountDrift(first.id, "replies", 1)]
    assert (await scenario.state(first))[2:6] == (1, 0, 1, 0)
    assert await scenario.store.recount([first.id]) == []


async def test_taking_back_never_counts_below_zero(scenario: Scenario, database: Database) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(LIKE, scenario.bob, post)
    await database.execute("UPDATE post_states SET likes = 0 WHERE id = $1", post.id)

    await scenario.withdraw(LIKE, scenario.bob, post)

    assert (await scenario.state(post)).likes == 0


async def test_timeline_entries_of_ten_thousand_users_are_found_in_time(
    scenario: Scenario, database: Database
) -> None:
    users = [scenario.numbers.user(bucket=number % 512) for number in range(10_000)]
    await database.execute(
        """
        INSERT INTO posts (id, bucket, author_id, visibility, answers_others, conversation_id,
          create_time, text)
        SELECT a.id + (n::bigint << 22), (a.id >> 13) & 511, a.id, 1, false, 1, now(), 'x'
        FROM unnest($1::bigint[]) AS a (id), generate_series(1, 3) AS n
        """,
        users,
    )
    await database.execute("ANALYZE posts")

    entries = await scenario.store.timeline_entries(users, before=0, limit=100)

    # The statement timeout would interrupt it if it read all posts.
    assert len(entries) == 100
    assert entries[0].entry_id == max(users) + (3 << 22)


async def test_counts_are_right_while_accounts_change_and_users_contribute(
    scenario: Scenario,
) -> None:
    posts = [await scenario.post(scenario.alice) for _ in range(5)]
    users = [scenario.numbers.user() for _ in range(8)]
    choose = random.Random(9)
    # The current state, and the previous one of writers that read it before the change.
    accounts = {user_id: [OPEN_ACCOUNT] for user_id in users}
    protections = Protections(store=scenario.store, profiles=cast(MeshProfiles, None))

    async def contribute(user_id: int) -> None:
        for _ in range(10):
            account = choose.choice(accounts[user_id][-2:])
            post = choose.choice(posts)
            match choose.randrange(4):
                case 0:
                    await scenario.engage(choose.choice([LIKE, REPOST]), user_id, post, account)
                case 1:
                    await scenario.withdraw(choose.choice([LIKE, REPOST]), user_id, post)
                case 2:
                    reply = await scenario.post(user_id, answers=post, quotes=post, account=account)
                    if choose.random() < 0.3:
                        await scenario.delete(reply)
                case 3:
                    await scenario.post(user_id, quotes=post, account=account)

    async def change(user_id: int) -> None:
        for number in range(4):
            account = AccountState(number % 2 == 0, START + timedelta(hours=number))
            accounts[user_id].append(account)
            await protections.account_changed(user_id, account)
        if choose.random() < 0.5:
            account = AccountState(True, START + timedelta(hours=9))
            accounts[user_id].append(account)
            await protections.account_changed(user_id, account)

    await asyncio.gather(*map(contribute, users * 2), *map(change, users))

    hidden = {user_id for user_id in users if accounts[user_id][-1].protected}
    assert hidden
    assert await scenario.store.recount([post.id for post in posts]) == []
    for post in posts:
        state = await scenario.state(post)
        likers = await scenario.store.engagements_of_post(LIKE, post.id, before=0, limit=99)
        reposters = await scenario.store.engagements_of_post(REPOST, post.id, before=0, limit=99)
        replies = await scenario.store.posts(
            await scenario.store.replies(post.id, post.id, after=0, limit=999)
        )
        quotes = await scenario.store.posts(
            await scenario.store.quotes(post.id, before=0, limit=999)
        )
        shown = [
            sum(each.subject_id not in hidden for each in likers),
            sum(each.subject_id not in hidden for each in reposters),
            sum(each.author_id not in hidden for each in replies.values() if not each.deleted),
            sum(
                each.author_id not in hidden
                for each in quotes.values()
                if not each.reply_to_post_id
            ),
        ]
        assert [state.likes, state.reposts, state.replies, state.quotes] == shown

"""What every store of the User service promises about sessions, tickets and signing keys."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from services.user.domain.model import StoredKey, StreamTicket
from tests.builders.users import Scenario

MINUTE = timedelta(minutes=1)


async def test_a_session_is_read_as_added_and_as_saved(scenario: Scenario) -> None:
    alice = await scenario.user()
    session = await scenario.session(alice)
    used = replace(
        session,
        last_used_time=session.last_used_time + MINUTE,
        expire_time=session.expire_time + MINUTE,
        refresh_hash=b"next",
        previous_hash=b"hash",
        sealed_answer=b"sealed",
        revoke_time=session.create_time + MINUTE,
    )

    assert await scenario.store.session(alice.id, session.id) == session
    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_session(alice.id, session.id) == session
        await transaction.save_session(used)

    assert await scenario.store.session(alice.id, session.id) == used


async def test_a_session_is_not_found_under_another_user(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2)
    session = await scenario.session(alice)

    assert await scenario.store.session(bob.id, session.id) is None
    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_session(bob.id, session.id) is None


async def test_live_sessions_are_listed_newest_first_by_page(scenario: Scenario) -> None:
    alice = await scenario.user()
    now = scenario.clock.now()
    first, second, third = [await scenario.session(alice) for _ in range(3)]
    await scenario.session(alice, revoke_time=now)
    await scenario.session(alice, expire_time=now)

    page = await scenario.store.list_sessions(alice.id, before_id=None, limit=2, now=now)
    rest = await scenario.store.list_sessions(alice.id, before_id=page[-1].id, limit=2, now=now)
    async with scenario.store.transaction() as transaction:
        locked = await transaction.lock_live_sessions(alice.id, now)

    assert page == [third, second]
    assert rest == [first]
    assert locked == [first, second, third]


async def test_sessions_that_ended_after_a_time_are_found(scenario: Scenario) -> None:
    alice = await scenario.user()
    now = scenario.clock.now() + timedelta(days=1)
    before = await scenario.session(alice, revoke_time=now)
    after = await scenario.session(alice, revoke_time=now + MINUTE)
    live = await scenario.session(alice)

    found = await scenario.store.revoked_sessions(now)

    assert after.id in found
    assert not {before.id, live.id} & set(found)


async def test_a_ticket_is_taken_once(scenario: Scenario) -> None:
    alice = await scenario.user()
    ticket = StreamTicket(user_id=alice.id, session_id=7, expire_time=scenario.clock.now() + MINUTE)
    name = alice.id.to_bytes(32)
    async with scenario.store.transaction() as transaction:
        await transaction.add_ticket(name, ticket)

    async with scenario.store.transaction() as transaction:
        assert await transaction.take_ticket(name) == ticket
    async with scenario.store.transaction() as transaction:
        assert await transaction.take_ticket(name) is None


async def test_one_of_many_who_take_a_ticket_at_once_gets_it(real: Scenario) -> None:
    ticket = StreamTicket(user_id=1, session_id=7, expire_time=real.clock.now() + MINUTE)
    async with real.store.transaction() as transaction:
        await transaction.add_ticket(b"wanted", ticket)

    async def take() -> StreamTicket | None:
        async with real.store.transaction() as transaction:
            return await transaction.take_ticket(b"wanted")

    taken = await asyncio.gather(*(take() for _ in range(20)))

    assert [each for each in taken if each is not None] == [ticket]


async def test_what_has_ended_is_pruned(scenario: Scenario) -> None:
    alice = await scenario.user()
    now = scenario.clock.now()
    await scenario.store.prune(now)
    live = await scenario.session(alice)
    await scenario.session(alice, expire_time=now)
    async with scenario.store.transaction() as transaction:
        await transaction.add_ticket(
            b"old", StreamTicket(user_id=alice.id, session_id=live.id, expire_time=now)
        )

    assert await scenario.store.prune(now) == 2
    assert await scenario.store.session(alice.id, live.id) == live


async def test_signing_keys_come_oldest_first_and_go(scenario: Scenario) -> None:
    now = scenario.clock.now()
    later = StoredKey(kid="b", sign_time=now + MINUTE, sealed_private=b"1", x="x", y="y")
    sooner = StoredKey(kid="c", sign_time=now, sealed_private=b"2", x="x", y="y")

    async with scenario.store.transaction() as transaction:
        await transaction.remove_signing_keys(
            [key.kid for key in await transaction.lock_signing_keys()]
        )
        await transaction.add_signing_key(later)
        await transaction.add_signing_key(sooner)

    assert await scenario.store.signing_keys() == [sooner, later]
    async with scenario.store.transaction() as transaction:
        await transaction.remove_signing_keys(["c"])
        assert await transaction.lock_signing_keys() == [later]

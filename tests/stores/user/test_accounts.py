"""What every store of the User service promises about profiles and passwords."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.chassis.storage.idempotency import RequestKey
from services.user.domain.model import ProfileMedium, ProfileUse, RelationshipKind, Settings
from services.user.domain.store import NETWORK_LIFETIME
from tests.builders.users import Scenario


async def test_a_user_is_read_as_added(scenario: Scenario) -> None:
    alice = await scenario.user(bio="Birds", website="https://alice.example", protected=True)

    assert await scenario.store.users([alice.id]) == [alice]


async def test_unknown_users_are_absent(scenario: Scenario) -> None:
    alice = await scenario.user()

    found = await scenario.store.users([alice.id, 1])

    assert [user.id for user in found] == [alice.id]


async def test_a_handle_is_claimed_once(scenario: Scenario) -> None:
    alice = await scenario.user()

    async with scenario.store.transaction() as transaction:
        claimed = await transaction.claim_handle(alice.handle.lower(), 5, tombstone="~")

    assert not claimed
    key = alice.handle.lower()
    assert await scenario.store.ids_of_handles([key, "nobody_has_it"]) == {key: alice.id}


async def test_one_of_many_claims_at_once_wins(real: Scenario) -> None:
    async def claim(user_id: int) -> bool:
        async with real.store.transaction() as transaction:
            return await transaction.claim_handle("wanted", user_id, tombstone="~")

    won = await asyncio.gather(*(claim(user_id) for user_id in range(1, 21)))

    assert sum(won) == 1


async def test_a_saved_profile_is_read_back_and_keeps_its_counters(scenario: Scenario) -> None:
    alice = await scenario.user(followers_count=3)
    changed = replace(
        alice,
        display_name="Alice A.",
        bio="New",
        location="Oslo",
        website="http://a.example",
        avatar=ProfileMedium(9, 3, b"a picture"),
        banner=ProfileMedium(10, 1, b"another"),
        protected=True,
        version=2,
        update_time=alice.update_time + timedelta(hours=1),
    )

    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_user(alice.id) == alice
        await transaction.save_profile(changed)

    assert await scenario.store.users([alice.id]) == [changed]


async def test_a_medium_leaves_a_profile_without_a_trace(scenario: Scenario) -> None:
    shown = {use.value: ProfileMedium(9, 3, b"a picture") for use in ProfileUse}
    alice = await scenario.user(**shown)
    without = replace(alice, avatar=None, banner=None)

    async with scenario.store.transaction() as transaction:
        await transaction.save_profile(without)

    assert await scenario.store.users([alice.id]) == [without]


async def test_settings_are_the_defaults_until_they_are_saved(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2)
    before = await scenario.store.settings(alice.id)

    for changed in (Settings(alt_text_reminder=False), Settings(), Settings(False)):
        async with scenario.store.transaction() as transaction:
            await transaction.save_settings(alice.id, changed)
            assert await transaction.settings(alice.id) == changed

    assert before == Settings(alt_text_reminder=True)
    assert await scenario.store.settings(alice.id) == Settings(alt_text_reminder=False)
    assert await scenario.store.settings(bob.id) == Settings()


async def test_settings_are_deleted_with_the_account(scenario: Scenario) -> None:
    alice = await scenario.user()
    async with scenario.store.transaction() as transaction:
        await transaction.save_settings(alice.id, Settings(alt_text_reminder=False))
        await transaction.delete_user(alice.id, scenario.clock.now())

    assert await scenario.store.settings(alice.id) == Settings()


async def test_deleted_users_are_absent_from_reads_but_keep_their_handle(
    scenario: Scenario,
) -> None:
    alice, bob = await scenario.users(2)

    async with scenario.store.transaction() as transaction:
        await transaction.delete_user(alice.id, scenario.clock.now())

    assert await scenario.store.users([alice.id, bob.id]) == [bob]
    assert await scenario.store.password_of(alice.id) is None
    assert await scenario.store.ids_of_handles([alice.handle]) == {alice.handle: alice.id}
    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_user(alice.id) is None
        actor, other = await transaction.lock_pair(alice.id, bob.id)
        assert actor is None
        assert other is not None
        assert other.id == bob.id


async def test_a_password_is_replaced(scenario: Scenario) -> None:
    alice = await scenario.user()

    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_password(alice.id) == "a hash"
        await transaction.set_password(alice.id, "another", scenario.clock.now())

    assert await scenario.store.password_of(alice.id) == "another"


async def test_what_fails_leaves_nothing_behind(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2)

    async def fail() -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.add_relationship(RelationshipKind.FOLLOW, alice.id, bob.id, 1)
            await transaction.delete_user(bob.id, scenario.clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert await scenario.store.users([bob.id]) == [bob]
    assert await scenario.store.relationships_with(alice.id, [bob.id]) == {}


async def test_what_names_a_deleted_user_is_removed_and_the_handle_stays_reserved(
    scenario: Scenario,
) -> None:
    alice = await scenario.user()
    key = alice.handle.lower()
    form = f"~{key[::-1]}"
    async with scenario.store.transaction() as transaction:
        await transaction.delete_user(alice.id, scenario.clock.now())
    async with scenario.store.transaction() as transaction:
        await transaction.retire_handle(alice.id, lambda found: f"~{found[::-1]}")

    async with scenario.store.transaction() as transaction:
        forgotten = [await transaction.forget_user(alice.id) for _ in range(2)]
        claimed = await transaction.claim_handle(key, 5, tombstone=form)

    assert forgotten == [key, None]
    assert not claimed
    assert await scenario.store.ids_of_handles([key, form]) == {form: alice.id}


async def test_a_user_who_is_not_deleted_is_not_removed(scenario: Scenario) -> None:
    alice = await scenario.user()

    async with scenario.store.transaction() as transaction:
        await transaction.retire_handle(alice.id, lambda _: "~form")
        forgotten = await transaction.forget_user(alice.id)

    assert forgotten is None
    assert await scenario.store.ids_of_handles([alice.handle.lower(), "~form"]) == {
        alice.handle.lower(): alice.id
    }


async def test_requests_of_forgotten_callers_are_forgotten(scenario: Scenario) -> None:
    keys = [RequestKey(caller, "1", b"print") for caller in ("alice", "bob")]
    async with scenario.store.transaction() as transaction:
        for key in keys:
            await transaction.remember(key, b"answer")

    async with scenario.store.transaction() as transaction:
        await transaction.forget_requests(["alice", "carol"])

    async with scenario.store.transaction() as transaction:
        assert [await transaction.replay(key) for key in keys] == [None, b"answer"]


async def test_networks_are_known_by_user_until_they_are_old(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2)
    now = scenario.clock.now()
    await scenario.store.prune(now)
    async with scenario.store.transaction() as transaction:
        await transaction.remember_network(alice.id, b"home", now)
        await transaction.remember_network(alice.id, b"office", now - NETWORK_LIFETIME)
        await transaction.remember_network(bob.id, b"home", now - NETWORK_LIFETIME)
        await transaction.remember_network(bob.id, b"home", now)

    assert await scenario.store.is_known_network(alice.id, b"office")
    assert not await scenario.store.is_known_network(bob.id, b"office")
    assert not await scenario.store.is_known_network(0, b"home")
    assert await scenario.store.prune(now) == 1
    assert not await scenario.store.is_known_network(alice.id, b"office")
    assert await scenario.store.is_known_network(alice.id, b"home")
    assert await scenario.store.is_known_network(bob.id, b"home")


async def test_networks_of_one_user_are_forgotten(scenario: Scenario) -> None:
    alice, bob = await scenario.users(2)
    async with scenario.store.transaction() as transaction:
        for person in (alice, bob):
            await transaction.remember_network(person.id, b"home", scenario.clock.now())

    async with scenario.store.transaction() as transaction:
        await transaction.forget_networks(alice.id)

    assert not await scenario.store.is_known_network(alice.id, b"home")
    assert await scenario.store.is_known_network(bob.id, b"home")


async def test_a_deleted_account_has_no_known_networks(scenario: Scenario) -> None:
    alice = await scenario.user()
    async with scenario.store.transaction() as transaction:
        await transaction.remember_network(alice.id, b"home", scenario.clock.now())
        await transaction.delete_user(alice.id, scenario.clock.now())

    assert not await scenario.store.is_known_network(alice.id, b"home")


async def test_a_scan_has_every_user_once_ascending(scenario: Scenario) -> None:
    (start, *users) = await scenario.users(8)

    first = await scenario.store.scan_users(after_id=start.id, limit=3)
    rest = await scenario.store.scan_users(after_id=first[-1].id, limit=10)

    assert [*first, *rest] == users


async def test_a_scan_has_no_deleted_users(scenario: Scenario) -> None:
    start, alice, bob, carol = await scenario.users(4)
    async with scenario.store.transaction() as transaction:
        await transaction.delete_user(bob.id, scenario.clock.now())

    found = await scenario.store.scan_users(after_id=start.id, limit=2)

    assert found == [alice, carol]

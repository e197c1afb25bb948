"""Devices and addresses of users, deleted with the session or the account."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.chassis.storage.transaction import in_transaction
from services.delivery.domain.email_parsing import Mailbox
from services.delivery.domain.model import CODES_WITHIN, Channel, MailAddress
from services.delivery.domain.store import ENDED_KEPT, CodesSent
from tests.stores.delivery.conftest import Scenario

MAILBOX = Mailbox("a@b.example", "b.example")


async def test_devices_are_listed_newest_first_without_lapsed_ones(scenario: Scenario) -> None:
    user = scenario.number()
    first, second = await scenario.device(user), await scenario.device(user)
    await scenario.device(user, days=0)
    await scenario.device(scenario.number())

    assert await scenario.store.subscriptions(user, scenario.clock.now()) == [second, first]


async def test_a_device_is_replaced_whole(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)
    renewed = replace(
        device,
        session_id=9,
        key=b"n" * 65,
        secret=b"n" * 16,
        expire_time=device.expire_time + timedelta(days=1),
    )

    async with scenario.notifications.transaction() as transaction:
        await transaction.save_subscription(renewed)

    assert await scenario.store.subscriptions(user, scenario.clock.now()) == [renewed]


async def test_devices_are_found_by_user_and_id(scenario: Scenario) -> None:
    user, other = scenario.number(), scenario.number()
    device, foreign = await scenario.device(user), await scenario.device(other)

    found = await scenario.store.subscriptions_by_id(
        {(user, device.id), (user, foreign.id), (user, 1)}
    )

    assert found == {(user, device.id): device}


async def test_removing_a_device_says_whether_it_was_there(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)

    async with scenario.notifications.transaction() as transaction:
        removed = await transaction.remove_subscription(user, device.id)
        again = await transaction.remove_subscription(user, device.id)
        foreign = await transaction.remove_subscription(scenario.number(), device.id)

    assert (removed, again, foreign) == (True, False, False)


async def test_a_session_takes_its_devices_along(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user, session_id=1)
    other = await scenario.device(user, session_id=2)

    async with scenario.notifications.transaction() as transaction:
        await transaction.end_session(user, 1, scenario.clock.now())
        await transaction.end_session(user, 1, scenario.clock.now())
        known = [await transaction.session_ended(user, each) for each in (1, 2)]

    assert await scenario.store.subscriptions(user, scenario.clock.now()) == [other]
    assert known == [True, False]


async def test_an_ended_session_is_remembered_as_long_as_its_calls_may_arrive(
    scenario: Scenario,
) -> None:
    user = scenario.number()
    async with scenario.notifications.transaction() as transaction:
        await transaction.end_session(user, 1, scenario.clock.now())

    await scenario.store.prune_deliveries(scenario.clock.now() + ENDED_KEPT)
    async with scenario.notifications.transaction() as transaction:
        before = await transaction.session_ended(user, 1)
    await scenario.store.prune_deliveries(scenario.clock.now() + ENDED_KEPT + timedelta(seconds=1))
    async with scenario.notifications.transaction() as transaction:
        after = await transaction.session_ended(user, 1)

    assert (before, after) == (True, False)


async def test_lapsed_devices_go(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user, days=1)

    await scenario.store.prune_deliveries(scenario.clock.now() + timedelta(days=2))

    async with scenario.notifications.transaction() as transaction:
        assert await transaction.subscriptions_of(user) == []


async def test_an_address_is_kept_as_it_is(scenario: Scenario) -> None:
    user = scenario.number()
    address = MailAddress(
        user_id=user,
        address="alice@mail.example",
        confirmed=False,
        code_nonce=b"nonce",
        code_expire_time=scenario.clock.now(),
        wrong_codes=3,
    )

    for each in (address, replace(address, confirmed=True, code_nonce=b"", wrong_codes=0)):
        async with scenario.notifications.transaction() as transaction:
            await transaction.save_address(each)
            locked = await transaction.lock_address(user)

        assert locked == each
        assert await scenario.store.addresses({user, scenario.number()}) == {user: each}


async def test_removing_an_address_calls_off_its_mail(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)
    await scenario.address(user, confirmed=True)
    await scenario.add(
        scenario.due(user, channel=Channel.DIGEST, seconds=0), scenario.due(user, seconds=0)
    )

    async with scenario.notifications.transaction() as transaction:
        await transaction.remove_address(user)

    assert await scenario.store.addresses({user}) == {}
    assert [each.channel for each in await scenario.claim()] == [Channel.PUSH]


async def test_codes_are_counted_by_user_by_mailbox_and_by_domain(scenario: Scenario) -> None:
    one, other = scenario.number(), scenario.number()
    domain = f"{one}.example"
    mine, theirs = Mailbox(f"{one}@{domain}", domain), Mailbox(f"{other}@{domain}", domain)
    elsewhere = Mailbox(f"{one}@elsewhere.example", f"{other}.example")
    times = []
    for user, mailbox in ((one, mine), (one, theirs), (other, theirs), (other, elsewhere)):
        async with scenario.notifications.transaction() as transaction:
            await transaction.note_code(user, mailbox, scenario.clock.now())
        times.append(scenario.clock.now())
        scenario.clock.advance(60)

    async with scenario.notifications.transaction() as transaction:
        all_ = await transaction.codes_sent(one, theirs, times[0] - timedelta(seconds=1))
        later = await transaction.codes_sent(one, theirs, times[1])

    assert all_ == CodesSent(times[:2], times[1:3], times[:3])
    assert later == CodesSent([], times[2:3], times[2:3])


async def test_codes_are_forgotten_after_the_hour(scenario: Scenario) -> None:
    user = scenario.number()
    async with scenario.notifications.transaction() as transaction:
        await transaction.note_code(user, MAILBOX, scenario.clock.now())
    long_ago = scenario.clock.now() - timedelta(days=1)

    await scenario.store.prune_deliveries(
        scenario.clock.now() + CODES_WITHIN + timedelta(seconds=1)
    )

    async with scenario.notifications.transaction() as transaction:
        assert await transaction.codes_sent(user, MAILBOX, long_ago) == CodesSent([], [], [])


async def test_nothing_is_left_of_a_deleted_person(scenario: Scenario) -> None:
    user = scenario.number()
    device = await scenario.device(user)
    await scenario.address(user, confirmed=True)
    await scenario.add(
        scenario.due(user, channel=Channel.DIGEST, seconds=0), scenario.due(user, seconds=0)
    )
    async with scenario.notifications.transaction() as transaction:
        await transaction.note_code(user, MAILBOX, scenario.clock.now())

    async with scenario.notifications.transaction() as transaction:
        await transaction.forget_deliveries(user)
        codes = await transaction.codes_sent(user, MAILBOX, scenario.clock.now() - CODES_WITHIN)

    assert codes == CodesSent([], [], [])
    assert await scenario.store.subscriptions_by_id({(user, device.id)}) == {}
    assert await scenario.store.addresses({user}) == {}
    assert await scenario.claim() == []


async def test_a_failed_transaction_leaves_nothing_due(scenario: Scenario) -> None:
    user = scenario.number()
    await scenario.device(user)

    async def effect(transaction: object) -> None:
        await transaction.add_due([scenario.due(user, seconds=0)], scenario.clock.now())  # type: ignore[attr-defined]
        raise ManualFailure

    with pytest.raises(ManualFailure):
        await in_transaction(scenario.notifications.transaction, effect)

    assert await scenario.claim() == []


class ManualFailure(Exception):
    """Raised by a test."""

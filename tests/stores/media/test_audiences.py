"""Audiences and accounts: what is older never replaces what is newer."""

from dataclasses import replace
from datetime import timedelta

from services.media.domain.model import AccountState, Decider, PostAudience
from tests.builders.media import START
from tests.stores.media.conftest import Scenario


def an_audience(scenario: Scenario, *, revision: int = 1) -> PostAudience:
    return PostAudience(
        post_id=scenario.numbers.of(scenario.alice),
        owner_id=scenario.alice,
        revision=revision,
        public=True,
        deciders=(Decider(scenario.alice), Decider(scenario.bob, was_protected=True)),
    )


async def save(scenario: Scenario, audience: PostAudience) -> PostAudience | None:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(audience.owner_id)
        return await transaction.save_audience(audience)


async def save_account(scenario: Scenario, user_id: int, account: AccountState) -> bool:
    async with scenario.store.transaction() as transaction:
        return await transaction.save_account(user_id, account)


async def test_audience_is_read_as_it_was_stored(scenario: Scenario) -> None:
    audience = an_audience(scenario)

    assert await save(scenario, audience) == audience

    assert await scenario.store.audience(scenario.alice, audience.post_id) == audience
    assert await scenario.store.audience(scenario.bob, audience.post_id) is None
    assert await scenario.store.audience(scenario.alice, 5) is None


async def test_newer_revision_replaces_the_audience(scenario: Scenario) -> None:
    audience = an_audience(scenario)
    await save(scenario, audience)
    newer = replace(audience, revision=2, public=False, deciders=(Decider(scenario.alice),))

    assert await save(scenario, newer) == newer

    assert await scenario.store.audience(scenario.alice, audience.post_id) == newer
    assert await scenario.store.decided_posts(scenario.bob, after=0, limit=5) == []


async def test_older_revision_changes_nothing(scenario: Scenario) -> None:
    newer = an_audience(scenario, revision=2)
    await save(scenario, newer)

    stored = await save(scenario, replace(newer, revision=1, public=False))

    assert stored == newer
    assert await scenario.store.audience(scenario.alice, newer.post_id) == newer


async def test_events_after_the_deletion_store_nothing(scenario: Scenario) -> None:
    audience = an_audience(scenario)
    await save(scenario, audience)
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.delete_audience(scenario.alice, audience.post_id, START)

    assert await save(scenario, replace(audience, revision=9)) is None

    assert await scenario.store.audience(scenario.alice, audience.post_id) is None
    assert await scenario.store.decided_posts(scenario.alice, after=0, limit=5) == []


async def test_deletion_may_arrive_first(scenario: Scenario) -> None:
    audience = an_audience(scenario)
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.delete_audience(scenario.alice, audience.post_id, START)

    assert await save(scenario, audience) is None


async def test_marks_of_deleted_posts_are_pruned(scenario: Scenario) -> None:
    old, recent = an_audience(scenario), an_audience(scenario)
    later = START + timedelta(days=1)
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.delete_audience(scenario.alice, old.post_id, START)
        await transaction.delete_audience(scenario.alice, recent.post_id, later)

    assert await scenario.store.prune_audiences(later, 5) == 1

    assert await save(scenario, recent) is None
    assert await save(scenario, old) == old


async def test_posts_are_found_by_their_deciders(scenario: Scenario) -> None:
    first, second = an_audience(scenario), an_audience(scenario)
    for audience in (second, first):
        await save(scenario, audience)

    page = await scenario.store.decided_posts(scenario.bob, after=0, limit=1)
    rest = await scenario.store.decided_posts(scenario.bob, after=first.post_id, limit=5)

    assert page == [(first.post_id, scenario.alice)]
    assert rest == [(second.post_id, scenario.alice)]


async def test_newer_state_of_an_account_prevails(scenario: Scenario) -> None:
    protected = AccountState(protected=True, update_time=START)
    older = AccountState(protected=False, update_time=START - timedelta(seconds=1))

    assert await save_account(scenario, scenario.bob, protected)
    assert not await save_account(scenario, scenario.bob, older)
    # A redelivery: the work after it may have been interrupted.
    assert await save_account(scenario, scenario.bob, protected)

    assert await scenario.store.accounts([scenario.alice, scenario.bob]) == {
        scenario.bob: protected
    }


async def test_deleted_account_keeps_its_last_protection(scenario: Scenario) -> None:
    await save_account(scenario, scenario.bob, AccountState(protected=True, update_time=START))
    later = START + timedelta(minutes=1)

    deleted = AccountState(protected=False, update_time=START, deleted=True)
    assert await save_account(scenario, scenario.bob, deleted)
    assert not await save_account(
        scenario, scenario.bob, AccountState(protected=False, update_time=later)
    )

    async with scenario.store.transaction() as transaction:
        found = await transaction.lock_accounts([scenario.bob, scenario.alice])
    assert found == {scenario.bob: AccountState(protected=True, update_time=START, deleted=True)}

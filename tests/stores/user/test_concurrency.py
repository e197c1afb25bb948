"""What only a real database can show: many sessions that want the same thing at once."""

import asyncio
import random

import pytest

from services.chassis.auth.tokens import AccessTokens
from services.chassis.runtime.clock import ManualClock
from services.chassis.storage.transaction import in_transaction
from services.user.domain import blocks, follows, profile_media, profiles
from services.user.domain.errors import RefreshTokenReused, UserNotFound, WrongState
from services.user.domain.model import Direction, ProfileMedium, Relationship, User
from services.user.domain.sessions import Sessions, SignedIn
from services.user.domain.signing import KeySeal, Signer, rotate
from services.user.domain.store import UserTransaction
from services.user.rpc.profile_media import snapshot
from tests.builders.media import picture
from tests.builders.users import Scenario

MASTER_KEY = bytes(range(32))


@pytest.fixture
async def sessions(real: Scenario) -> Sessions:
    clock = real.clock
    signer = Signer(
        store=real.store,
        clock=clock,
        seal=KeySeal(master_key=MASTER_KEY),
        access_tokens=AccessTokens(issuer="https://r", audience="roost", clock=clock),
    )
    await signer.load()
    return Sessions(
        store=real.store, clock=clock, ids=real.ids, signer=signer, master_key=MASTER_KEY
    )


async def sign_in(real: Scenario, sessions: Sessions) -> SignedIn:
    user = await real.user()
    async with real.store.transaction() as transaction:
        return await sessions.open(transaction, user.id, "telephone")


async def test_a_hundred_refreshes_of_one_token_at_once_leave_one_live_lineage(
    real: Scenario, sessions: Sessions
) -> None:
    first = await sign_in(real, sessions)

    answers = await asyncio.gather(
        *(sessions.refresh(first.tokens.refresh_token) for _ in range(100))
    )

    assert len({each.tokens.refresh_token for each in answers}) == 1
    assert len({each.tokens.access_token for each in answers}) == 1
    second = await sessions.refresh(answers[0].tokens.refresh_token)
    assert second.tokens.refresh_token != answers[0].tokens.refresh_token


async def test_a_thief_and_the_owner_who_refresh_in_turn_both_lose_the_session(
    real: Scenario, sessions: Sessions
) -> None:
    first = await sign_in(real, sessions)
    await sessions.refresh(first.tokens.refresh_token)
    assert isinstance(real.clock, ManualClock)
    real.clock.advance(11)

    outcomes = await asyncio.gather(
        *(sessions.refresh(first.tokens.refresh_token) for _ in range(10)),
        return_exceptions=True,
    )

    assert sum(isinstance(each, RefreshTokenReused) for each in outcomes) == 1
    session = await real.store.session(first.session.user_id, first.session.id)
    assert session is not None
    assert session.revoke_time is not None


async def test_many_processes_that_rotate_at_once_announce_one_key(real: Scenario) -> None:
    seal = KeySeal(master_key=MASTER_KEY)

    made = await asyncio.gather(
        *(rotate(real.store, clock=real.clock, seal=seal) for _ in range(10))
    )

    assert len({key.kid for key in made}) <= 2
    assert len([key for key in made if key.sign_time > real.clock.now()]) >= 9


async def test_follows_and_blocks_of_one_pair_at_once_never_leave_a_follow_under_a_block(
    real: Scenario,
) -> None:
    alice, bob = await real.users(2)

    async def act(what: str, actor: User, other: User) -> None:
        async def effect(transaction: UserTransaction) -> Relationship:
            if what == "follow":
                return await follows.follow(transaction, actor.id, other.id, ids=real.ids)
            return await blocks.block(transaction, actor.id, other.id, ids=real.ids)

        try:
            await in_transaction(real.store.transaction, effect)
        except (UserNotFound, WrongState):
            # The block came first.
            return

    for _ in range(5):
        await asyncio.gather(
            act("follow", alice, bob),
            act("follow", bob, alice),
            act("block", alice, bob),
            act("follow", alice, bob),
        )
        relationship = (await real.store.relationships_with(alice.id, [bob.id]))[bob.id]
        assert relationship == Relationship.BLOCKING
        async with real.store.transaction() as transaction:
            await blocks.unblock(transaction, alice.id, bob.id)


async def test_both_ends_of_many_follows_at_once_agree(real: Scenario) -> None:
    people = await real.users(6)

    async def follow(actor: User, other: User) -> None:
        async def effect(transaction: UserTransaction) -> Relationship:
            return await follows.follow(transaction, actor.id, other.id, ids=real.ids)

        await in_transaction(real.store.transaction, effect)

    await asyncio.gather(*(follow(a, b) for a in people for b in people if a is not b))

    everybody = sorted(person.id for person in people)
    for person in people:
        for direction in Direction:
            pages = await real.store.list_ids(direction, [person.id], limit=99)
            assert pages[person.id].ids == [each for each in everybody if each != person.id]


async def test_changes_of_a_profile_and_of_its_picture_at_once_all_stay(real: Scenario) -> None:
    def version_of(number: int) -> ProfileMedium:
        return snapshot(picture(9, 1, etag=str(number)))

    before = await real.user(avatar=version_of(1))

    async def write(website: str) -> None:
        async def effect(transaction: UserTransaction) -> None:
            await profiles.update(
                transaction,
                before.id,
                {"website": website},
                media={},
                etag="",
                clock=real.clock,
                ids=real.ids,
            )

        await in_transaction(real.store.transaction, effect)

    async def refresh(version: int) -> None:
        async def effect(transaction: UserTransaction) -> None:
            await profile_media.refresh(transaction, before.id, version_of(version))

        await in_transaction(real.store.transaction, effect)

    versions = [*range(2, 22)]
    random.Random(7).shuffle(versions)
    await asyncio.gather(
        *(refresh(version) for version in versions),
        *(write(f"https://{number}.example") for number in range(20)),
    )

    (after,) = await real.store.users([before.id])
    assert after.avatar == version_of(21)
    assert after.version == before.version + 20
    assert after.website

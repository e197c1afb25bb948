"""Claims whose event did not arrive are confirmed or released, as the writing service says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.chassis.runtime.errors import Unavailable
from services.media.domain.limits import UNATTACHED
from services.media.domain.model import Medium, Use
from services.media.worker.claim_review import PROVISIONAL
from tests.builders.media_worker import World


async def is_confirmed(world: World, medium: Medium) -> bool:
    claim = (await world.current(medium)).claim
    return claim is not None and claim.confirmed


@pytest.fixture
async def claimed(world: World) -> Medium:
    """A medium with a claim of a post that is due for review."""
    medium = await world.attached(world.numbers.of(world.alice))
    world.clock.advance(PROVISIONAL + timedelta(seconds=1))
    return medium


def post_of(medium: Medium) -> int:
    assert medium.claim is not None
    return medium.claim.post_id


async def test_claim_of_a_post_that_has_the_medium_is_confirmed(
    world: World, claimed: Medium
) -> None:
    world.services.posts[post_of(claimed)] = {claimed.id, 5}

    assert await world.worker.claims.review() == 1

    assert await is_confirmed(world, claimed)
    assert await world.worker.claims.review() == 0


@pytest.mark.parametrize("exists", [True, False])
async def test_claim_of_a_post_without_the_medium_is_released(
    world: World, claimed: Medium, exists: bool
) -> None:
    if exists:
        # The edit that claimed it was not written.
        world.services.posts[post_of(claimed)] = {5}

    await world.worker.claims.review()

    released = await world.current(claimed)
    assert released.claim is None
    assert released.expire_time == world.clock.now() + UNATTACHED


async def test_claim_that_is_young_is_left_alone(world: World) -> None:
    medium = await world.attached(world.numbers.of(world.alice))
    world.clock.advance(PROVISIONAL - timedelta(seconds=1))

    assert await world.worker.claims.review() == 0

    assert (await world.current(medium)).claim is not None


@pytest.mark.parametrize("use", [Use.AVATAR, Use.BANNER])
async def test_claims_of_profile_media_are_reviewed_by_their_use(world: World, use: Use) -> None:
    shown = await world.claim(await world.ready(), use)
    other = await world.claim(await world.ready(), use, key="other")
    world.services.profiles[world.alice] = {use: shown.id}
    world.clock.advance(timedelta(minutes=1))

    await world.worker.claims.review()

    assert await is_confirmed(world, shown)
    assert (await world.current(other)).claim is None


async def test_claim_of_a_deleted_account_is_released(world: World) -> None:
    medium = await world.claim(await world.ready(), Use.AVATAR)
    world.clock.advance(timedelta(minutes=1))

    await world.worker.claims.review()

    assert (await world.current(medium)).claim is None


async def test_claims_wait_while_the_post_service_is_away(
    world: World, claimed: Medium, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(world.worker.claims._posts, "media_of", away)

    with pytest.raises(Unavailable):
        await world.worker.claims.review()

    assert (await world.current(claimed)).claim == claimed.claim


async def test_claim_that_was_replaced_during_the_review_is_left_alone(
    world: World, claimed: Medium, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def replace(_: object) -> dict[int, set[int]]:
        await world.claim(await world.current(claimed), Use.POST, post_of(claimed), key="again")
        return {}

    monkeypatch.setattr(world.worker.claims._posts, "media_of", replace)

    await world.worker.claims.review()

    claim = (await world.current(claimed)).claim
    assert claim is not None
    assert claim.key == "again"

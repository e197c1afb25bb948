"""Guessing passwords: by network, by account, with a token, and what it does to the owner."""

import asyncio
from typing import Any

import pytest
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    ChangePasswordRequest,
    RegisterRequest,
)
from roost.user.v1.user_service_pb2 import DeleteUserRequest

from services.chassis.auth import caller
from services.chassis.runtime.errors import RoostError, TooMany, Unauthenticated
from services.user.domain.throttle import DEFAULT_GUESSES, DEFAULT_LOGINS
from tests.servicers.grpc_server import raises_reason
from tests.servicers.user.conftest import PASSWORD, Actor, UserServiceStack

HOME = "192.0.2.1"
ELSEWHERE = "198.51.100.7"
OF_ONE_ORIGIN = DEFAULT_GUESSES // 4


async def sign_in(
    stack: UserServiceStack, *, network: str, handle: str = "alice", password: str = PASSWORD
) -> Any:
    with caller.within_network(network):
        return await stack.auth().Authenticate(
            AuthenticateRequest(handle=handle, password=password)
        )


async def guess(stack: UserServiceStack, network: str, handle: str = "alice") -> str:
    """The reason that a wrong password is refused for."""
    with pytest.raises(RoostError) as caught:
        await sign_in(stack, network=network, handle=handle, password="wrong lamp 0")
    return caught.value.reason


async def change(person: Actor, old: str, network: str = "") -> Any:
    with caller.within_network(network):
        return await person.auth.ChangePassword(
            ChangePasswordRequest(old_password=old, new_password="another lamp 4")
        )


@pytest.fixture
async def alice(stack: UserServiceStack) -> Actor:
    """Somebody who registered at home."""
    with caller.within_network(HOME):
        return await stack.register("Alice")


async def test_a_network_has_so_many_password_checks_a_minute_of_every_kind(
    stack: UserServiceStack, alice: Actor
) -> None:
    for number in range(DEFAULT_LOGINS - 1):
        with caller.within_network(ELSEWHERE), raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
            await stack.auth().Authenticate(AuthenticateRequest(handle=f"n{number}", password="x"))
    with caller.within_network(ELSEWHERE):
        await stack.register("carol")

        with raises_reason(TooMany, "RATE_LIMITED") as signing_in:
            await stack.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))
        with raises_reason(TooMany, "RATE_LIMITED"):
            await stack.auth().Register(RegisterRequest(handle="dave", password=PASSWORD))
        with raises_reason(TooMany, "RATE_LIMITED"):
            await alice.auth.ChangePassword(
                ChangePasswordRequest(old_password=PASSWORD, new_password="another lamp 4")
            )
        with raises_reason(TooMany, "RATE_LIMITED"):
            await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    assert signing_in.value.retry_after == pytest.approx(60 / DEFAULT_LOGINS, abs=0.01)
    assert await sign_in(stack, network=HOME)


async def test_guesses_from_one_network_have_pauses_that_double(
    stack: UserServiceStack, alice: Actor
) -> None:
    outcomes = [await guess(stack, ELSEWHERE) for _ in range(OF_ONE_ORIGIN + 1)]

    assert outcomes == ["CREDENTIALS_WRONG"] * OF_ONE_ORIGIN + ["TOO_MANY_PASSWORD_ATTEMPTS"]
    for pause in (2, 4, 8):
        with raises_reason(TooMany, "TOO_MANY_PASSWORD_ATTEMPTS") as caught:
            await sign_in(stack, network=ELSEWHERE)
        assert caught.value.retry_after == pause
        stack.clock.advance(pause)
        assert await guess(stack, ELSEWHERE) == "CREDENTIALS_WRONG"


async def test_a_new_password_makes_new_networks_of_all_but_the_one_it_was_changed_from(
    stack: UserServiceStack, alice: Actor
) -> None:
    await sign_in(stack, network=ELSEWHERE)
    await change(alice, PASSWORD, network=HOME)
    for network in range(DEFAULT_GUESSES):
        await guess(stack, f"203.0.113.{network}")

    with raises_reason(TooMany, "TOO_MANY_PASSWORD_ATTEMPTS"):
        await sign_in(stack, network=ELSEWHERE, password="another lamp 4")
    assert await sign_in(stack, network=HOME, password="another lamp 4")


async def test_guesses_at_once_are_counted_before_they_are_compared(
    stack: UserServiceStack, alice: Actor
) -> None:
    outcomes = await asyncio.gather(*(guess(stack, ELSEWHERE) for _ in range(15)))

    assert outcomes.count("CREDENTIALS_WRONG") == OF_ONE_ORIGIN
    assert outcomes.count("TOO_MANY_PASSWORD_ATTEMPTS") == 15 - OF_ONE_ORIGIN


async def test_guesses_from_many_networks_count_together(
    stack: UserServiceStack, alice: Actor
) -> None:
    outcomes = [
        await guess(stack, f"203.0.113.{network}") for _ in range(4) for network in range(10)
    ]

    assert outcomes.count("CREDENTIALS_WRONG") == DEFAULT_GUESSES


async def test_the_owner_signs_in_where_the_account_was_used_during_an_attack(
    stack: UserServiceStack, alice: Actor
) -> None:
    for network in range(DEFAULT_GUESSES + 5):
        await guess(stack, f"203.0.113.{network}")

    with raises_reason(TooMany, "TOO_MANY_PASSWORD_ATTEMPTS"):
        await sign_in(stack, network="203.0.113.99")
    assert await sign_in(stack, network=HOME)
    assert await change(alice, PASSWORD, "203.0.113.99") is not None


async def test_a_network_is_known_after_a_sign_in_from_it(
    stack: UserServiceStack, alice: Actor
) -> None:
    await sign_in(stack, network=ELSEWHERE)
    for network in range(DEFAULT_GUESSES + 5):
        await guess(stack, f"203.0.113.{network}")

    assert await sign_in(stack, network=ELSEWHERE)


async def test_the_right_password_ends_the_pauses_of_its_network(
    stack: UserServiceStack, alice: Actor
) -> None:
    for _ in range(OF_ONE_ORIGIN - 1):
        await guess(stack, HOME)
    await sign_in(stack, network=HOME)

    for _ in range(OF_ONE_ORIGIN):
        assert await guess(stack, HOME) == "CREDENTIALS_WRONG"


async def test_an_account_that_is_not_there_is_throttled_like_one_that_is(
    stack: UserServiceStack, alice: Actor
) -> None:
    there = [await guess(stack, "203.0.113.1", "alice") for _ in range(8)]
    absent = [await guess(stack, "203.0.113.2", "nobody") for _ in range(8)]
    odd = [await guess(stack, "203.0.113.3", "}{*") for _ in range(8)]

    assert there == absent == odd


async def test_the_old_password_cannot_be_guessed_with_a_token(
    stack: UserServiceStack, alice: Actor
) -> None:
    outcomes = []
    for number in range(10):
        with pytest.raises(RoostError) as caught:
            await change(alice, f"wrong lamp {number}", f"203.0.113.{number}")
        outcomes.append(caught.value.reason)
    with raises_reason(TooMany, "TOO_MANY_PASSWORD_ATTEMPTS"):
        await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    assert outcomes.count("CREDENTIALS_WRONG") == OF_ONE_ORIGIN
    assert outcomes.count("TOO_MANY_PASSWORD_ATTEMPTS") == 10 - OF_ONE_ORIGIN
    # The thief of a token keeps nobody else out.
    assert await sign_in(stack, network=HOME)


async def test_a_user_has_so_many_password_checks_a_minute_from_all_networks(
    stack: UserServiceStack, alice: Actor
) -> None:
    outcomes = []
    password = PASSWORD
    for number in range(DEFAULT_LOGINS + 1):
        following = f"another lamp {number}"
        with caller.within_network(f"203.0.113.{number}"):
            try:
                await alice.auth.ChangePassword(
                    ChangePasswordRequest(old_password=password, new_password=following)
                )
            except TooMany as refused:
                outcomes.append(refused.reason)
                break
        password = following

    assert outcomes == ["RATE_LIMITED"]


async def test_the_owner_is_warned_of_ten_failed_attempts_and_as_they_double(
    stack: UserServiceStack, alice: Actor
) -> None:
    for number in range(DEFAULT_GUESSES):
        assert await guess(stack, f"203.0.113.{number}") == "CREDENTIALS_WRONG"

    warnings = stack.events(events_pb.SignInsFailed)
    assert [each.failures for each in warnings] == [10, 20]
    assert {each.user_id for each in warnings} == {alice.id}


async def test_a_sign_in_is_published_with_whether_its_network_is_new(
    stack: UserServiceStack, alice: Actor
) -> None:
    at_home = await sign_in(stack, network=HOME)
    away = await sign_in(stack, network=ELSEWHERE)

    first, second = stack.events(events_pb.SignedIn)
    assert (first.user_id, first.session_id, first.new_network) == (
        alice.id,
        at_home.session.id,
        False,
    )
    assert (second.session_id, second.new_network) == (away.session.id, True)


async def test_a_changed_password_is_published(stack: UserServiceStack, alice: Actor) -> None:
    await change(alice, PASSWORD)

    (notice,) = stack.events(events_pb.PasswordChanged)
    assert (notice.user_id, notice.session_id) == (alice.id, alice.session_id)


async def test_neither_addresses_nor_handles_are_kept(
    stack: UserServiceStack, alice: Actor
) -> None:
    await guess(stack, ELSEWHERE)
    await guess(stack, ELSEWHERE, "nobody")
    await sign_in(stack, network=ELSEWHERE)

    kept = repr(stack.store.database.tables.networks) + repr(vars(stack.attempts))
    assert HOME not in kept
    assert ELSEWHERE not in kept
    assert "nobody" not in kept

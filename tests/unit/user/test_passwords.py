"""Hashing passwords in a bounded pool."""

import asyncio

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from services.user.domain.errors import PasswordPoolBusy
from services.user.domain.passwords import (
    ARGON2_LANES,
    ARGON2_PASSES,
    DEFAULT_MEMORY_MIB,
    Passwords,
)


async def test_the_right_password_is_found_right_and_a_wrong_one_wrong() -> None:
    async with Passwords(memory_mib=1) as passwords:
        kept = await passwords.hash("zebra lamp 9")

        right = await passwords.verify("zebra lamp 9", kept)
        wrong = await passwords.verify("zebra lamp 8", kept)

    assert right.right
    assert right.new_hash is None
    assert not wrong.right


async def test_hashes_are_argon2id_as_rfc_9106_recommends() -> None:
    async with Passwords() as passwords:
        parameters = extract_parameters(await passwords.hash("zebra lamp 9"))

    assert parameters.type is Type.ID
    assert (parameters.time_cost, parameters.parallelism) == (ARGON2_PASSES, ARGON2_LANES) == (3, 4)
    assert parameters.memory_cost == DEFAULT_MEMORY_MIB * 1024 == 65536
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


async def test_two_forms_of_one_text_are_one_password() -> None:
    async with Passwords(memory_mib=1) as passwords:
        kept = await passwords.hash("caf\u00e9 noir 7")

        assert (await passwords.verify("cafe\u0301 noir 7", kept)).right


async def test_an_unknown_user_is_never_right_and_costs_the_hash_of_a_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    verify = PasswordHasher.verify

    def noting(hasher: PasswordHasher, kept: str, password: str) -> bool:
        compared.append(extract_parameters(kept))
        return verify(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", noting)
    async with Passwords(memory_mib=1) as passwords:
        kept = await passwords.hash("zebra lamp 9")

        somebody = await passwords.verify("zebra lamp 8", kept)
        nobody = await passwords.verify("zebra lamp 8", None)

    assert not somebody.right
    assert not nobody.right
    known, unknown = compared
    assert known == unknown


async def test_a_hash_of_other_parameters_is_replaced_when_the_password_is_right() -> None:
    kept = PasswordHasher(time_cost=1, memory_cost=512, parallelism=1).hash("zebra lamp 9")
    async with Passwords(memory_mib=1) as passwords:
        right = await passwords.verify("zebra lamp 9", kept)
        wrong = await passwords.verify("zebra lamp 8", kept)
        assert right.new_hash is not None
        again = await passwords.verify("zebra lamp 9", right.new_hash)

    assert wrong.new_hash is None
    assert again.right
    assert again.new_hash is None


async def test_a_replacement_is_hashed_if_the_password_is_right() -> None:
    async with Passwords(memory_mib=1) as passwords:
        kept = await passwords.hash("zebra lamp 9")
        right = await passwords.verify("zebra lamp 9", kept, replacement="another lamp 4")
        wrong = await passwords.verify("zebra lamp 8", kept, replacement="another lamp 4")

        assert (await passwords.verify("another lamp 4", right.new_hash)).right
    assert not wrong.right
    assert wrong.new_hash is None


async def test_past_the_bound_of_the_pool_callers_are_turned_away_at_once() -> None:
    async with Passwords(memory_mib=8, workers=1, waiting=2) as passwords:
        calls = [asyncio.create_task(passwords.hash(f"zebra lamp {n}")) for n in range(6)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        later = await passwords.hash("zebra lamp 9")

    busy = [each for each in outcomes if isinstance(each, PasswordPoolBusy)]
    assert len(busy) == 3
    assert all(each.reason == "PASSWORD_POOL_BUSY" and each.retry_after for each in busy)
    assert later


async def test_a_caller_who_gives_up_frees_the_place_in_the_queue() -> None:
    async with Passwords(memory_mib=8, workers=1, waiting=1) as passwords:
        first = asyncio.create_task(passwords.hash("zebra lamp 1"))
        second = asyncio.create_task(passwords.hash("zebra lamp 2"))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        third = asyncio.create_task(passwords.hash("zebra lamp 3"))

        assert all(await asyncio.gather(first, third))


async def test_the_event_loop_turns_while_passwords_are_hashed() -> None:
    async with Passwords(memory_mib=64, workers=1) as passwords:
        hashing = asyncio.create_task(passwords.hash("zebra lamp 9"))
        turns = 0
        while not hashing.done():
            await asyncio.sleep(0)
            turns += 1

    assert turns > 100

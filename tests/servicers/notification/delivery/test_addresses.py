"""Mail addresses: given, confirmed, removed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from roost.notification.v1 import delivery_service_pb2 as pb

from services.chassis.runtime.errors import (
    Invalid,
    RuleBroken,
    TooMany,
    Unauthenticated,
    WrongState,
)
from services.chassis.runtime.ids import first_id_at
from services.delivery.domain.email_addresses import CODE_LIFETIME, MAX_WRONG_CODES
from services.delivery.domain.model import Channel
from services.delivery.domain.tokens import Tokens
from tests.servicers.notification.delivery.conftest import ALICE, BOB, House
from tests.servicers.serving import raises_reason

ADDRESS = "alice@mail.example"


async def give(house: House, user_id: int = ALICE, address: str = ADDRESS, **fields: str) -> None:
    await house.of(user_id).SetEmailAddress(pb.SetEmailAddressRequest(address=address, **fields))


async def confirm(house: House, code: str, user_id: int = ALICE, **fields: str) -> pb.EmailAddress:
    request = pb.ConfirmEmailAddressRequest(code=code, **fields)
    response: pb.ConfirmEmailAddressResponse = await house.of(user_id).ConfirmEmailAddress(request)
    return response.email


async def email(house: House, user_id: int = ALICE) -> tuple[str, bool]:
    found = (await house.of(user_id).GetEmailAddress(pb.GetEmailAddressRequest())).email
    return found.address, found.confirmed


async def code(house: House, user_id: int = ALICE) -> str:
    """What the person reads in the letter."""
    address = (await house.deliveries.addresses({user_id}))[user_id]
    tokens = Tokens(master_key=house.told.master_key)
    return tokens.code(user_id, address.address, address.code_nonce)


def wrong(right: str) -> str:
    return f"{(int(right) + 1) % 1_000_000:06}"


async def test_there_is_no_address_at_first(house: House) -> None:
    assert await email(house) == ("", False)


async def test_an_address_waits_for_its_code(house: House) -> None:
    await give(house)

    assert await email(house) == (ADDRESS, False)
    assert await email(house, BOB) == ("", False)
    now = house.clock.now()
    until = now + timedelta(seconds=30)
    (due,) = await house.deliveries.claim(
        Channel.CODE, now=now, until=until, limit=10, share=10, taken={}
    )
    assert due.user_id == ALICE


async def test_the_code_puts_it_to_use(house: House) -> None:
    await give(house)

    confirmed = await confirm(house, await code(house))

    assert (confirmed.address, confirmed.confirmed) == (ADDRESS, True)
    assert await email(house) == (ADDRESS, True)


async def test_a_code_is_good_once(house: House) -> None:
    await give(house)
    right = await code(house)
    await confirm(house, right)

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, right)


async def test_a_repeated_confirmation_gives_the_same_answer(house: House) -> None:
    await give(house)
    right = await code(house)

    first = await confirm(house, right, request_id="r1")

    assert await confirm(house, right, request_id="r1") == first


async def test_anothers_code_is_none(house: House) -> None:
    await give(house)
    await give(house, BOB, "bob@mail.example")

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, await code(house), BOB)


async def test_without_an_address_no_code_is_right(house: House) -> None:
    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, "000000")


async def test_five_wrong_codes_use_up_the_right_one(house: House) -> None:
    await give(house)
    right = await code(house)
    for _ in range(MAX_WRONG_CODES):
        with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
            await confirm(house, wrong(right), request_id="")

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, right)
    await give(house)
    await confirm(house, await code(house))

    assert await email(house) == (ADDRESS, True)


async def test_a_repeated_wrong_code_counts_again(house: House) -> None:
    await give(house)
    right = await code(house)
    for _ in range(MAX_WRONG_CODES):
        with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
            await confirm(house, wrong(right), request_id="same")

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, right)


async def test_a_code_is_good_for_an_hour(house: House) -> None:
    await give(house)
    right = await code(house)
    house.clock.advance(CODE_LIFETIME)

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, right)


async def test_a_new_code_replaces_the_one_before(house: House) -> None:
    await give(house)
    before = await code(house)
    await give(house)
    after = await code(house)

    assert before != after
    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, before)
    await confirm(house, after)


async def test_three_codes_an_hour_are_enough_for_a_person(house: House) -> None:
    for number in range(3):
        await give(house, address=f"alice{number}@mail.example")
        house.clock.advance(60)

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES") as refused:
        await give(house, address="alice4@mail.example")

    assert refused.value.retry_after == pytest.approx(3600 - 180)
    house.clock.advance(3600 - 180)
    await give(house, address="alice4@mail.example")


async def test_three_codes_an_hour_are_enough_for_an_address(house: House) -> None:
    for user_id in (1, 2, 3):
        await give(house, user_id)

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES"):
        await give(house, 4)
    await give(house, 4, "dave@mail.example")


async def test_a_confirmed_address_given_again_stays_confirmed(house: House) -> None:
    await give(house)
    await confirm(house, await code(house))

    for _ in range(5):
        await give(house)

    assert await email(house) == (ADDRESS, True)


async def test_another_address_is_confirmed_anew(house: House) -> None:
    await give(house)
    await confirm(house, await code(house))

    await give(house, address="new@mail.example")

    assert await email(house) == ("new@mail.example", False)


async def test_an_address_is_removed(house: House) -> None:
    await give(house)
    await confirm(house, await code(house))

    for _ in range(2):
        await house.of(ALICE).RemoveEmailAddress(pb.RemoveEmailAddressRequest(request_id="r1"))

    assert await email(house) == ("", False)


@pytest.mark.parametrize("address", ["", "alice", "alice@", "a@b\r\nBcc: c@d", "a" * 251 + "@b.c"])
async def test_what_is_no_address_is_refused(house: House, address: str) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await give(house, address=address)


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("=?utf-8?q??=@b.co", "no_encoded_word"),
        ("=?utf-8?q?a?=@b.co", "no_encoded_word"),
        ("=?utf-8?q?=0d=0aBcc?=@b.co", "no_encoded_word"),
        ("=?us-ascii?q?=ff?=@b.co", "no_encoded_word"),
        ("a=?utf-8?b?YQ==?=@b.co", "no_encoded_word"),
        ("a..b@b.co", "address"),
        (".a@b.co", "address"),
        ("a.@b.co", "address"),
        ("a" * 65 + "@b.co", "max_local_part"),
        ("alice@localhost", "domain"),
        ("alice@10.0.0.1", "domain"),
    ],
)
async def test_an_address_that_no_letter_can_carry_is_refused_by_its_rule(
    house: House, address: str, rule: str
) -> None:
    await give(house)

    with raises_reason(Invalid, "VALIDATION_FAILED") as refused:
        await give(house, address=address)

    assert [(each.field, each.rule) for each in refused.value.violations] == [("address", rule)]
    assert await email(house) == (ADDRESS, False)


@pytest.mark.parametrize(
    "address", ["o'brien+news@mail.example", "a/b=c@sub.mail.example", "X@XN--BCHER-KVA.EXAMPLE"]
)
async def test_an_unusual_address_is_kept_as_it_was_given(house: House, address: str) -> None:
    await give(house, address=address)

    assert await email(house) == (address, False)


async def test_spellings_of_one_mailbox_share_their_three_codes(house: House) -> None:
    spellings = ["victim@b.co", "Victim@B.co", "vic.tim@b.CO", "VICTIM+1@b.co"]
    for user_id, address in enumerate(spellings[:3], 1):
        await give(house, user_id, address)

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES"):
        await give(house, 4, spellings[3])
    assert await email(house, 2) == ("Victim@B.co", False)
    await give(house, 4, "another@b.co")


class TestOfADomain:
    @pytest.fixture
    def mail(self) -> dict[str, str]:
        return {"smtp_url": "smtp://127.0.0.1:1", "codes_per_domain": "5"}

    async def test_all_its_addresses_share_its_codes(self, house: House) -> None:
        for number in range(5):
            await give(house, number + 1, f"victim{number}@h{number}.b.co.uk")
            house.clock.advance(60)

        with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES") as refused:
            await give(house, 6, "victim6@b.co.uk")

        assert refused.value.retry_after == pytest.approx(3600 - 300)
        await give(house, 6, "victim6@c.co.uk")


async def test_a_new_account_gets_two_codes_an_hour(house: House) -> None:
    new = first_id_at(house.clock.now() - timedelta(hours=23))
    old = first_id_at(house.clock.now() - timedelta(hours=25))
    for number in range(2):
        await give(house, new, f"new{number}@mail.example")
        await give(house, old, f"old{number}@mail.example")

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES"):
        await give(house, new, "new2@mail.example")
    await give(house, old, "old2@mail.example")


async def test_a_session_that_just_ended_gives_no_address(house: House) -> None:
    async with house.store.transaction() as transaction:
        await transaction.end_session(ALICE, 1, house.clock.now())

    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await give(house)


async def digest(house: House, user_id: int = ALICE) -> bool:
    return (await house.store.preferences(user_id)).email_digest


def unsubscribing(house: House, user_id: int = ALICE) -> pb.UnsubscribeRequest:
    tokens = Tokens(master_key=house.told.master_key)
    return pb.UnsubscribeRequest(token=tokens.unsubscribe_token(user_id))


async def test_a_confirmed_address_gets_the_digest(house: House) -> None:
    await give(house)
    before = await digest(house)

    await confirm(house, await code(house))

    assert (before, await digest(house)) == (False, True)


async def test_a_wrong_code_turns_nothing_on(house: House) -> None:
    await give(house)

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(house, wrong(await code(house)))

    assert not await digest(house)


async def test_one_click_turns_the_digest_off(house: House) -> None:
    for user_id, address in ((ALICE, ADDRESS), (BOB, "bob@mail.example")):
        await give(house, user_id, address)
        await confirm(house, await code(house, user_id), user_id)

    for _ in range(2):
        await house.stub().Unsubscribe(unsubscribing(house))

    assert (await digest(house), await digest(house, BOB)) == (False, True)
    assert await email(house) == (ADDRESS, True)


async def test_a_click_of_somebody_who_left_leaves_nothing(house: House) -> None:
    await house.stub().Unsubscribe(unsubscribing(house))

    assert house.store.database.tables.preferences == {}


async def test_an_invented_token_turns_nothing_off(house: House) -> None:
    with raises_reason(Invalid, "UNSUBSCRIBE_TOKEN_INVALID"):
        await house.stub().Unsubscribe(pb.UnsubscribeRequest(token="A" * 32))


class TestWithoutMail:
    @pytest.fixture
    def mail(self) -> dict[str, str]:
        return {}

    async def test_an_address_is_refused_in_so_many_words(self, house: House) -> None:
        with raises_reason(WrongState, "EMAIL_NOT_OFFERED"):
            await give(house)

    async def test_reading_and_removing_do_no_harm(self, house: House) -> None:
        await house.of(ALICE).RemoveEmailAddress(pb.RemoveEmailAddressRequest())

        assert await email(house) == ("", False)

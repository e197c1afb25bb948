"""Email addresses are set, confirmed and removed."""

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
from tests.servicers.delivery.conftest import ALICE, BOB, NotificationStack
from tests.servicers.grpc_server import raises_reason

ADDRESS = "alice@mail.example"


async def give(
    stack: NotificationStack, user_id: int = ALICE, address: str = ADDRESS, **fields: str
) -> None:
    await stack.of(user_id).SetEmailAddress(pb.SetEmailAddressRequest(address=address, **fields))


async def confirm(
    stack: NotificationStack, code: str, user_id: int = ALICE, **fields: str
) -> pb.EmailAddress:
    request = pb.ConfirmEmailAddressRequest(code=code, **fields)
    response: pb.ConfirmEmailAddressResponse = await stack.of(user_id).ConfirmEmailAddress(request)
    return response.email


async def email(stack: NotificationStack, user_id: int = ALICE) -> tuple[str, bool]:
    found = (await stack.of(user_id).GetEmailAddress(pb.GetEmailAddressRequest())).email
    return found.address, found.confirmed


async def code(stack: NotificationStack, user_id: int = ALICE) -> str:
    """The code in the email."""
    address = (await stack.deliveries.addresses({user_id}))[user_id]
    tokens = Tokens(master_key=stack.configured.master_key)
    return tokens.code(user_id, address.address, address.code_nonce)


def wrong(right: str) -> str:
    return f"{(int(right) + 1) % 1_000_000:06}"


async def test_there_is_no_address_at_first(stack: NotificationStack) -> None:
    assert await email(stack) == ("", False)


async def test_an_address_waits_for_its_code(stack: NotificationStack) -> None:
    await give(stack)

    assert await email(stack) == (ADDRESS, False)
    assert await email(stack, BOB) == ("", False)
    now = stack.clock.now()
    until = now + timedelta(seconds=30)
    (due,) = await stack.deliveries.claim(
        Channel.CODE, now=now, until=until, limit=10, share=10, taken={}
    )
    assert due.user_id == ALICE


async def test_the_code_puts_it_to_use(stack: NotificationStack) -> None:
    await give(stack)

    confirmed = await confirm(stack, await code(stack))

    assert (confirmed.address, confirmed.confirmed) == (ADDRESS, True)
    assert await email(stack) == (ADDRESS, True)


async def test_a_code_is_good_once(stack: NotificationStack) -> None:
    await give(stack)
    right = await code(stack)
    await confirm(stack, right)

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, right)


async def test_a_repeated_confirmation_gives_the_same_answer(stack: NotificationStack) -> None:
    await give(stack)
    right = await code(stack)

    first = await confirm(stack, right, request_id="r1")

    assert await confirm(stack, right, request_id="r1") == first


async def test_anothers_code_is_none(stack: NotificationStack) -> None:
    await give(stack)
    await give(stack, BOB, "bob@mail.example")

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, await code(stack), BOB)


async def test_without_an_address_no_code_is_right(stack: NotificationStack) -> None:
    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, "000000")


async def test_five_wrong_codes_use_up_the_right_one(stack: NotificationStack) -> None:
    await give(stack)
    right = await code(stack)
    for _ in range(MAX_WRONG_CODES):
        with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
            await confirm(stack, wrong(right), request_id="")

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, right)
    await give(stack)
    await confirm(stack, await code(stack))

    assert await email(stack) == (ADDRESS, True)


async def test_a_repeated_wrong_code_counts_again(stack: NotificationStack) -> None:
    await give(stack)
    right = await code(stack)
    for _ in range(MAX_WRONG_CODES):
        with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
            await confirm(stack, wrong(right), request_id="same")

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, right)


async def test_a_code_is_good_for_an_hour(stack: NotificationStack) -> None:
    await give(stack)
    right = await code(stack)
    stack.clock.advance(CODE_LIFETIME)

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, right)


async def test_a_new_code_replaces_the_one_before(stack: NotificationStack) -> None:
    await give(stack)
    before = await code(stack)
    await give(stack)
    after = await code(stack)

    assert before != after
    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, before)
    await confirm(stack, after)


async def test_three_codes_an_hour_are_enough_for_a_person(stack: NotificationStack) -> None:
    for number in range(3):
        await give(stack, address=f"alice{number}@mail.example")
        stack.clock.advance(60)

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES") as refused:
        await give(stack, address="alice4@mail.example")

    assert refused.value.retry_after == pytest.approx(3600 - 180)
    stack.clock.advance(3600 - 180)
    await give(stack, address="alice4@mail.example")


async def test_three_codes_an_hour_are_enough_for_an_address(stack: NotificationStack) -> None:
    for user_id in (1, 2, 3):
        await give(stack, user_id)

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES"):
        await give(stack, 4)
    await give(stack, 4, "dave@mail.example")


async def test_a_confirmed_address_given_again_stays_confirmed(stack: NotificationStack) -> None:
    await give(stack)
    await confirm(stack, await code(stack))

    for _ in range(5):
        await give(stack)

    assert await email(stack) == (ADDRESS, True)


async def test_another_address_needs_its_own_confirmation(stack: NotificationStack) -> None:
    await give(stack)
    await confirm(stack, await code(stack))

    await give(stack, address="new@mail.example")

    assert await email(stack) == ("new@mail.example", False)


async def test_an_address_is_removed(stack: NotificationStack) -> None:
    await give(stack)
    await confirm(stack, await code(stack))

    for _ in range(2):
        await stack.of(ALICE).RemoveEmailAddress(pb.RemoveEmailAddressRequest(request_id="r1"))

    assert await email(stack) == ("", False)


@pytest.mark.parametrize("address", ["", "alice", "alice@", "a@b\r\nBcc: c@d", "a" * 251 + "@b.c"])
async def test_what_is_no_address_is_refused(stack: NotificationStack, address: str) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await give(stack, address=address)


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
async def test_an_address_that_no_email_can_be_sent_to_is_refused_by_its_rule(
    stack: NotificationStack, address: str, rule: str
) -> None:
    await give(stack)

    with raises_reason(Invalid, "VALIDATION_FAILED") as refused:
        await give(stack, address=address)

    assert [(each.field, each.rule) for each in refused.value.violations] == [("address", rule)]
    assert await email(stack) == (ADDRESS, False)


@pytest.mark.parametrize(
    "address", ["o'brien+news@mail.example", "a/b=c@sub.mail.example", "X@XN--BCHER-KVA.EXAMPLE"]
)
async def test_an_unusual_address_is_kept_as_it_was_given(
    stack: NotificationStack, address: str
) -> None:
    await give(stack, address=address)

    assert await email(stack) == (address, False)


async def test_spellings_of_one_mailbox_share_their_three_codes(stack: NotificationStack) -> None:
    spellings = ["victim@b.co", "Victim@B.co", "vic.tim@b.CO", "VICTIM+1@b.co"]
    for user_id, address in enumerate(spellings[:3], 1):
        await give(stack, user_id, address)

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES"):
        await give(stack, 4, spellings[3])
    assert await email(stack, 2) == ("Victim@B.co", False)
    await give(stack, 4, "another@b.co")


class TestOfADomain:
    @pytest.fixture
    def mail(self) -> dict[str, str]:
        return {"smtp_url": "smtp://127.0.0.1:1", "codes_per_domain": "5"}

    async def test_all_its_addresses_share_its_codes(self, stack: NotificationStack) -> None:
        for number in range(5):
            await give(stack, number + 1, f"victim{number}@h{number}.b.co.uk")
            stack.clock.advance(60)

        with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES") as refused:
            await give(stack, 6, "victim6@b.co.uk")

        assert refused.value.retry_after == pytest.approx(3600 - 300)
        await give(stack, 6, "victim6@c.co.uk")


async def test_a_new_account_gets_two_codes_an_hour(stack: NotificationStack) -> None:
    new = first_id_at(stack.clock.now() - timedelta(hours=23))
    old = first_id_at(stack.clock.now() - timedelta(hours=25))
    for number in range(2):
        await give(stack, new, f"new{number}@mail.example")
        await give(stack, old, f"old{number}@mail.example")

    with raises_reason(TooMany, "TOO_MANY_EMAIL_CODES"):
        await give(stack, new, "new2@mail.example")
    await give(stack, old, "old2@mail.example")


async def test_a_session_that_just_ended_gives_no_address(stack: NotificationStack) -> None:
    async with stack.store.transaction() as transaction:
        await transaction.end_session(ALICE, 1, stack.clock.now())

    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await give(stack)


async def digest(stack: NotificationStack, user_id: int = ALICE) -> bool:
    return (await stack.store.preferences(user_id)).email_digest


def unsubscribing(stack: NotificationStack, user_id: int = ALICE) -> pb.UnsubscribeRequest:
    tokens = Tokens(master_key=stack.configured.master_key)
    return pb.UnsubscribeRequest(token=tokens.unsubscribe_token(user_id))


async def test_a_confirmed_address_gets_the_digest(stack: NotificationStack) -> None:
    await give(stack)
    before = await digest(stack)

    await confirm(stack, await code(stack))

    assert (before, await digest(stack)) == (False, True)


async def test_a_wrong_code_turns_nothing_on(stack: NotificationStack) -> None:
    await give(stack)

    with raises_reason(RuleBroken, "EMAIL_CODE_INVALID"):
        await confirm(stack, wrong(await code(stack)))

    assert not await digest(stack)


async def test_one_click_turns_the_digest_off(stack: NotificationStack) -> None:
    for user_id, address in ((ALICE, ADDRESS), (BOB, "bob@mail.example")):
        await give(stack, user_id, address)
        await confirm(stack, await code(stack, user_id), user_id)

    for _ in range(2):
        await stack.stub().Unsubscribe(unsubscribing(stack))

    assert (await digest(stack), await digest(stack, BOB)) == (False, True)
    assert await email(stack) == (ADDRESS, True)


async def test_a_click_of_somebody_who_left_leaves_nothing(stack: NotificationStack) -> None:
    await stack.stub().Unsubscribe(unsubscribing(stack))

    assert stack.store.database.tables.preferences == {}


async def test_an_invented_token_turns_nothing_off(stack: NotificationStack) -> None:
    with raises_reason(Invalid, "UNSUBSCRIBE_TOKEN_INVALID"):
        await stack.stub().Unsubscribe(pb.UnsubscribeRequest(token="A" * 32))


class TestWithoutMail:
    @pytest.fixture
    def mail(self) -> dict[str, str]:
        return {}

    async def test_an_address_is_refused_in_so_many_words(self, stack: NotificationStack) -> None:
        with raises_reason(WrongState, "EMAIL_NOT_OFFERED"):
            await give(stack)

    async def test_reading_and_removing_do_no_harm(self, stack: NotificationStack) -> None:
        await stack.of(ALICE).RemoveEmailAddress(pb.RemoveEmailAddressRequest())

        assert await email(stack) == ("", False)

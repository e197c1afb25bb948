"""Email addresses: set, confirmed by a code that is sent to them, and removed."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator, bucket_of, time_of
from services.chassis.storage.transaction import in_transaction
from services.delivery.domain.email_parsing import Mailbox, check_address, mailbox_of
from services.delivery.domain.errors import EmailCodeInvalid, EmailNotOffered, TooManyEmailCodes
from services.delivery.domain.model import (
    CODES_WITHIN,
    Channel,
    Due,
    MailAddress,
)
from services.delivery.domain.store import BeginTransaction, DeliveryTransaction
from services.delivery.domain.tokens import Tokens

CODE_LIFETIME = timedelta(hours=1)
# Of a million codes. After that the user requests another one.
MAX_WRONG_CODES = 5
# Within an hour, by one user and to one mailbox: so nobody can flood a mailbox.
MAX_CODES = 3
# By a user whose account is younger than a day: spammers create many accounts.
MAX_CODES_OF_NEW = 2
NEW_ACCOUNT = timedelta(days=1)

_NONCE_BYTES = 16


class EmailLimits(NamedTuple):
    """Whether this installation sends email, and how many codes an hour are sent to all addresses
    of one registrable domain."""

    offered: bool
    codes_per_domain: int


async def set_address(
    transaction: DeliveryTransaction,
    me: UserCaller,
    address: str,
    *,
    limits: EmailLimits,
    clock: Clock,
    ids: IdGenerator,
) -> MailAddress:
    """Replaces the caller's address by an unconfirmed one, whose code is due immediately.

    An address that is confirmed already is not changed. Raises EmailNotOffered,
    EmailAddressInvalid, SessionRevoked, or TooManyEmailCodes.
    """
    check_address(address)
    if not limits.offered:
        raise EmailNotOffered
    await transaction.lock_recipients([me.user_id])
    if await transaction.session_ended(me.user_id, me.session_id):
        raise SessionRevoked
    before = await transaction.lock_address(me.user_id)
    if before is not None and before.confirmed and before.address == address:
        return before
    now = clock.now()
    mailbox = mailbox_of(address)
    await _check_codes(transaction, me.user_id, mailbox, limits=limits, now=now)
    await transaction.note_code(me.user_id, mailbox, now)
    unconfirmed = MailAddress(
        user_id=me.user_id,
        address=address,
        confirmed=False,
        code_nonce=secrets.token_bytes(_NONCE_BYTES),
        code_expire_time=now + CODE_LIFETIME,
    )
    # What was due to the address before must not reach the new one.
    await transaction.remove_address(me.user_id)
    await transaction.save_address(unconfirmed)
    version = await ids.make(bucket_of(me.user_id))
    due = Due(user_id=me.user_id, channel=Channel.CODE, topic="", version=version, due_time=now)
    await transaction.add_due([due], now)
    return unconfirmed


async def try_code(
    begin: BeginTransaction, user_id: int, code: str, *, tokens: Tokens, clock: Clock
) -> None:
    """Returns if it is the pending code. A wrong code counts, also if the request fails later.
    Raises EmailCodeInvalid."""

    async def attempt(transaction: DeliveryTransaction) -> bool:
        address = await transaction.lock_address(user_id)
        if address is None or not _has_pending_code(address, clock.now()):
            return False
        if tokens.is_code(code, user_id, address.address, address.code_nonce):
            return True
        await transaction.save_address(replace(address, wrong_codes=address.wrong_codes + 1))
        return False

    if not await in_transaction(begin, attempt):
        raise EmailCodeInvalid


async def confirm(
    transaction: DeliveryTransaction, user_id: int, code: str, *, tokens: Tokens, clock: Clock
) -> MailAddress:
    """Confirms the address, and turns the digest on. Raises EmailCodeInvalid if the code is not
    pending any more."""
    await transaction.set_email_digest(user_id, enabled=True)
    address = await transaction.lock_address(user_id)
    if (
        address is None
        or not _has_pending_code(address, clock.now())
        or not tokens.is_code(code, user_id, address.address, address.code_nonce)
    ):
        raise EmailCodeInvalid
    confirmed = MailAddress(user_id=user_id, address=address.address, confirmed=True)
    await transaction.save_address(confirmed)
    return confirmed


async def _check_codes(
    transaction: DeliveryTransaction,
    user_id: int,
    mailbox: Mailbox,
    *,
    limits: EmailLimits,
    now: datetime,
) -> None:
    new = now - time_of(user_id) < NEW_ACCOUNT
    sent = await transaction.codes_sent(user_id, mailbox, now - CODES_WITHIN)
    for times, most in (
        (sent.by_user, MAX_CODES_OF_NEW if new else MAX_CODES),
        (sent.to_address, MAX_CODES),
        (sent.to_domain, limits.codes_per_domain),
    ):
        if len(times) >= most:
            free = times[-most] + CODES_WITHIN
            raise TooManyEmailCodes(retry_after=(free - now).total_seconds())


def _has_pending_code(address: MailAddress, now: datetime) -> bool:
    return (
        address.code_expire_time is not None
        and now < address.code_expire_time
        and address.wrong_codes < MAX_WRONG_CODES
    )

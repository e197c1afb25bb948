"""Email addresses: set, confirmed by a code that is sent to them, and removed."""

import secrets
from dataclasses import replace
from datetime import timedelta

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


class EmailAddresses:
    """The operations on addresses. `offered` says whether this installation sends email at all,
    `codes_per_domain` how many codes an hour are sent to all addresses of one registrable
    domain."""

    def __init__(
        self,
        *,
        begin: BeginTransaction,
        clock: Clock,
        ids: IdGenerator,
        tokens: Tokens,
        offered: bool,
        codes_per_domain: int,
    ) -> None:
        self._begin = begin
        self._clock = clock
        self._ids = ids
        self._tokens = tokens
        self._offered = offered
        self._codes_per_domain = codes_per_domain

    async def set_address(
        self, transaction: DeliveryTransaction, me: UserCaller, address: str
    ) -> MailAddress:
        """Replaces the caller's address by an unconfirmed one, whose code is due immediately.

        An address that is confirmed already is not changed. Raises EmailNotOffered,
        EmailAddressInvalid, SessionRevoked, or TooManyEmailCodes.
        """
        check_address(address)
        if not self._offered:
            raise EmailNotOffered
        await transaction.lock_recipients([me.user_id])
        if await transaction.session_ended(me.user_id, me.session_id):
            raise SessionRevoked
        before = await transaction.lock_address(me.user_id)
        if before is not None and before.confirmed and before.address == address:
            return before
        now = self._clock.now()
        mailbox = mailbox_of(address)
        await self._check_codes(transaction, me.user_id, mailbox)
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
        version = await self._ids.make(bucket_of(me.user_id))
        due = Due(user_id=me.user_id, channel=Channel.CODE, topic="", version=version, due_time=now)
        await transaction.add_due([due], now)
        return unconfirmed

    async def try_code(self, user_id: int, code: str) -> None:
        """Returns if it is the pending code. A wrong code counts, also if the request fails later.
        Raises EmailCodeInvalid."""

        async def attempt(transaction: DeliveryTransaction) -> bool:
            address = await transaction.lock_address(user_id)
            if address is None or not self._has_pending_code(address):
                return False
            if self._tokens.is_code(code, user_id, address.address, address.code_nonce):
                return True
            await transaction.save_address(replace(address, wrong_codes=address.wrong_codes + 1))
            return False

        if not await in_transaction(self._begin, attempt):
            raise EmailCodeInvalid

    async def confirm(
        self, transaction: DeliveryTransaction, user_id: int, code: str
    ) -> MailAddress:
        """Confirms the address, and turns the digest on. Raises EmailCodeInvalid if the code is not
        pending any more."""
        await transaction.set_email_digest(user_id, enabled=True)
        address = await transaction.lock_address(user_id)
        if (
            address is None
            or not self._has_pending_code(address)
            or not self._tokens.is_code(code, user_id, address.address, address.code_nonce)
        ):
            raise EmailCodeInvalid
        confirmed = MailAddress(user_id=user_id, address=address.address, confirmed=True)
        await transaction.save_address(confirmed)
        return confirmed

    async def _check_codes(
        self, transaction: DeliveryTransaction, user_id: int, mailbox: Mailbox
    ) -> None:
        now = self._clock.now()
        new = now - time_of(user_id) < NEW_ACCOUNT
        sent = await transaction.codes_sent(user_id, mailbox, now - CODES_WITHIN)
        for times, most in (
            (sent.by_person, MAX_CODES_OF_NEW if new else MAX_CODES),
            (sent.to_address, MAX_CODES),
            (sent.to_domain, self._codes_per_domain),
        ):
            if len(times) >= most:
                free = times[-most] + CODES_WITHIN
                raise TooManyEmailCodes(retry_after=(free - now).total_seconds())

    def _has_pending_code(self, address: MailAddress) -> bool:
        return (
            address.code_expire_time is not None
            and self._clock.now() < address.code_expire_time
            and address.wrong_codes < MAX_WRONG_CODES
        )

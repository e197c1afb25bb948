"""Mail addresses: given, confirmed by a code that is mailed to them, and removed."""

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
from services.delivery.domain.tokens import Tokens
from services.notification.domain import preferences
from services.notification.domain.store import NotificationStore, NotificationTransaction

CODE_LIFETIME = timedelta(hours=1)
# Of the million codes that there are; the next one is another.
MAX_WRONG_CODES = 5
# Within an hour, by one person and to one mailbox: nobody's mailbox is flooded in our name.
MAX_CODES = 3
# By a person whose account is younger than a day: accounts are made in numbers to send mail.
MAX_CODES_OF_NEW = 2
NEW_ACCOUNT = timedelta(days=1)

_NONCE_BYTES = 16


class Addresses:
    """What happens to addresses. `offered` says whether this installation sends mail at all, and
    `codes_per_domain` how many codes an hour go to all addresses of one registrable domain."""

    def __init__(
        self,
        *,
        store: NotificationStore,
        clock: Clock,
        ids: IdGenerator,
        tokens: Tokens,
        offered: bool,
        codes_per_domain: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._tokens = tokens
        self._offered = offered
        self._codes_per_domain = codes_per_domain

    async def give(
        self, transaction: NotificationTransaction, me: UserCaller, address: str
    ) -> MailAddress:
        """Replaces the caller's address by one that waits for its code, which is due at once.

        An address that is confirmed already is left as it is. Raises EmailNotOffered,
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
        given = MailAddress(
            user_id=me.user_id,
            address=address,
            confirmed=False,
            code_nonce=secrets.token_bytes(_NONCE_BYTES),
            code_expire_time=now + CODE_LIFETIME,
        )
        # What was due to the address before must not reach the new one.
        await transaction.remove_address(me.user_id)
        await transaction.save_address(given)
        version = await self._ids.make(bucket_of(me.user_id))
        due = Due(user_id=me.user_id, channel=Channel.CODE, topic="", version=version, due_time=now)
        await transaction.add_due([due], now)
        return given

    async def try_code(self, user_id: int, code: str) -> None:
        """Returns if it is the code that is awaited. A wrong one counts, whatever becomes of the
        request. Raises EmailCodeInvalid."""

        async def attempt(transaction: NotificationTransaction) -> bool:
            address = await transaction.lock_address(user_id)
            if address is None or not self._has_pending_code(address):
                return False
            if self._tokens.is_code(code, user_id, address.address, address.code_nonce):
                return True
            await transaction.save_address(replace(address, wrong_codes=address.wrong_codes + 1))
            return False

        if not await in_transaction(self._store.transaction, attempt):
            raise EmailCodeInvalid

    async def confirm(
        self, transaction: NotificationTransaction, user_id: int, code: str
    ) -> MailAddress:
        """Puts the address to use, and turns the digest on: it is what the address is for. Raises
        EmailCodeInvalid if the code, tried before, is not awaited any more."""
        await preferences.update(
            transaction, user_id, kind_preferences={}, email_digest=True, etag=""
        )
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
        self, transaction: NotificationTransaction, user_id: int, mailbox: Mailbox
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

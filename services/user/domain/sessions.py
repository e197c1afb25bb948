"""Sessions: a device signs in, refreshes its tokens, opens streams by ticket, and is signed out."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import Revoked, SessionRevoked
from services.chassis.auth.tokens.access_tokens import LIFETIME
from services.chassis.auth.tokens.revocations import KEEP_SECONDS
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.ids import IdGenerator, bucket_of
from services.chassis.runtime.token_buckets import Buckets
from services.chassis.storage.idempotency import Seal
from services.chassis.storage.transaction import in_transaction
from services.user.domain import domain_events
from services.user.domain.errors import (
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionNotFound,
    StreamTicketInvalid,
)
from services.user.domain.model import Session, StreamTicket, TokenPair
from services.user.domain.refresh_tokens import PresentedToken, RefreshTokens, hash_of
from services.user.domain.signing import Signer
from services.user.domain.store import SessionTransaction, Store, UserTransaction

# A device that is not used for so long is signed out.
SESSION_LIFETIME = timedelta(days=60)
# A session that is used ends a year after it began, so that an unnoticed copy of a refresh token
# stops working. Once a year is not too often to enter a password.
LONGEST_SESSION = timedelta(days=365)
# Within this time the repetition of a refresh is a lost response, later it is a stolen token.
REPEATABLE = timedelta(seconds=10)
TICKET_LIFETIME = timedelta(seconds=30)
# A device refreshes four times an hour; each refresh writes the session.
REFRESHES_A_MINUTE = 20
# A session ends at a time that is read before the commit, which follows within 15 s, and perhaps on
# a machine with another clock.
_REVOCATION_OVERLAP = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and the tokens for it."""

    session: Session
    tokens: TokenPair


class AccessToken(NamedTuple):
    """A token that proves a session until it expires."""

    token: str
    expire_time: datetime


class Sessions:
    """Operations on sessions, their refresh tokens and stream tickets."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: IdGenerator,
        signer: Signer,
        master_key: bytes,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._signer = signer
        self._refresh_tokens = RefreshTokens(master_key=master_key)
        self._master_key = master_key
        self._refreshes = Buckets(REFRESHES_A_MINUTE, clock=clock)

    async def open(
        self, transaction: SessionTransaction, user_id: int, device_name: str
    ) -> SignedIn:
        """Signs a device in."""
        session_id = await self._ids.make(bucket_of(user_id))
        now = self._clock.now()
        tokens = self._pair(user_id, session_id, now, began=now)
        session = Session(
            id=session_id,
            user_id=user_id,
            device_name=device_name,
            create_time=now,
            last_used_time=now,
            expire_time=tokens.refresh_expire_time,
            refresh_hash=hash_of(tokens.refresh_token),
        )
        await transaction.add_session(session)
        return SignedIn(session, tokens)

    async def refresh(self, refresh_token: str) -> SignedIn:
        """Exchanges a refresh token for the next pair. All concurrent calls with one token get the
        same response.

        Raises RefreshTokenInvalid, SessionRevoked, RateLimited if the session is refreshed too
        often, or RefreshTokenReused: then the session is ended, because another party may hold a
        copy.
        """
        presented = self._refresh_tokens.read(refresh_token)
        if presented is None:
            raise RefreshTokenInvalid

        # An error is returned and not raised, as the end of a session has to be committed.
        async def effect(transaction: UserTransaction) -> SignedIn | RoostError:
            return await self._exchange(transaction, presented, refresh_token)

        outcome = await in_transaction(self._store.transaction, effect)
        if isinstance(outcome, RoostError):
            raise outcome
        return outcome

    async def revoke(
        self, transaction: UserTransaction, caller: UserCaller, session_id: int
    ) -> None:
        """Ends one of the caller's sessions. Raises SessionNotFound."""
        session = await transaction.lock_session(caller.user_id, session_id)
        if session is None:
            raise SessionNotFound
        if session.live(self._clock.now()):
            await self._end(transaction, session)

    async def revoke_others(self, transaction: UserTransaction, caller: UserCaller) -> None:
        """Ends all of the caller's sessions except the calling one. Raises SessionRevoked if that
        one has ended."""
        live = await transaction.lock_live_sessions(caller.user_id, self._clock.now())
        if caller.session_id not in [session.id for session in live]:
            raise SessionRevoked
        for session in live:
            if session.id != caller.session_id:
                await self._end(transaction, session)

    async def revoke_all(self, transaction: UserTransaction, user_id: int) -> None:
        """Ends all sessions of a user."""
        for session in await transaction.lock_live_sessions(user_id, self._clock.now()):
            await self._end(transaction, session)

    async def issue_ticket(self, caller: UserCaller) -> str:
        """A ticket that opens one connection for the caller's session, within 30 s.

        Raises SessionRevoked if the session has ended.
        """
        now = self._clock.now()
        session = await self._store.session(caller.user_id, caller.session_id)
        if session is None or not session.live(now):
            raise SessionRevoked
        ticket = secrets.token_urlsafe(32)
        async with self._store.transaction() as transaction:
            await transaction.add_ticket(
                _ticket_hash(ticket),
                StreamTicket(
                    user_id=caller.user_id,
                    session_id=caller.session_id,
                    expire_time=now + TICKET_LIFETIME,
                ),
            )
        return ticket

    async def extend(self, user_id: int, session_id: int) -> AccessToken:
        """The next access token of a session with an open connection. Raises SessionRevoked."""
        session = await self._store.session(user_id, session_id)
        if session is None or not session.live(self._clock.now()):
            raise SessionRevoked
        return self._access_token(user_id, session_id)

    async def redeem_ticket(self, ticket: str) -> tuple[StreamTicket, AccessToken]:
        """Consumes a ticket. Raises StreamTicketInvalid if it is not valid, or no longer."""
        async with self._store.transaction() as transaction:
            taken = await transaction.take_ticket(_ticket_hash(ticket))
        now = self._clock.now()
        if taken is None or now >= taken.expire_time:
            raise StreamTicketInvalid
        session = await self._store.session(taken.user_id, taken.session_id)
        if session is None or not session.live(now):
            raise StreamTicketInvalid
        return taken, self._access_token(taken.user_id, taken.session_id)

    async def _exchange(
        self, transaction: UserTransaction, presented: PresentedToken, token: str
    ) -> SignedIn | RoostError:
        session = await transaction.lock_session(presented.user_id, presented.session_id)
        if session is None:
            return RefreshTokenInvalid()
        newest = hmac.compare_digest(presented.hash, session.refresh_hash)
        if not newest and not presented.genuine:
            return RefreshTokenInvalid()
        now = self._clock.now()
        if session.revoke_time is not None:
            return SessionRevoked()
        if now >= min(session.expire_time, session.create_time + LONGEST_SESSION):
            return RefreshTokenInvalid()
        if newest:
            return await self._rotate(transaction, session, token, now)
        used_last = hmac.compare_digest(presented.hash, session.previous_hash)
        if used_last and now - session.last_used_time <= REPEATABLE:
            answer = self._seal(token).open(session.sealed_answer, bound_to=presented.hash)
            return SignedIn(session, msgspec.msgpack.decode(answer, type=TokenPair))
        await self._end(transaction, session)
        return RefreshTokenReused()

    async def _rotate(
        self, transaction: UserTransaction, session: Session, token: str, now: datetime
    ) -> SignedIn:
        self._refreshes.take(session.id)
        tokens = self._pair(session.user_id, session.id, now, began=session.create_time)
        used = hash_of(token)
        rotated = replace(
            session,
            last_used_time=now,
            expire_time=tokens.refresh_expire_time,
            refresh_hash=hash_of(tokens.refresh_token),
            previous_hash=used,
            sealed_answer=self._seal(token).close(msgspec.msgpack.encode(tokens), bound_to=used),
        )
        await transaction.save_session(rotated)
        return SignedIn(rotated, tokens)

    async def _end(self, transaction: UserTransaction, session: Session) -> None:
        # The name of the device has no use any more, and may name its owner.
        ended = replace(session, revoke_time=self._clock.now(), sealed_answer=b"", device_name="")
        await transaction.save_session(ended)
        await transaction.emit(
            domain_events.SessionRevoked(ended.user_id, ended.id, ended.last_used_time + LIFETIME)
        )

    def _pair(self, user_id: int, session_id: int, now: datetime, *, began: datetime) -> TokenPair:
        access_token, access_expire_time = self._signer.issue(user_id, session_id)
        return TokenPair(
            access_token=access_token,
            access_expire_time=access_expire_time,
            refresh_token=self._refresh_tokens.make(user_id, session_id),
            refresh_expire_time=min(now + SESSION_LIFETIME, began + LONGEST_SESSION),
        )

    def _access_token(self, user_id: int, session_id: int) -> AccessToken:
        return AccessToken(*self._signer.issue(user_id, session_id))

    def _seal(self, token: str) -> Seal:
        return Seal(caller_secret=token.encode(), service_secret=self._master_key)


class Revocations:
    """The sessions that ended while their access tokens may still be valid. A `RevocationSource`
    over the store: this service verifies tokens like any other."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def revoked(self, since: datetime | None) -> Revoked:
        """The sessions that ended after that time, and those that ended shortly before it again.
        For None, or a time longer ago than any token lasts: all that still matter."""
        now = self._clock.now()
        oldest = now - timedelta(seconds=KEEP_SECONDS)
        after = oldest if since is None else max(oldest, since - _REVOCATION_OVERLAP)
        return Revoked(await self._store.revoked_sessions(after), as_of=now)


def _ticket_hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()

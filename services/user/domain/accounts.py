"""Accounts: registering, signing in by password, changing the password, deleting."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime import ids as id_parts
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.user.domain import domain_events, handles, password_rule, profiles
from services.user.domain.errors import CredentialsWrong, HandleTaken
from services.user.domain.handles import HandleTombstones
from services.user.domain.hash_queue import HashRequest, PriorityClass
from services.user.domain.model import BackgroundTask, User
from services.user.domain.passwords import Passwords
from services.user.domain.ports import EmailAddresses
from services.user.domain.sessions import Sessions, SignedIn
from services.user.domain.store import Store, UserTransaction
from services.user.domain.throttle import AttemptOrigin, Throttle

# The owner is warned of so many failed attempts, and each time that the number has doubled.
_WARN_AT = 10


def register_caller(key: str) -> str:
    """The caller id of an idempotency key of somebody who registers a handle."""
    return f"register:{key}"


def authenticate_caller(key: str) -> str:
    """The caller id of an idempotency key of somebody who signs in by a handle."""
    return f"authenticate:{key}"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A checked registration. It has no hash if the handle was taken already."""

    handle: str
    key: str
    display_name: str
    password_hash: str | None
    network: str


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """A password that was right when it was compared with this hash, and the hash to store in its
    place, if any."""

    user_id: int
    compared_with: str
    new_hash: str | None
    origin: AttemptOrigin


class Accounts:
    """Operations on accounts.

    Hashing takes long, so it is done before the transaction, by `prepare`, `check_password` and
    `prepare_password`. The transaction verifies their result again. `network` is the client's, see
    `auth.caller`.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: IdGenerator,
        passwords: Passwords,
        sessions: Sessions,
        tombstones: HandleTombstones,
        throttle: Throttle,
        email_addresses: EmailAddresses,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._sessions = sessions
        self._tombstones = tombstones
        self._throttle = throttle
        self._email_addresses = email_addresses

    async def prepare(
        self, *, handle: str, password: str, display_name: str, network: str
    ) -> NewAccount:
        """Checks a registration. `register` refuses a handle that is taken, since this may be the
        repetition of the request that took it.

        Raises HandleInvalid, HandleReserved, PasswordTooWeak, PasswordPoolBusy, RateLimited,
        Invalid.
        """
        await self._throttle.admit(network=network)
        key = handles.check_new(handle)
        name = profiles.display_name(display_name, field="display_name")
        password_rule.check(password, about=(handle, name))
        taken = await self._store.ids_of_handles([key, self._tombstones.form_of(key)])
        password_hash = None
        if not taken:
            password_hash = await self._passwords.hash(
                password, HashRequest(PriorityClass.OTHER, network)
            )
        return NewAccount(handle, key, name or handle, password_hash, network)

    async def register(
        self, transaction: UserTransaction, account: NewAccount, device_name: str
    ) -> tuple[User, SignedIn]:
        """Creates the user and signs the device in. Raises HandleTaken."""
        # The bucket is drawn once for each user. All data of the user follows it.
        user_id = await self._ids.make(secrets.randbelow(id_parts.BUCKETS))
        if account.password_hash is None or not await transaction.claim_handle(
            account.key, user_id, tombstone=self._tombstones.form_of(account.key)
        ):
            raise HandleTaken(metadata={"handle": account.handle})
        now = self._clock.now()
        user = User(
            id=user_id,
            handle=account.handle,
            display_name=account.display_name,
            create_time=now,
            update_time=now,
        )
        await transaction.add_user(user, account.password_hash)
        await self._remember(transaction, user_id, account.network, now)
        signed_in = await self._sessions.open(transaction, user_id, device_name)
        await transaction.emit(domain_events.UserRegistered(user))
        return user, signed_in

    async def check_password(self, *, handle: str, password: str, network: str) -> PasswordCheck:
        """Compares handle and password. Raises CredentialsWrong, in the same time for either
        cause; RateLimited, TooManyPasswordAttempts, PasswordPoolBusy."""
        await self._throttle.admit(network=network)
        key = handles.key_of(handle)
        user_id = (await self._store.ids_of_handles([key])).get(key, 0)
        known = await self._store.is_known_network(user_id, self._hash_of(user_id, network))
        account = str(user_id) if user_id else f"@{key}"
        origin = AttemptOrigin(network, known)
        return await self._check_password(
            account, user_id, password, origin, HashRequest(owner=network)
        )

    async def check_caller_password(
        self, caller: UserCaller, password: str, *, network: str
    ) -> PasswordCheck:
        """Compares the caller's password. Raises CredentialsWrong, RateLimited,
        TooManyPasswordAttempts, PasswordPoolBusy."""
        await self._throttle.admit(network=network, user_id=caller.user_id)
        return await self._check_caller_password(caller, password, network)

    async def sign_in(
        self, transaction: UserTransaction, password_check: PasswordCheck, device_name: str
    ) -> tuple[User, SignedIn]:
        """Signs a device in. Raises CredentialsWrong if the password was changed since."""
        user = await transaction.lock_user(password_check.user_id)
        if user is None or await transaction.lock_password(user.id) != password_check.compared_with:
            raise CredentialsWrong
        now = self._clock.now()
        if password_check.new_hash is not None:
            await transaction.set_password(user.id, password_check.new_hash, now)
        await self._remember(transaction, user.id, password_check.origin.name, now)
        signed_in = await self._sessions.open(transaction, user.id, device_name)
        await transaction.emit(
            domain_events.SignedIn(
                user_id=user.id,
                session_id=signed_in.session.id,
                new_network=not password_check.origin.known,
                sign_in_time=signed_in.session.create_time,
            )
        )
        return user, signed_in

    async def prepare_password(
        self, caller: UserCaller, *, old: str, new: str, network: str
    ) -> PasswordCheck:
        """Compares the old password and hashes the new one.

        Raises PasswordTooWeak, and what `check_caller_password` raises.
        """
        await self._throttle.admit(network=network, user_id=caller.user_id)
        found = await self._store.users([caller.user_id])
        if not found:
            raise SessionRevoked
        about = (found[0].handle, found[0].display_name, await self._email_addresses.of_caller())
        password_rule.check(new, about=about)
        return await self._check_caller_password(caller, old, network, replacement=new)

    async def change_password(
        self,
        transaction: UserTransaction,
        caller: UserCaller,
        password_check: PasswordCheck,
        *,
        network: str,
    ) -> None:
        """Sets the new password of `prepare_password`, ends the caller's other sessions, and
        forgets all networks but this one: another person may have proved the old password there.

        Raises CredentialsWrong if the password was changed since, SessionRevoked.
        """
        if await transaction.lock_password(caller.user_id) != password_check.compared_with:
            raise CredentialsWrong
        now = self._clock.now()
        assert password_check.new_hash is not None  # noqa: S101 - `prepare_password` made it
        await transaction.set_password(caller.user_id, password_check.new_hash, now)
        await self._sessions.revoke_others(transaction, caller)
        await transaction.forget_networks(caller.user_id)
        await self._remember(transaction, caller.user_id, network, now)
        await transaction.emit(
            domain_events.PasswordChanged(caller.user_id, caller.session_id, now)
        )

    async def delete(self, transaction: UserTransaction, password_check: PasswordCheck) -> None:
        """Deletes the user, who disappears from every read at once. The worker removes the
        relationships, and what else names the user.

        Raises SessionRevoked if the user was deleted before, CredentialsWrong if the password was
        changed since.
        """
        user = await transaction.lock_user(password_check.user_id)
        if user is None:
            raise SessionRevoked
        if await transaction.lock_password(user.id) != password_check.compared_with:
            raise CredentialsWrong
        now = self._clock.now()
        await transaction.delete_user(user.id, now)
        await self._sessions.revoke_all(transaction, user.id)
        await transaction.add_background_task(BackgroundTask.REMOVE_RELATIONSHIPS, user.id, now)
        await transaction.emit(domain_events.UserDeleted(user.id, now))

    async def _check_caller_password(
        self, caller: UserCaller, password: str, network: str, *, replacement: str | None = None
    ) -> PasswordCheck:
        # A session is a device where the password was proved.
        origin = AttemptOrigin(f"session {caller.session_id}", known=True)
        hash_request = _hash_request(caller, network)
        return await self._check_password(
            str(caller.user_id),
            caller.user_id,
            password,
            origin,
            hash_request,
            replacement=replacement,
        )

    async def _check_password(
        self,
        account: str,
        user_id: int,
        password: str,
        origin: AttemptOrigin,
        hash_request: HashRequest,
        *,
        replacement: str | None = None,
    ) -> PasswordCheck:
        kept = await self._store.password_of(user_id)
        failures = 0
        try:
            async with self._throttle.attempt(account, origin) as failures:
                verdict = await self._passwords.verify(
                    password, kept, hash_request, replacement=replacement
                )
                if kept is None or not verdict.right:
                    raise CredentialsWrong
        except CredentialsWrong:
            if kept is not None and _is_warning_threshold(failures):
                async with self._store.transaction() as transaction:
                    failed = domain_events.SignInsFailed(user_id, failures, self._clock.now())
                    await transaction.emit(failed)
            raise
        return PasswordCheck(user_id, kept, verdict.new_hash, origin)

    async def _remember(
        self, transaction: UserTransaction, user_id: int, network: str, now: datetime
    ) -> None:
        if network:
            await transaction.remember_network(user_id, self._hash_of(user_id, network), now)

    def _hash_of(self, user_id: int, network: str) -> bytes:
        return bytes.fromhex(self._throttle.name(f"network {network} of {user_id}"))


def _hash_request(caller: UserCaller, network: str) -> HashRequest:
    return HashRequest(PriorityClass.OTHER, network or str(caller.user_id))


def _is_warning_threshold(failures: int) -> bool:
    times, odd = divmod(failures, _WARN_AT)
    return not odd and times.bit_count() == 1

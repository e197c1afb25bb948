"""Accounts: registering, signing in by password, changing the password, deleting."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime import ids as id_parts
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import IdGenerator
from services.user.adapters.mail_addresses import MailAddresses
from services.user.domain import handles, password_rule, profile_rule
from services.user.domain.errors import CredentialsWrong, HandleTaken
from services.user.domain.hash_queue import HashRequest, PriorityClass
from services.user.domain.model import BackgroundTask, User
from services.user.domain.passwords import Passwords
from services.user.domain.retired_handles import HandleTombstones
from services.user.domain.sessions import Sessions, SignedIn
from services.user.domain.store import Store, UserTransaction
from services.user.domain.throttle import AttemptOrigin, Throttle
from services.user.rpc import events


def register_caller(key: str) -> str:
    """As whom somebody counts who registers a handle, where requests are remembered."""
    return f"register:{key}"


def authenticate_caller(key: str) -> str:
    """As whom somebody counts who signs in by a handle, where requests are remembered."""
    return f"authenticate:{key}"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody wants to register, checked; no hash where the handle was taken already."""

    handle: str
    key: str
    display_name: str
    password_hash: str | None
    network: str


# The person is warned of so many failed attempts, and each time that they have doubled.
_WARN_AT = 10


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """That a password was right when it was compared with this hash."""

    user_id: int
    compared_with: str
    new_hash: str | None
    origin: AttemptOrigin


class Accounts:
    """What happens to accounts.

    Hashing takes long, so it is done before the transaction: `prepare` and `prove` come first,
    and what they found is checked again inside. `network` is the client's, see `chassis.origin`.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: IdGenerator,
        passwords: Passwords,
        sessions: Sessions,
        retired: HandleTombstones,
        throttle: Throttle,
        addresses: MailAddresses,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._sessions = sessions
        self._retired = retired
        self._throttle = throttle
        self._addresses = addresses

    async def prepare(
        self, *, handle: str, password: str, display_name: str, network: str
    ) -> NewAccount:
        """Checks what somebody wants to register. A handle that is taken is left for `register`
        to refuse, since this may be the repetition of the request that took it.

        Raises HandleInvalid, HandleReserved, PasswordTooWeak, PasswordPoolBusy, RateLimited,
        Invalid.
        """
        await self._throttle.admit(network=network)
        key = handles.check_new(handle)
        name = profile_rule.display_name(display_name, field="display_name")
        password_rule.check(password, about=(handle, name))
        taken = await self._store.ids_of_handles([key, self._retired.form_of(key)])
        password_hash = None
        if not taken:
            password_hash = await self._passwords.hash(
                password, HashRequest(PriorityClass.OTHER, network)
            )
        return NewAccount(handle, key, name or handle, password_hash, network)

    async def register(
        self, transaction: UserTransaction, account: NewAccount, device_name: str
    ) -> tuple[User, SignedIn]:
        """Creates the person and signs the device in. Raises HandleTaken."""
        # The bucket is drawn once for a person's life; everything of theirs follows it.
        user_id = await self._ids.make(secrets.randbelow(id_parts.BUCKETS))
        if account.password_hash is None or not await transaction.claim_handle(
            account.key, user_id, retired=self._retired.form_of(account.key)
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
        await transaction.publish(events.user_registered(user))
        return user, signed_in

    async def check_password(self, *, handle: str, password: str, network: str) -> PasswordCheck:
        """Compares handle and password. Raises CredentialsWrong, in the same time whichever of
        them is wrong; RateLimited, TooManyPasswordAttempts, PasswordPoolBusy."""
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
        await self._throttle.admit(network=network, person_id=caller.user_id)
        return await self._check_caller_password(caller, password, network)

    async def sign_in(
        self, transaction: UserTransaction, password_check: PasswordCheck, device_name: str
    ) -> tuple[User, SignedIn]:
        """Signs a device in. Raises CredentialsWrong if the password was changed meanwhile."""
        user = await transaction.lock_user(password_check.user_id)
        if user is None or await transaction.lock_password(user.id) != password_check.compared_with:
            raise CredentialsWrong
        now = self._clock.now()
        if password_check.new_hash is not None:
            await transaction.set_password(user.id, password_check.new_hash, now)
        await self._remember(transaction, user.id, password_check.origin.name, now)
        signed_in = await self._sessions.open(transaction, user.id, device_name)
        notice = events.signed_in(signed_in.session, new_network=not password_check.origin.known)
        await transaction.publish(notice)
        return user, signed_in

    async def prepare_password(
        self, caller: UserCaller, *, old: str, new: str, network: str
    ) -> tuple[PasswordCheck, str]:
        """Compares the old password and hashes the new one.

        Raises PasswordTooWeak, and what `check_caller_password` raises.
        """
        await self._throttle.admit(network=network, person_id=caller.user_id)
        found = await self._store.users([caller.user_id])
        if not found:
            raise SessionRevoked
        about = (found[0].handle, found[0].display_name, await self._addresses.of_caller())
        password_rule.check(new, about=about)
        password_check = await self._check_caller_password(caller, old, network)
        return password_check, await self._passwords.hash(new, _hash_request(caller, network))

    async def change_password(
        self,
        transaction: UserTransaction,
        caller: UserCaller,
        password_check: PasswordCheck,
        new_hash: str,
        *,
        network: str,
    ) -> None:
        """Sets the new password, ends the caller's other sessions, and forgets all networks but
        this one: the old password may have been proved there by somebody else.

        Raises CredentialsWrong if the password was changed meanwhile, SessionRevoked.
        """
        if await transaction.lock_password(caller.user_id) != password_check.compared_with:
            raise CredentialsWrong
        now = self._clock.now()
        await transaction.set_password(caller.user_id, new_hash, now)
        await self._sessions.revoke_others(transaction, caller)
        await transaction.forget_networks(caller.user_id)
        await self._remember(transaction, caller.user_id, network, now)
        await transaction.publish(events.password_changed(caller.user_id, caller.session_id, now))

    async def delete(self, transaction: UserTransaction, password_check: PasswordCheck) -> None:
        """Deletes the person: gone from every read at once. The edges, and what else names the
        person, are left to the worker.

        Raises SessionRevoked if that happened before, CredentialsWrong if the password was
        changed meanwhile.
        """
        user = await transaction.lock_user(password_check.user_id)
        if user is None:
            raise SessionRevoked
        if await transaction.lock_password(user.id) != password_check.compared_with:
            raise CredentialsWrong
        now = self._clock.now()
        await transaction.delete_user(user.id, now)
        await self._sessions.revoke_all(transaction, user.id)
        await transaction.add_background_task(BackgroundTask.REMOVE_EDGES, user.id, now)
        await transaction.publish(events.user_deleted(replace(user, update_time=now)))

    async def _check_caller_password(
        self, caller: UserCaller, password: str, network: str
    ) -> PasswordCheck:
        # A session is a device where the password was proved.
        origin = AttemptOrigin(f"session {caller.session_id}", known=True)
        hash_request = _hash_request(caller, network)
        return await self._check_password(
            str(caller.user_id), caller.user_id, password, origin, hash_request
        )

    async def _check_password(
        self,
        account: str,
        user_id: int,
        password: str,
        origin: AttemptOrigin,
        hash_request: HashRequest,
    ) -> PasswordCheck:
        kept = await self._store.password_of(user_id)
        failures = 0
        try:
            async with self._throttle.attempt(account, origin) as failures:
                verdict = await self._passwords.verify(password, kept, hash_request)
                if kept is None or not verdict.right:
                    raise CredentialsWrong
        except CredentialsWrong:
            if kept is not None and _is_warning_threshold(failures):
                async with self._store.transaction() as transaction:
                    notice = events.sign_ins_failed(user_id, failures, self._clock.now())
                    await transaction.publish(notice)
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

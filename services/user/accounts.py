"""Accounts: registering, signing in by password, changing the password, deleting."""

import secrets
from dataclasses import dataclass, replace

from services.chassis import ids as id_parts
from services.chassis.caller import UserCaller
from services.chassis.clock import Clock
from services.chassis.ids import IdGenerator
from services.chassis.tokens import SessionRevoked
from services.user import events, handles, password_rule, profile_rule
from services.user.errors import CredentialsWrong, HandleTaken
from services.user.model import Chore, User
from services.user.passwords import Passwords
from services.user.retired_handles import RetiredHandles
from services.user.sessions import Sessions, SignedIn
from services.user.store import Store, UserTransaction


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


@dataclass(frozen=True, slots=True)
class Proof:
    """That a password was right when it was compared with this hash."""

    user_id: int
    compared_with: str
    new_hash: str | None


class Accounts:
    """What happens to accounts.

    Hashing takes long, so it is done before the transaction: `prepare` and `prove` come first,
    and what they found is checked again inside.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: IdGenerator,
        passwords: Passwords,
        sessions: Sessions,
        retired: RetiredHandles,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._sessions = sessions
        self._retired = retired

    async def prepare(self, *, handle: str, password: str, display_name: str) -> NewAccount:
        """Checks what somebody wants to register. A handle that is taken is left for `register`
        to refuse, since this may be the repetition of the request that took it.

        Raises HandleInvalid, HandleReserved, PasswordTooWeak, PasswordPoolBusy, Invalid.
        """
        key = handles.check_new(handle)
        password_rule.check(password, handle=handle)
        name = profile_rule.display_name(display_name, field="display_name")
        taken = await self._store.ids_of_handles([key, self._retired.form_of(key)])
        password_hash = None if taken else await self._passwords.hash(password)
        return NewAccount(handle, key, name or handle, password_hash)

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
        signed_in = await self._sessions.open(transaction, user_id, device_name)
        await transaction.publish(events.user_registered(user))
        return user, signed_in

    async def prove(self, *, handle: str, password: str) -> Proof:
        """Compares handle and password. Raises CredentialsWrong, in the same time whichever of
        them is wrong; PasswordPoolBusy."""
        key = handles.key_of(handle)
        user_id = (await self._store.ids_of_handles([key])).get(key, 0)
        return await self._prove(user_id, password)

    async def prove_caller(self, caller: UserCaller, password: str) -> Proof:
        """Compares the caller's password. Raises CredentialsWrong, PasswordPoolBusy."""
        return await self._prove(caller.user_id, password)

    async def sign_in(
        self, transaction: UserTransaction, proof: Proof, device_name: str
    ) -> tuple[User, SignedIn]:
        """Signs a device in. Raises CredentialsWrong if the password was changed meanwhile."""
        user = await transaction.lock_user(proof.user_id)
        if user is None or await transaction.lock_password(user.id) != proof.compared_with:
            raise CredentialsWrong
        if proof.new_hash is not None:
            await transaction.set_password(user.id, proof.new_hash, self._clock.now())
        return user, await self._sessions.open(transaction, user.id, device_name)

    async def prepare_password(
        self, caller: UserCaller, *, old: str, new: str
    ) -> tuple[Proof, str]:
        """Compares the old password and hashes the new one.

        Raises CredentialsWrong, PasswordTooWeak, PasswordPoolBusy.
        """
        found = await self._store.users([caller.user_id])
        if not found:
            raise SessionRevoked
        password_rule.check(new, handle=found[0].handle)
        proof = await self._prove(caller.user_id, old)
        return proof, await self._passwords.hash(new)

    async def change_password(
        self, transaction: UserTransaction, caller: UserCaller, proof: Proof, new_hash: str
    ) -> None:
        """Sets the new password and ends the caller's other sessions.

        Raises CredentialsWrong if the password was changed meanwhile, SessionRevoked.
        """
        if await transaction.lock_password(caller.user_id) != proof.compared_with:
            raise CredentialsWrong
        await transaction.set_password(caller.user_id, new_hash, self._clock.now())
        await self._sessions.revoke_others(transaction, caller)

    async def delete(self, transaction: UserTransaction, proof: Proof) -> None:
        """Deletes the person: gone from every read at once. The edges, and what else names the
        person, are left to the worker.

        Raises SessionRevoked if that happened before, CredentialsWrong if the password was
        changed meanwhile.
        """
        user = await transaction.lock_user(proof.user_id)
        if user is None:
            raise SessionRevoked
        if await transaction.lock_password(user.id) != proof.compared_with:
            raise CredentialsWrong
        now = self._clock.now()
        await transaction.delete_user(user.id, now)
        await self._sessions.revoke_all(transaction, user.id)
        await transaction.add_chore(Chore.REMOVE_EDGES, user.id, now)
        await transaction.publish(events.user_deleted(replace(user, update_time=now)))

    async def _prove(self, user_id: int, password: str) -> Proof:
        kept = await self._store.password_of(user_id)
        verdict = await self._passwords.verify(password, kept)
        if kept is None or not verdict.right:
            raise CredentialsWrong
        return Proof(user_id, kept, verdict.new_hash)

"""Updates counts when an account becomes protected or open, in small steps that may be repeated.

Counts cover what everyone may see: public posts and engagement of open accounts.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from services.chassis.storage.transaction import in_transaction
from services.post.domain.model import (
    AccountState,
    AlignedBatch,
    Profile,
    Profiles,
    account_of,
)
from services.post.domain.store import PostTransaction, Store

# A step of this size holds its locks for some milliseconds.
CONTRIBUTIONS_A_STEP = 100

# One call to the User service and two queries for each batch: 3,000 users a minute.
_USERS_AT_ONCE = 500
REVIEW_SECONDS = 10.0

_Step = Callable[[PostTransaction, int], Awaitable[AlignedBatch]]


class Protections:
    """Counts the contributions of open accounts, and of no protected one."""

    def __init__(self, *, store: Store, profiles: Profiles[Profile]) -> None:
        self._store = store
        self._profiles = profiles
        self._reviewed = 0

    async def account_changed(self, user_id: int, account: AccountState) -> None:
        """Counts the contributions of the user, or stops counting them.

        Idempotent. A state older than the stored one changes nothing. If it is interrupted,
        `review` finds the user.
        """

        async def record(transaction: PostTransaction) -> None:
            await transaction.record_protection(user_id, account)

        async def finish(transaction: PostTransaction) -> None:
            await transaction.finish_protection(user_id, account)

        await in_transaction(self._store.transaction, record)
        await self._align_all(
            lambda transaction, after: transaction.align_engagements(
                user_id, after=after, limit=CONTRIBUTIONS_A_STEP
            )
        )
        await self._align_all(
            lambda transaction, after: transaction.align_posts(
                user_id, after=after, limit=CONTRIBUTIONS_A_STEP
            )
        )
        await in_transaction(self._store.transaction, finish)

    async def delete_account(self, user_id: int) -> None:
        """Deletes the stored state of an account whose contributions are deleted."""

        async def delete(transaction: PostTransaction) -> None:
            await transaction.delete_protection(user_id)

        await in_transaction(self._store.transaction, delete)

    async def review(self) -> int:
        """Corrects the counts of the next batch of users; returns for how many they may have been
        wrong.

        That happens for accounts that were protected before counts depended on it, and where an
        event was lost.
        """
        user_ids = await self._store.contributors(after=self._reviewed, limit=_USERS_AT_ONCE)
        found = await self._profiles.find(ids=user_ids) if user_ids else ()
        accounts = {each.id: account_of(each) for each in found}
        unreconciled = await self._store.unreconciled(accounts) if accounts else ()
        for user_id in unreconciled:
            await self.account_changed(user_id, accounts[user_id])
        self._reviewed = user_ids[-1] if len(user_ids) == _USERS_AT_ONCE else 0
        return len(unreconciled)

    async def _align_all(self, step: _Step) -> None:
        after = 0
        while True:
            aligned = await in_transaction(
                self._store.transaction, partial(_from, step=step, after=after)
            )
            if not aligned.last_id:
                return
            after = aligned.last_id


async def _from(transaction: PostTransaction, *, step: _Step, after: int) -> AlignedBatch:
    return await step(transaction, after)

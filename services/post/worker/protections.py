"""What follows for counts when an account becomes protected, or open again, in small steps that may
be repeated.

Counts are of what everybody may see: public posts, and responses, of open accounts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from services.chassis.runtime.errors import Conflict, DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.post.domain.model import (
    AccountState,
    AlignedBatch,
    Profile,
    Profiles,
    account_of,
)
from services.post.domain.store import PostTransaction, Store

# So few that a step holds its locks for some milliseconds.
CONTRIBUTIONS_A_STEP = 100

# One call to the User service and two queries each time: 3,000 people a minute.
_PEOPLE_AT_ONCE = 500
_REVIEW_SECONDS = 10.0

_Step = Callable[[PostTransaction, int], Awaitable[AlignedBatch]]


class Protections:
    """Keeps what people contributed to counts in step with whether their accounts are protected."""

    def __init__(self, *, store: Store, profiles: Profiles[Profile]) -> None:
        self._store = store
        self._profiles = profiles
        self._reviewed = 0

    async def account_changed(self, user_id: int, account: AccountState) -> None:
        """Counts what the person contributed, or counts it no longer.

        Idempotent; an account older than the one that is kept changes nothing. Where it is
        interrupted, `review` finds the person again.
        """

        async def record(transaction: PostTransaction) -> None:
            await transaction.record_protection(user_id, account)

        async def settle(transaction: PostTransaction) -> None:
            await transaction.finish_protection(user_id, account)

        await in_transaction(self._store.transaction, record)
        await self._walk(
            lambda transaction, after: transaction.align_engagements(
                user_id, after=after, limit=CONTRIBUTIONS_A_STEP
            )
        )
        await self._walk(
            lambda transaction, after: transaction.align_posts(
                user_id, after=after, limit=CONTRIBUTIONS_A_STEP
            )
        )
        await in_transaction(self._store.transaction, settle)

    async def forget_account(self, user_id: int) -> None:
        """Forgets the account of somebody whose contributions are gone."""

        async def forget(transaction: PostTransaction) -> None:
            await transaction.forget_protection(user_id)

        await in_transaction(self._store.transaction, forget)

    async def run(self) -> None:
        """Reviews everybody, some people at a time, then begins anew."""
        while True:
            try:
                await self.review()
            except (Unavailable, DeadlineExceeded, Conflict) as error:
                logger().warning("review_of_protections_postponed", error=repr(error))
            await asyncio.sleep(_REVIEW_SECONDS)

    async def review(self) -> int:
        """Looks at the next people who contributed; says of how many the counts may have been
        wrong.

        That is so for who was protected before counts went by it, and where an event was lost.
        """
        user_ids = await self._store.contributors(after=self._reviewed, limit=_PEOPLE_AT_ONCE)
        found = await self._profiles.find(ids=user_ids) if user_ids else ()
        accounts = {each.id: account_of(each) for each in found}
        unreconciled = await self._store.unreconciled(accounts) if accounts else ()
        for user_id in unreconciled:
            await self.account_changed(user_id, accounts[user_id])
        self._reviewed = user_ids[-1] if len(user_ids) == _PEOPLE_AT_ONCE else 0
        return len(unreconciled)

    async def _walk(self, step: _Step) -> None:
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

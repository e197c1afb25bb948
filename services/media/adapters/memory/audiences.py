"""Audiences and accounts in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.chassis.storage.memory import MemoryTransaction
from services.media.adapters.memory.tables import MediaTables, MemoryPart, StoredAudience
from services.media.domain.model import AccountState, PostAudience


def _accounts(tables: MediaTables, user_ids: Collection[int]) -> dict[int, AccountState]:
    return {each: tables.accounts[each] for each in user_ids if each in tables.accounts}


class MemoryAudienceTransaction(MemoryTransaction[MediaTables]):
    """See `stores.audiences.AudienceTransaction`."""

    async def save_audience(self, audience: PostAudience) -> PostAudience | None:
        stored = self.tables.audiences.get(audience.post_id)
        if stored is not None and stored.delete_time is not None:
            return None
        if stored is not None and stored.audience.revision > audience.revision:
            return stored.audience
        self.tables.audiences[audience.post_id] = StoredAudience(audience)
        return audience

    async def delete_audience(self, owner_id: int, post_id: int, now: datetime) -> None:
        gone = PostAudience(
            post_id=post_id, owner_id=owner_id, revision=0, public=False, deciders=()
        )
        self.tables.audiences[post_id] = StoredAudience(gone, now)

    async def save_account(self, user_id: int, account: AccountState) -> bool:
        stored = self.tables.accounts.get(user_id)
        if stored is not None:
            if stored.deleted or (not account.deleted and stored.update_time > account.update_time):
                return False
            if account.deleted:
                account = account._replace(protected=stored.protected)
        self.tables.accounts[user_id] = account
        return True

    async def lock_accounts(self, user_ids: Collection[int]) -> dict[int, AccountState]:
        return _accounts(self.tables, user_ids)


class MemoryAudiences(MemoryPart):
    """See `stores.audiences.AudienceStore`."""

    async def audience(self, owner_id: int, post_id: int) -> PostAudience | None:
        stored = self.database.tables.audiences.get(post_id)
        if stored is None or stored.delete_time is not None:
            return None
        return stored.audience if stored.audience.owner_id == owner_id else None

    async def accounts(self, user_ids: Collection[int]) -> dict[int, AccountState]:
        return _accounts(self.database.tables, user_ids)

    async def decided_posts(
        self, user_id: int, *, after: int, limit: int
    ) -> Sequence[tuple[int, int]]:
        return sorted(
            (post_id, stored.audience.owner_id)
            for post_id, stored in self.database.tables.audiences.items()
            if post_id > after and any(each.user_id == user_id for each in stored.audience.deciders)
        )[:limit]

    async def prune_audiences(self, before: datetime, limit: int) -> int:
        async with self.writing() as tables:
            audiences = tables.audiences
            old = sorted(
                (stored.delete_time, post_id)
                for post_id, stored in audiences.items()
                if stored.delete_time is not None and stored.delete_time < before
            )[:limit]
            for _, post_id in old:
                del audiences[post_id]
            return len(old)

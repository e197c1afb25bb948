"""Media and usage in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from services.chassis.storage.memory import MemoryTransaction
from services.media.adapters.memory.tables import MediaTables, MemoryPart
from services.media.domain.model import Medium, MediumState, Usage, Use


class MemoryMediumTransaction(MemoryTransaction[MediaTables]):
    """See `stores.media.MediumTransaction`."""

    async def lock_owner(self, owner_id: int) -> None:
        """Transactions run one after another."""

    async def lock_media(self, owner_id: int, medium_ids: Sequence[int]) -> dict[int, Medium]:
        found = (self.tables.media.get(each) for each in medium_ids)
        return {each.id: each for each in found if each is not None and each.owner_id == owner_id}

    async def lock_post_media(self, owner_id: int, post_id: int) -> list[Medium]:
        return self._attached(owner_id, Use.POST, post_id)

    async def lock_profile_media(self, owner_id: int, use: Use) -> list[Medium]:
        return self._attached(owner_id, use, 0)

    async def add_medium(self, medium: Medium) -> None:
        if medium.id in self.tables.media:
            raise ValueError(f"medium {medium.id} exists")
        self.tables.media[medium.id] = medium

    async def save_medium(self, medium: Medium) -> None:
        self.tables.media[medium.id] = medium

    async def delete_medium(self, medium: Medium) -> None:
        for rows in (self.tables.media, self.tables.jobs, self.tables.placements):
            rows.pop(medium.id, None)

    async def add_usage(self, owner_id: int, day: date, size_bytes: int) -> Usage:
        before = self.tables.usage.get((owner_id, day), Usage())
        after = Usage(before.bytes + size_bytes, before.uploads + 1)
        self.tables.usage[owner_id, day] = after
        return after

    def _attached(self, owner_id: int, use: Use, post_id: int) -> list[Medium]:
        found = [
            each
            for each in self.tables.media.values()
            if each.owner_id == owner_id
            and each.claim is not None
            and (each.claim.use, each.claim.post_id) == (use, post_id)
        ]
        return sorted(found, key=lambda each: each.id)


class MemoryMedia(MemoryPart):
    """See `stores.media.MediumStore`."""

    async def media(self, medium_ids: Sequence[int]) -> dict[int, Medium]:
        media = self.database.tables.media
        return {each: media[each] for each in medium_ids if each in media}

    async def media_of(self, owner_id: int, *, after: int, limit: int) -> list[Medium]:
        return self._page(lambda each: each.owner_id == owner_id and each.id > after, limit)

    async def attached_media_of(self, owner_id: int, *, after: int, limit: int) -> list[Medium]:
        return self._page(
            lambda each: each.owner_id == owner_id and each.claim is not None and each.id > after,
            limit,
        )

    async def provisional_media(self, before: datetime, limit: int) -> list[Medium]:
        found = [
            (each.claim.claim_time, each.id, each)
            for each in self.database.tables.media.values()
            if each.claim is not None
            and not each.claim.confirmed
            and each.claim.claim_time < before
        ]
        return [each for _, _, each in sorted(found)[:limit]]

    async def expired_media(self, now: datetime, limit: int) -> list[Medium]:
        found = [
            (each.expire_time, each.id, each)
            for each in self.database.tables.media.values()
            if each.claim is None and each.expire_time is not None and each.expire_time <= now
        ]
        return [each for _, _, each in sorted(found)[:limit]]

    async def report_progress(self, medium_id: int, progress: int) -> None:
        async with self.writing() as tables:
            media = tables.media
            medium = media.get(medium_id)
            if medium is not None and medium.state is MediumState.PROCESSING:
                media[medium_id] = replace(medium, progress=progress)

    async def usage(self, owner_id: int, day: date) -> Usage:
        return self.database.tables.usage.get((owner_id, day), Usage())

    async def stored_bytes(self, owner_id: int) -> int:
        media = self.database.tables.media.values()
        return sum(each.stored_bytes for each in media if each.owner_id == owner_id)

    async def prune_usage(self, before: date) -> int:
        async with self.writing() as tables:
            usage = tables.usage
            old = [key for key in usage if key[1] < before]
            for key in old:
                del usage[key]
            return len(old)

    def _page(self, wanted: Callable[[Medium], bool], limit: int) -> list[Medium]:
        found = [each for each in self.database.tables.media.values() if wanted(each)]
        return sorted(found, key=lambda each: each.id)[:limit]

"""Attaches media to posts and profiles as their events say, and decides who may read them.

Every method is idempotent and tolerates events out of order.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.media.domain import claims
from services.media.domain.deletion import delete
from services.media.domain.model import AccountState, Claim, Medium, PostAudience, Use
from services.media.domain.ports import Accounts
from services.media.domain.store import MediaTransaction, Store

# Media and posts that one transaction, or one read, handles.
AT_ONCE = 100
# Blocks within this time move the blocker's media once. The addresses that a blocked user holds
# would end by themselves after 15 to 30 minutes.
BLOCK_DELAY = timedelta(seconds=30)
# The key of claims that an event makes after the review released them; no write has it.
EVENT_CLAIM_KEY = ""


class ProfileMedia(NamedTuple):
    """What a profile shows: 0 for none."""

    avatar_id: int
    banner_id: int

    def of(self, use: Use) -> int:
        """The medium of this use."""
        return self.avatar_id if use is Use.AVATAR else self.banner_id


class Audiences:
    """Applies what happened to posts and accounts to the media that they show."""

    def __init__(self, *, store: Store, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    async def learn_accounts(self, user_ids: Collection[int]) -> None:
        """Stores the states of accounts that no event reported: those that existed before this
        service did, and are quiet since."""
        known = await self._store.accounts(user_ids)
        unknown = sorted(set(user_ids) - known.keys())
        if not unknown:
            return
        found = await self._accounts.states(unknown)
        deleted = AccountState(protected=False, update_time=self._clock.now(), deleted=True)
        for user_id in unknown:
            account = found.get(user_id, deleted)

            async def save(
                transaction: MediaTransaction,
                user_id: int = user_id,
                account: AccountState = account,
            ) -> None:
                await transaction.save_account(user_id, account)

            await in_transaction(self._store.transaction, save)

    async def post_written(self, audience: PostAudience, medium_ids: Collection[int]) -> None:
        """Confirms the claims of the post's media and sets who may read all that are attached.

        Media that an edit removed stay attached, since revisions show them. If the post is deleted
        already, its media are deleted.
        """

        async def write(transaction: MediaTransaction) -> None:
            named = await transaction.lock_media(audience.owner_id, sorted(medium_ids))
            attached = await transaction.lock_post_media(audience.owner_id, audience.post_id)
            media = named | {each.id: each for each in attached}
            stored = await transaction.save_audience(audience)
            if stored is None:
                await self._delete(transaction, attached)
                return
            accounts = await transaction.lock_accounts([each.user_id for each in stored.deciders])
            is_open = stored.is_open(accounts)
            for medium in sorted(media.values(), key=lambda each: each.id):
                await self._apply(
                    transaction,
                    medium,
                    Claim(Use.POST, audience.post_id, EVENT_CLAIM_KEY, self._clock.now()),
                    confirm=medium.id in named,
                    is_open=is_open,
                )

        await in_transaction(self._store.transaction, write)

    async def post_deleted(self, owner_id: int, post_id: int) -> None:
        """Deletes everything that is attached to the post, also by claims that are provisional."""

        async def remove(transaction: MediaTransaction) -> None:
            await transaction.lock_owner(owner_id)
            await transaction.delete_audience(owner_id, post_id, self._clock.now())
            await self._delete(transaction, await transaction.lock_post_media(owner_id, post_id))

        await in_transaction(self._store.transaction, remove)

    async def profile_written(
        self, user_id: int, account: AccountState, shown: ProfileMedia
    ) -> bool:
        """Stores the account's state, confirms its profile media, and deletes those that it
        replaced. False if a newer state is stored: then nothing changes."""

        async def write(transaction: MediaTransaction) -> bool:
            await transaction.lock_owner(user_id)
            if not await transaction.save_account(user_id, account):
                return False
            for use in (Use.AVATAR, Use.BANNER):
                await self._set_profile_medium(
                    transaction, user_id, use, shown.of(use), account.update_time
                )
            return True

        return await in_transaction(self._store.transaction, write)

    async def protection_changed(self, user_id: int) -> None:
        """Sets who may read the media of all posts whose audience the account decides."""
        after = 0
        while posts := await self._store.decided_posts(user_id, after=after, limit=AT_ONCE):
            for post_id, owner_id in posts:
                audience = await self._store.audience(owner_id, post_id)
                if audience is not None:
                    await self.post_written(audience, ())
            after = posts[-1][0]

    async def account_deleted(self, user_id: int, delete_time: datetime) -> None:
        """Deletes all media of the account and the stored responses to its requests. What it
        decided for others follows."""

        async def record(transaction: MediaTransaction) -> None:
            await transaction.lock_owner(user_id)
            account = AccountState(protected=False, update_time=delete_time, deleted=True)
            await transaction.save_account(user_id, account)
            await transaction.forget_requests([str(user_id)])

        await in_transaction(self._store.transaction, record)
        while media := await self._store.media_of(user_id, after=0, limit=AT_ONCE):
            await self._delete_all(user_id, media)
        await self.protection_changed(user_id)

    async def post_narrowed(self, owner_id: int, post_id: int) -> None:
        """Has the post's closed media moved, so that the addresses end that users hold who may not
        read the post any more."""
        await self._renew_post(owner_id, post_id, delay=timedelta(0))

    async def blocked(self, blocker_id: int) -> None:
        """Has the closed media moved that the blocker attached, and those of other posts whose
        audience the blocker decides, so that the addresses that the blocked user holds end."""
        after = 0
        while media := await self._store.attached_media_of(blocker_id, after=after, limit=AT_ONCE):
            closed = [each.id for each in media if each.folder and not each.open]
            if closed:
                await self._renew(blocker_id, closed)
            after = media[-1].id
        after = 0
        while posts := await self._store.decided_posts(blocker_id, after=after, limit=AT_ONCE):
            for post_id, owner_id in posts:
                if owner_id != blocker_id:
                    await self._renew_post(owner_id, post_id, delay=BLOCK_DELAY)
            after = posts[-1][0]

    async def _renew(self, owner_id: int, medium_ids: Sequence[int]) -> None:
        async def request(transaction: MediaTransaction) -> None:
            # Some may have been deleted since.
            media = await transaction.lock_media(owner_id, medium_ids)
            await transaction.request_placement(
                owner_id, sorted(media), now=self._clock.now(), delay=BLOCK_DELAY, renew=True
            )

        await in_transaction(self._store.transaction, request)

    async def _renew_post(self, owner_id: int, post_id: int, *, delay: timedelta) -> None:
        async def request(transaction: MediaTransaction) -> None:
            media = await transaction.lock_post_media(owner_id, post_id)
            closed = [each.id for each in media if each.folder and not each.open]
            if closed:
                await transaction.request_placement(
                    owner_id, closed, now=self._clock.now(), delay=delay, renew=True
                )

        await in_transaction(self._store.transaction, request)

    async def _set_profile_medium(
        self,
        transaction: MediaTransaction,
        user_id: int,
        use: Use,
        medium_id: int,
        update_time: datetime,
    ) -> None:
        attached = await transaction.lock_profile_media(user_id, use)
        # A claim of another medium that is provisional, or later than this write, belongs to a
        # later write.
        replaced = [
            each
            for each in attached
            if each.id != medium_id
            and each.claim is not None
            and each.claim.confirmed
            and each.claim.claim_time <= update_time
        ]
        await self._delete(transaction, replaced)
        media = await transaction.lock_media(user_id, [medium_id]) if medium_id else {}
        wanted = Claim(use, 0, EVENT_CLAIM_KEY, update_time)
        for medium in media.values():
            await self._apply(transaction, medium, wanted, confirm=True, is_open=True)

    async def _apply(
        self,
        transaction: MediaTransaction,
        medium: Medium,
        wanted: Claim,
        *,
        confirm: bool,
        is_open: bool,
    ) -> None:
        """Confirms the claim if the event names the medium, also of a medium whose claim was
        released before, and sets who may read it. A provisional claim that the event does not name
        is of an edit whose event follows."""
        elsewhere = medium.claim is not None and not _same_use(medium.claim, wanted)
        if elsewhere and _is_confirmed(medium):
            logger().error("medium_attached_twice", medium_id=medium.id, post_id=wanted.post_id)
            return
        if confirm and medium.folder:
            medium = await claims.confirm(transaction, medium, wanted)
        if not _is_confirmed(medium):
            return
        if medium.open is not is_open:
            medium = replace(medium, open=is_open)
            await transaction.save_medium(medium)
        if medium.misplaced:
            await transaction.request_placement(medium.owner_id, [medium.id], now=self._clock.now())

    async def _delete_all(self, owner_id: int, media: Sequence[Medium]) -> None:
        async def remove(transaction: MediaTransaction) -> None:
            found = await transaction.lock_media(owner_id, [each.id for each in media])
            await self._delete(transaction, list(found.values()))

        await in_transaction(self._store.transaction, remove)

    async def _delete(self, transaction: MediaTransaction, media: Sequence[Medium]) -> None:
        for each in media:
            await delete(transaction, each, self._clock.now())


def _same_use(one: Claim, other: Claim) -> bool:
    return (one.use, one.post_id) == (other.use, other.post_id)


def _is_confirmed(medium: Medium) -> bool:
    return medium.claim is not None and medium.claim.confirmed

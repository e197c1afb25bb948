"""Reviews claims whose event did not arrive: was the post or profile written?

It is a backstop for a writer that died between its claim and its write, and for a broker that is
away. A claim that is released by mistake is made again by the event (`Audiences.post_written`).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from prometheus_client import Counter

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.media.domain import claims
from services.media.domain.model import Claim, Medium, Use
from services.media.domain.ports import Accounts, PostMedia
from services.media.domain.store import MediaTransaction, Store

INTERVAL_SECONDS = 5.0
# Longer than a write of another service and the delivery of its event take.
PROVISIONAL = timedelta(seconds=20)
_AT_ONCE = 200

_reviewed = Counter(
    "roost_media_claims_reviewed_total", "Claims whose event did not arrive in time", ["outcome"]
)


class ClaimReview:
    """Confirms or releases provisional claims. Any number of processes may."""

    def __init__(self, *, store: Store, posts: PostMedia, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._posts = posts
        self._accounts = accounts
        self._clock = clock

    async def review(self) -> int:
        """Reviews the oldest claims that are due; returns how many were."""
        found = await self._store.provisional_media(self._clock.now() - PROVISIONAL, _AT_ONCE)
        claimed = [(medium, medium.claim) for medium in found if medium.claim is not None]
        shown = await self._shown(claimed)
        by_owner: defaultdict[int, list[Medium]] = defaultdict(list)
        for medium, _ in claimed:
            by_owner[medium.owner_id].append(medium)
        for owner_id, media in by_owner.items():
            await self._settle(owner_id, media, shown)
        return len(claimed)

    async def _shown(self, claimed: Sequence[tuple[Medium, Claim]]) -> set[tuple[int, Use, int]]:
        """What exists of medium, use and post."""
        post_ids = {claim.post_id for _, claim in claimed if claim.use is Use.POST}
        user_ids = {medium.owner_id for medium, claim in claimed if claim.use is not Use.POST}
        posts = await self._posts.media_of(post_ids) if post_ids else {}
        profiles = await self._accounts.media_of(user_ids) if user_ids else {}
        shown = {
            (medium_id, Use.POST, post_id) for post_id, ids in posts.items() for medium_id in ids
        }
        for media in profiles.values():
            shown |= {(medium_id, use, 0) for use, medium_id in media.items()}
        return shown

    async def _settle(
        self, owner_id: int, media: Sequence[Medium], shown: set[tuple[int, Use, int]]
    ) -> None:
        async def settle(transaction: MediaTransaction) -> None:
            current = await transaction.lock_media(owner_id, [each.id for each in media])
            for each in media:
                medium = current.get(each.id)
                # Anything else happened since: the claim was confirmed, replaced or released.
                if medium is None or medium.claim is None or medium.claim != each.claim:
                    continue
                claim = medium.claim
                if (medium.id, claim.use, claim.post_id) in shown:
                    # Who may read the medium is set by the event.
                    await claims.confirm(transaction, medium, claim)
                    outcome = "confirmed"
                else:
                    await claims.release(transaction, medium, self._clock.now())
                    outcome = "released"
                _reviewed.labels(outcome).inc()

        await in_transaction(self._store.transaction, settle)

"""Applies what happened to posts, accounts and follows to the usage of hashtags."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import first_id_at
from services.search.domain.hashtags.model import (
    USAGE_WINDOW,
    AccountChanged,
    Change,
    FollowChanged,
    PostGone,
    TagsOfPost,
)
from services.search.domain.hashtags.store import HashtagTransaction

# How many young accounts one older account makes trusted. One old account and all that it vouches
# for are fewer than a trend needs, so nobody trends a hashtag with a single old account.
MAX_VOUCHED = 3


class HashtagUsage:
    """Changes usage in the caller's transaction.

    Only posts that everyone may see count. The result depends on the newest state of each post
    and account, not on the order of changes, and a repeated change has no effect. Posts older than
    USAGE_WINDOW are ignored.
    """

    def __init__(self, *, clock: Clock, trust_age: timedelta) -> None:
        self._clock = clock
        self._trust_age = trust_age

    async def apply(self, transaction: HashtagTransaction, changes: Sequence[Change]) -> None:
        """Applies changes in order. Locks the usage of hashtags until the transaction ends: call it
        last."""
        oldest = first_id_at(self._clock.now() - USAGE_WINDOW)
        posts = _newest_posts(
            each for each in changes if isinstance(each, TagsOfPost) and each.post_id >= oldest
        )
        gone = {
            each.post_id
            for each in changes
            if isinstance(each, PostGone) and each.post_id >= oldest
        }
        accounts = _newest_accounts(each for each in changes if isinstance(each, AccountChanged))
        follows = [each for each in changes if isinstance(each, FollowChanged)]
        if not (posts or gone or accounts or follows):
            return
        await transaction.lock_hashtags()
        for follow in follows:
            await self._apply_follow(transaction, follow)
        flipped = await transaction.save_hashtag_accounts(accounts) if accounts else set()
        touched = await transaction.save_tags(posts) if posts else set()
        if gone:
            await transaction.delete_tags(gone)
            touched |= gone
        if flipped:
            touched |= await transaction.posts_decided_by(flipped)
        if touched:
            await transaction.recount(touched)

    async def _apply_follow(self, transaction: HashtagTransaction, follow: FollowChanged) -> None:
        """A follow by an account of the trust age vouches for a younger one. An account that
        reaches the age later vouches by its later follows."""
        if not follow.following:
            await transaction.remove_vouch(follow.follower_id, follow.followee_id)
            return
        trusted_below = first_id_at(self._clock.now() - self._trust_age)
        if follow.follower_id < trusted_below <= follow.followee_id:
            await transaction.add_vouch(follow.follower_id, follow.followee_id, most=MAX_VOUCHED)


def _newest_posts(changes: Iterable[TagsOfPost]) -> list[TagsOfPost]:
    """The change of the highest revision of each post; of equal ones the last."""
    newest: dict[int, TagsOfPost] = {}
    for each in changes:
        stored = newest.get(each.post_id)
        if stored is None or stored.revision <= each.revision:
            newest[each.post_id] = each
    return list(newest.values())


def _newest_accounts(changes: Iterable[AccountChanged]) -> list[AccountChanged]:
    """The newest change of each account; a deletion counts as the newest."""
    newest: dict[int, AccountChanged] = {}
    for each in changes:
        stored = newest.get(each.user_id)
        if stored is None or _order(stored) <= _order(each):
            newest[each.user_id] = each
    return list(newest.values())


def _order(account: AccountChanged) -> tuple[bool, datetime]:
    return account.deleted, account.update_time

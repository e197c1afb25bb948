"""Applies what happened to posts, accounts and follows to the usage of hashtags."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import first_id_at
from services.chassis.storage.transaction import Transaction
from services.search.domain.hashtags.model import (
    USAGE_WINDOW,
    AccountChanged,
    Change,
    FollowChanged,
    PostGone,
    TaggedPost,
    TagsOfPost,
    Use,
)
from services.search.domain.hashtags.store import HashtagStore, HashtagTransaction

# How many young accounts one older account makes trusted. One old account and all that it vouches
# for are fewer than a trend needs, so nobody trends a hashtag with a single old account.
MAX_VOUCHED = 3

# Languages that say nothing about the text.
_UNKNOWN = frozenset({"", "und"})
# Posts that one transaction recounts: a few hundred milliseconds.
RECOUNTED_AT_ONCE = 2_000


class HashtagUsage:
    """Changes usage within the caller's transaction.

    Only posts that everyone may see count. The result depends on the newest state of each post
    and account, not on the order of changes, and a repeated change has no effect. Posts older than
    USAGE_WINDOW are ignored.
    """

    def __init__(self, *, store: HashtagStore, clock: Clock, trust_age: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._trust_age = trust_age

    async def apply(self, transaction: Transaction, changes: Sequence[Change]) -> None:
        """Applies changes. Locks the usage of hashtags until the transaction ends: call it last.

        Of posts that a change of an account closes or opens, the newest RECOUNTED_AT_ONCE are
        recounted, and `recount_waiting` has the others.
        """
        oldest = first_id_at(self._clock.now() - USAGE_WINDOW)
        posts = [_stored(each) for each in changes if isinstance(each, TagsOfPost | PostGone)]
        posts = [each for each in posts if each.post_id >= oldest]
        accounts = [each for each in changes if isinstance(each, AccountChanged)]
        follows = [each for each in changes if isinstance(each, FollowChanged)]
        if not (posts or accounts or follows):
            return
        within = self._store.within(transaction)
        await within.lock_hashtags()
        for follow in follows:
            await self._apply_follow(within, follow)
        touched = await _save_accounts(within, accounts)
        touched |= await _save_posts(within, posts)
        post_ids = sorted(touched, reverse=True)
        await _recount(within, post_ids[:RECOUNTED_AT_ONCE])
        if len(post_ids) > RECOUNTED_AT_ONCE:
            await within.add_recounts(post_ids[RECOUNTED_AT_ONCE:])

    async def recount_waiting(self, transaction: Transaction) -> int:
        """Recounts posts that `apply` left; returns how many, RECOUNTED_AT_ONCE if more may be
        left."""
        within = self._store.within(transaction)
        await within.lock_hashtags()
        post_ids = await within.take_recounts(RECOUNTED_AT_ONCE)
        await _recount(within, post_ids)
        return len(post_ids)

    async def _apply_follow(self, transaction: HashtagTransaction, follow: FollowChanged) -> None:
        """A follow by an account of the trust age vouches for a younger one. An account that
        reaches the age later vouches by its later follows."""
        follower_id, followee_id, following = follow
        if not following:
            await transaction.remove_vouches(follower_id=follower_id, followee_id=followee_id)
            return
        young_from = first_id_at(self._clock.now() - self._trust_age)
        if follower_id < young_from <= followee_id:
            await transaction.add_vouch(
                follower_id, followee_id, young_from=young_from, most=MAX_VOUCHED
            )


async def _save_accounts(
    transaction: HashtagTransaction, accounts: Sequence[AccountChanged]
) -> set[int]:
    """Stores what is newer than the stored state; returns the posts that the changes decide."""
    if not accounts:
        return set()
    before = await transaction.hashtag_accounts({each.user_id for each in accounts})
    now = dict(before)
    for each in accounts:
        stored = now.get(each.user_id)
        if stored is None or _supersedes(each, stored):
            now[each.user_id] = each
    changed = [each for user_id, each in now.items() if each != before.get(user_id)]
    if not changed:
        return set()
    await transaction.save_hashtag_accounts(changed)
    for each in changed:
        if each.deleted:
            await transaction.remove_vouches(follower_id=each.user_id)
    flipped = {each.user_id for each in changed if _state(each) != _state(before.get(each.user_id))}
    post_ids = await transaction.tagged_posts_decided_by(flipped) if flipped else set()
    deleted = {each.user_id for each in changed if each.deleted}
    if deleted and post_ids:
        stored_posts = await transaction.tagged_posts(post_ids)
        await transaction.save_tagged_posts(
            [_emptied(each) for each in stored_posts.values() if each.author_id in deleted]
        )
    return post_ids


async def _save_posts(transaction: HashtagTransaction, posts: Sequence[TaggedPost]) -> set[int]:
    """Stores what is not older than the stored state; returns the posts that were stored."""
    if not posts:
        return set()
    before = await transaction.tagged_posts({each.post_id for each in posts})
    accounts = await transaction.hashtag_accounts({each.author_id for each in posts})
    now = dict(before)
    for each in posts:
        stored = now.get(each.post_id)
        if stored is None:
            # The first revision of a post without tags: nothing older can follow.
            if not each.tags and not each.deleted and each.revision <= 1:
                continue
        elif stored.deleted or not (each.deleted or each.revision >= stored.revision):
            continue
        author = accounts.get(each.author_id)
        now[each.post_id] = _emptied(each) if author is not None and author.deleted else each
    changed = [each for post_id, each in now.items() if each != before.get(post_id)]
    if changed:
        await transaction.save_tagged_posts(changed)
    return {each.post_id for each in changed}


async def _recount(transaction: HashtagTransaction, post_ids: Collection[int]) -> None:
    """Makes the uses of these posts what they must be now."""
    if not post_ids:
        return
    posts = (await transaction.tagged_posts(post_ids)).values()
    deciders = {user_id for each in posts for user_id in each.deciders}
    accounts = await transaction.hashtag_accounts(deciders)
    wanted = {use for each in posts if each.is_counted(accounts) for use in _uses(each)}
    counted = await transaction.uses_of(post_ids)
    if wanted != counted:
        await transaction.change_uses(removed=counted - wanted, added=wanted - counted)


def _uses(post: TaggedPost) -> Iterable[Use]:
    language = "" if post.language in _UNKNOWN else post.language
    return (Use(tag, post.author_id, post.post_id, language) for tag in post.tags)


def _stored(change: TagsOfPost | PostGone) -> TaggedPost:
    if isinstance(change, PostGone):
        return TaggedPost(change.post_id, author_id=0, revision=0, deleted=True)
    return TaggedPost(
        post_id=change.post_id,
        author_id=change.author_id,
        revision=change.revision,
        tags=change.tags,
        language=change.language,
        public=change.public,
        limit_authors=change.limit_authors,
    )


def _emptied(post: TaggedPost) -> TaggedPost:
    """The post without its content."""
    return post._replace(tags=(), language="")


def _supersedes(change: AccountChanged, stored: AccountChanged) -> bool:
    if stored.deleted or change.deleted:
        return not stored.deleted
    return change.update_time >= stored.update_time


def _state(account: AccountChanged | None) -> tuple[bool, bool] | None:
    return account and (account.protected, account.deleted)

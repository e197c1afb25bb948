"""What events change, and what is written of it in one transaction."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

from prometheus_client import Counter

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import Transaction
from services.search.domain.documents import document, profile, tags_of, version_of
from services.search.domain.hashtags import model as hashtags
from services.search.domain.hashtags.usage import HashtagUsage
from services.search.domain.posts import model as posts
from services.search.domain.posts.index import PostIndex
from services.search.domain.refreshes import PostReread, RefreshStore, Subject
from services.search.domain.sources import SourcePost, SourceUser
from services.search.domain.users import model as users
from services.search.domain.users.index import UserIndex

# How long the analysis of posts may hold up other tasks.
_SLICE_SECONDS = 0.01

indexed = Counter("roost_search_documents_total", "Posts that were indexed, by why", ["source"])


class DeletedUser(NamedTuple):
    """An account that was deleted."""

    user_id: int
    delete_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What one event or several change. Each part has the order of the events."""

    posts: tuple[SourcePost, ...] = ()
    deleted_posts: tuple[int, ...] = ()
    users: tuple[SourceUser, ...] = ()
    deleted_users: tuple[DeletedUser, ...] = ()
    follows: tuple[hashtags.FollowChanged, ...] = ()
    rereads: tuple[PostReread, ...] = ()
    # Whose counts changed. A mark may be set again without harm.
    counted_posts: tuple[int, ...] = ()
    counted_users: tuple[int, ...] = ()
    # Whose relations to other users changed.
    viewers: tuple[int, ...] = ()

    @property
    def only_marks(self) -> bool:
        """Whether nothing changes but that counts are read again."""
        return not any(
            getattr(self, each.name)
            for each in fields(self)
            if each.name not in {"counted_posts", "counted_users"}
        )


def joined(several: Iterable[Effects]) -> Effects:
    """The effects of several events, in their order."""
    listed = list(several)
    return Effects(
        **{
            each.name: tuple(part for effects in listed for part in getattr(effects, each.name))
            for each in fields(Effects)
        }
    )


class Indexes:
    """Writes effects to the indexes of posts, users and hashtags in the caller's transaction."""

    def __init__(
        self,
        *,
        posts: PostIndex,
        users: UserIndex,
        hashtags: HashtagUsage,
        refreshes: RefreshStore,
        clock: Clock,
    ) -> None:
        self._posts = posts
        self._users = users
        self._hashtags = hashtags
        self._refreshes = refreshes
        self._clock = clock

    async def write(
        self, transaction: Transaction, effects: Effects, documents: Sequence[posts.IndexedPost]
    ) -> None:
        """Writes the effects; `documents` are those of `effects.posts`.

        Locks have one order: posts, users, marks, and last the usage of hashtags, which all
        transactions share.
        """
        post_changes = _post_changes(effects, documents)
        if post_changes:
            await self._posts.apply(transaction, post_changes)
        user_changes = _user_changes(effects)
        if user_changes:
            await self._users.apply(transaction, user_changes)
        await self._mark(transaction, effects)
        hashtag_changes = _hashtag_changes(effects, documents)
        if hashtag_changes:
            await self._hashtags.apply(transaction, hashtag_changes)

    async def _mark(self, transaction: Transaction, effects: Effects) -> None:
        now = self._clock.now()
        for subject, ids in (
            (Subject.POST, set(effects.counted_posts)),
            (Subject.USER, set(effects.counted_users)),
        ):
            if ids:
                await self._refreshes.mark_counts(transaction, subject, ids, now)
        if effects.rereads:
            await self._refreshes.request_rereads(transaction, effects.rereads, now)
        with_media = {each.facts.post_id for each in effects.posts if each.medium_versions}
        if with_media:
            await self._refreshes.repeat_rereads(transaction, with_media, now)


async def documents_of(sources: Iterable[SourcePost], clock: Clock) -> list[posts.IndexedPost]:
    """The documents of posts. Other tasks run in between: a long text takes milliseconds."""
    documents = []
    began = clock.monotonic()
    for each in sources:
        documents.append(document(each))
        if clock.monotonic() - began > _SLICE_SECONDS:
            await asyncio.sleep(0)
            began = clock.monotonic()
    return documents


def _post_changes(
    effects: Effects, documents: Sequence[posts.IndexedPost]
) -> list[posts.PostChange]:
    changes: list[posts.PostChange] = [
        posts.SetAccount(each.user_id, version_of(each), protected=each.protected)
        for each in effects.users
    ]
    changes += [posts.SetAccount(each.user_id, deleted=True) for each in effects.deleted_users]
    changes += map(posts.Upsert, documents)
    changes += map(posts.Delete, effects.deleted_posts)
    return changes


def _user_changes(effects: Effects) -> list[users.UserChange]:
    changes: list[users.UserChange] = [users.Upsert(profile(each)) for each in effects.users]
    changes += [users.Delete(each.user_id) for each in effects.deleted_users]
    return changes


def _hashtag_changes(
    effects: Effects, documents: Sequence[posts.IndexedPost]
) -> list[hashtags.Change]:
    changes: list[hashtags.Change] = [
        hashtags.AccountChanged(each.user_id, each.protected, False, each.update_time)
        for each in effects.users
    ]
    changes += [
        hashtags.AccountChanged(each.user_id, False, True, each.delete_time)
        for each in effects.deleted_users
    ]
    changes += effects.follows
    changes += [tags_of(each) for each in documents]
    changes += map(hashtags.PostGone, effects.deleted_posts)
    return changes

"""Writing, editing and deleting one's own posts."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, NamedTuple, Protocol, TypeVar

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of, time_of
from services.chassis.storage.idempotency import RequestKey
from services.post.domain import text as texts
from services.post.domain.domain_events import (
    Change,
    PostCreated,
    PostDeleted,
    PostUpdated,
)
from services.post.domain.errors import (
    AccountGone,
    EtagMismatch,
    MediaNotReady,
    NotAuthor,
    PostNotFound,
    QuoteNotAllowed,
)
from services.post.domain.model import (
    Entity,
    Post,
    Profile,
    Profiles,
    Visibility,
    account_of,
)
from services.post.domain.store import NewPost, PostTransaction, Store
from services.post.domain.visibility import (
    audience_of,
    can_see,
    can_see_profile,
    is_open,
    limits_below,
)


class Ids(Protocol):
    """Makes ids that sort by time."""

    async def make(self, bucket: int) -> int:
        """A new id in the bucket."""
        ...


P = TypeVar("P", bound=Profile)
P_co = TypeVar("P_co", bound=Profile, covariant=True)
Describe = Callable[[Change], OutboxMessage]


class ProfileSource(Protocol[P_co]):
    """Tells of people without asking the User service, mostly; see `profile_cache.ProfileCache`."""

    async def find(self, ids: Collection[int], viewer_id: int) -> Mapping[int, P_co]:
        """Those who exist, with the relationship of the viewer to each."""
        ...


class Draft(NamedTuple):
    """What an author asks for. Ids are 0 for none."""

    text: str
    visibility: Visibility
    reply_to_post_id: int = 0
    quoted_post_id: int = 0
    media_ids: Sequence[int] = ()


class Edit(NamedTuple, Generic[P]):
    """An edit that its author may make; who is mentioned is settled."""

    post_id: int
    author_id: int
    text: str
    entities: tuple[Entity, ...]
    profiles: Sequence[P]


class PostOperations(Generic[P]):
    """What authors do. Everything that the User service must tell is asked in one call."""

    def __init__(
        self,
        *,
        store: Store,
        profiles: Profiles[P],
        cached_profiles: ProfileSource[P],
        ids: Ids,
        clock: Clock,
        describe: Describe,
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._cached_profiles = cached_profiles
        self._ids = ids
        self._clock = clock
        self._describe = describe

    async def create(
        self,
        author_id: int,
        draft: Draft,
        *,
        key: RequestKey | None,
        respond: Callable[[Post, Sequence[P]], Awaitable[bytes]],
    ) -> bytes:
        """Writes a post and gives the response: what `respond` makes of the post, or what it made
        when the request first came.

        A reply is seen by nobody who may not see the posts that it answers: asked for wider, it
        gets the visibility of the one above, and it keeps the audiences of all. Raises TextEmpty,
        TextTooLong, TextInvalid, PostNotFound, QuoteNotAllowed, ReplyNotAllowed, MediaNotReady,
        AccountGone.
        """
        text = texts.cleaned(draft.text)
        found = texts.found_in(text)
        if draft.media_ids:
            # A medium is ready once the Media service says so, and there is none yet.
            raise MediaNotReady(metadata={"media_id": str(draft.media_ids[0])})
        parent, quoted = await self._targets(draft)
        profiles = await self._load_profiles(author_id, (parent, quoted), texts.handles_of(found))
        by_id = {each.id: each for each in profiles}
        if author_id not in by_id:
            raise AccountGone
        for target in (parent, quoted):
            if target and not can_see(audience_of(target), by_id, author_id):
                raise PostNotFound
        if quoted and not is_open(quoted, by_id):
            raise QuoteNotAllowed

        id_ = await self._ids.make(bucket_of(author_id))
        post = Post(
            id=id_,
            author_id=author_id,
            text=text,
            entities=texts.resolved(found, _mentionable(profiles, author_id)),
            visibility=max(draft.visibility, parent.visibility) if parent else draft.visibility,
            reply_to_post_id=parent.id if parent else 0,
            reply_to_author_id=parent.author_id if parent else 0,
            conversation_id=parent.conversation_id if parent else id_,
            quoted_post_id=quoted.id if quoted else 0,
            create_time=time_of(id_),
            limits=limits_below(parent, by_id, author_id) if parent else (),
        )
        response = await respond(post, profiles)
        created = PostCreated(post, quoted.author_id if quoted else 0)
        first = await self._store.create(
            NewPost(post, account_of(by_id[author_id]), self._describe(created), key, response)
        )
        return response if first is None else first

    async def prepare_edit(self, author_id: int, post_id: int, text: str) -> Edit[P]:
        """Checks what can be checked before the transaction.

        Raises PostNotFound, NotAuthor, AccountGone, TextEmpty, TextTooLong, TextInvalid.
        """
        clean = texts.cleaned(text)
        found = texts.found_in(clean)
        post = (await self._store.posts([post_id])).get(post_id)
        if post is None:
            raise PostNotFound
        audience = audience_of(post)
        profiles = await self._profiles.find(
            ids=sorted({author_id, *audience.deciders}),
            handles=texts.handles_of(found),
            viewer_id=author_id,
        )
        by_id = {each.id: each for each in profiles}
        if author_id not in by_id:
            raise AccountGone
        if not can_see(audience, by_id, author_id):
            raise PostNotFound
        if post.author_id != author_id:
            raise NotAuthor
        entities = texts.resolved(found, _mentionable(profiles, author_id))
        return Edit(post_id, author_id, clean, entities, profiles)

    async def edit(self, transaction: PostTransaction, edit: Edit[P], etag: str) -> Post:
        """Makes the edit and gives the post after it; the same text changes nothing.

        Raises PostNotFound, EtagMismatch.
        """
        await transaction.lock_users([edit.author_id])
        before = await transaction.lock_post(edit.post_id)
        if before is None or before.deleted:
            raise PostNotFound
        if etag and etag != before.etag:
            raise EtagMismatch(metadata={"etag": before.etag})
        if (before.text, before.entities) == (edit.text, edit.entities):
            return before
        after = replace(
            before,
            text=edit.text,
            entities=edit.entities,
            edit_time=self._clock.now(),
            revision=before.revision + 1,
        )
        await transaction.edit(before, after)
        await transaction.publish(self._describe(PostUpdated(before, after)))
        return after

    async def find_own(self, author_id: int, post_id: int) -> Post:
        """The post, which the person wrote and may delete; a tombstone if that was done before.

        Raises NotAuthor, but only to somebody who may see the post, and PostNotFound.
        """
        post = (await self._store.posts([post_id])).get(post_id)
        if post is None:
            raise PostNotFound
        if post.author_id == author_id:
            return post
        audience = audience_of(post)
        profiles = await self._profiles.find(ids=sorted({*audience.deciders}), viewer_id=author_id)
        if can_see(audience, {each.id: each for each in profiles}, author_id):
            raise NotAuthor
        raise PostNotFound

    async def delete(self, transaction: PostTransaction, post: Post) -> None:
        """Leaves a tombstone, unless there is one already."""
        await transaction.lock_users([post.author_id])
        now = self._clock.now()
        for tombstone in await transaction.delete([post.id], now):
            await transaction.publish(self._describe(PostDeleted(tombstone, now)))

    async def _load_profiles(
        self, author_id: int, targets: Iterable[Post | None], handles: Sequence[str]
    ) -> Sequence[P]:
        """The author, those who decide about the targets, and the mentioned.

        Of most posts that is the author alone, whose account is either there or gone: who is known
        to be there was so when the deletion was last answered.
        """
        ids = {author_id}.union(*(audience_of(each).deciders for each in targets if each))
        if not handles and ids == {author_id}:
            known = await self._cached_profiles.find(ids, author_id)
            if author_id in known:
                return [known[author_id]]
        return await self._profiles.find(ids=sorted(ids), handles=handles, viewer_id=author_id)

    async def _targets(self, draft: Draft) -> tuple[Post | None, Post | None]:
        wanted = sorted({draft.reply_to_post_id, draft.quoted_post_id} - {0})
        if not wanted:
            return None, None
        found = await self._store.posts(wanted)
        if len(found) < len(wanted):
            raise PostNotFound
        return found.get(draft.reply_to_post_id), found.get(draft.quoted_post_id)


def _mentionable(profiles: Iterable[Profile], author_id: int) -> dict[str, Profile]:
    """Who may be mentioned, by lower-case handle: nobody whom a block keeps apart."""
    return {
        profile.handle.lower(): profile
        for profile in profiles
        if can_see_profile(profile, author_id)
    }

"""Operations of authors on their posts: create, edit and delete.

Each operation reads the User service with one call before its transaction begins. New media of a
post are claimed between the two, with one call to the Media service.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Generic, NamedTuple, TypeVar

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import bucket_of, time_of
from services.chassis.storage.idempotency import RequestKey
from services.post.domain import text as texts
from services.post.domain.domain_events import (
    Describe,
    PostCreated,
    PostDeleted,
    PostUpdated,
)
from services.post.domain.errors import (
    AccountGone,
    EtagMismatch,
    NotAuthor,
    PostNotFound,
    QuoteNotAllowed,
)
from services.post.domain.media import check_combination
from services.post.domain.model import (
    AccountState,
    Entity,
    Ids,
    Medium,
    Post,
    Profile,
    Profiles,
    ProfileSource,
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

P = TypeVar("P", bound=Profile)


class Draft(NamedTuple):
    """A post as its author requests it. An id of 0 means none."""

    text: str
    visibility: Visibility
    reply_to_post_id: int = 0
    quoted_post_id: int = 0
    media_ids: Sequence[int] = ()
    # Empty to detect it.
    language: str = ""


class PreparedPost(NamedTuple, Generic[P]):
    """A post that its author may write, without its media, and the profiles that were read for
    it."""

    post: Post
    account: AccountState
    # 0 where the post quotes nothing.
    quoted_author_id: int
    profiles: Sequence[P]


class Edit(NamedTuple, Generic[P]):
    """An edit that the author may make, with resolved mentions."""

    post_id: int
    author_id: int
    text: str
    entities: tuple[Entity, ...]
    profiles: Sequence[P]
    # The media after the edit; None to keep them.
    media_ids: Sequence[int] | None
    # Those of them that the post did not have when it was read.
    new_media_ids: Sequence[int]
    # Empty to keep one that the author gave before, and to detect it otherwise.
    language: str


async def prepare(
    author_id: int,
    draft: Draft,
    *,
    store: Store,
    profiles: Profiles[P],
    cached_profiles: ProfileSource[P],
    ids: Ids,
) -> PreparedPost[P]:
    """Checks a draft and makes the post of it, which `create` writes; `with_media` adds its media.

    A reply never has a wider audience than the posts above it: it gets at least the visibility of
    its parent, and it stores the audiences of all. Raises TextEmpty, TextTooLong, TextInvalid,
    PostNotFound, QuoteNotAllowed, ReplyNotAllowed, AccountGone.
    """
    text = texts.cleaned(draft.text, with_media=bool(draft.media_ids))
    entities = texts.found_in(text)
    parent, quoted = await _targets(store, draft)
    found = await _load_profiles(
        author_id,
        (parent, quoted),
        texts.handles_of(entities),
        profiles=profiles,
        cached_profiles=cached_profiles,
    )
    by_id = {each.id: each for each in found}
    if author_id not in by_id:
        raise AccountGone
    for target in (parent, quoted):
        if target and not can_see(audience_of(target), by_id, author_id):
            raise PostNotFound
    if quoted and not is_open(quoted, by_id):
        raise QuoteNotAllowed

    id_ = await ids.make(bucket_of(author_id))
    resolved = texts.resolved(entities, _mentionable(found, author_id))
    post = Post(
        id=id_,
        author_id=author_id,
        text=text,
        entities=resolved,
        language=draft.language or texts.language_of(text, resolved),
        language_given=bool(draft.language),
        visibility=max(draft.visibility, parent.visibility) if parent else draft.visibility,
        reply_to_post_id=parent.id if parent else 0,
        reply_to_author_id=parent.author_id if parent else 0,
        conversation_id=parent.conversation_id if parent else id_,
        quoted_post_id=quoted.id if quoted else 0,
        create_time=time_of(id_),
        limits=limits_below(parent, by_id, author_id) if parent else (),
    )
    account = account_of(by_id[author_id])
    return PreparedPost(post, account, quoted.author_id if quoted else 0, found)


def with_media(prepared: PreparedPost[P], media: Sequence[Medium]) -> PreparedPost[P]:
    """The prepared post with the media that were claimed for it. Raises
    MediaCombinationNotAllowed."""
    check_combination(media)
    return prepared._replace(post=replace(prepared.post, media=tuple(media)))


async def create(
    store: Store,
    prepared: PreparedPost[P],
    *,
    key: RequestKey | None,
    response: bytes,
    describe: Describe,
) -> bytes | None:
    """Writes the post with its event, and the response under the key; None where it did.

    Returns the first response if the request is a repetition. Raises PostNotFound where the post
    that it replies to or quotes was deleted since.
    """
    post = prepared.post
    message = describe(PostCreated(post, prepared.quoted_author_id))
    return await store.create(NewPost(post, prepared.account, message, key, response))


async def prepare_edit(
    author_id: int,
    post_id: int,
    text: str,
    media_ids: Sequence[int] | None,
    language: str,
    *,
    store: Store,
    profiles: Profiles[P],
) -> Edit[P]:
    """Checks what can be checked before the transaction.

    Raises PostNotFound, NotAuthor, AccountGone, TextEmpty, TextTooLong, TextInvalid.
    """
    # `edit` checks a text that is empty beside media that are kept.
    clean = texts.cleaned(text, with_media=media_ids is None or bool(media_ids))
    entities = texts.found_in(clean)
    post = (await store.posts([post_id])).get(post_id)
    if post is None:
        raise PostNotFound
    audience = audience_of(post)
    found = await profiles.find(
        ids=sorted({author_id, *audience.deciders}),
        handles=texts.handles_of(entities),
        viewer_id=author_id,
    )
    by_id = {each.id: each for each in found}
    if author_id not in by_id:
        raise AccountGone
    if not can_see(audience, by_id, author_id):
        raise PostNotFound
    if post.author_id != author_id:
        raise NotAuthor
    resolved = texts.resolved(entities, _mentionable(found, author_id))
    new_media_ids = [each for each in media_ids or () if each not in post.media_ids]
    return Edit(post_id, author_id, clean, resolved, found, media_ids, new_media_ids, language)


async def edit(
    transaction: PostTransaction,
    edit: Edit[P],
    etag: str,
    new_media: Sequence[Medium],
    *,
    clock: Clock,
    describe: Describe,
) -> Post:
    """Makes the edit and returns the post after it. The same text, media and language change
    nothing.

    `new_media` were claimed for the post. Raises PostNotFound, EtagMismatch,
    MediaCombinationNotAllowed, TextEmpty.
    """
    await transaction.lock_users([edit.author_id])
    before = await transaction.lock_post(edit.post_id)
    if before is None or before.deleted:
        raise PostNotFound
    if etag and etag != before.etag:
        raise EtagMismatch(metadata={"etag": before.etag})
    media = _media_after(before, edit, new_media)
    check_combination(media)
    if not media:
        texts.cleaned(edit.text)
    language, language_given = _language_after(before, edit)
    after = replace(
        before,
        text=edit.text,
        entities=edit.entities,
        media=media,
        language=language,
        language_given=language_given,
        edit_time=clock.now(),
        revision=before.revision + 1,
    )
    if _written(after) == _written(before):
        return before
    await transaction.edit(before, after)
    await transaction.publish(describe(PostUpdated(before, after)))
    return after


def _written(post: Post) -> tuple[object, ...]:
    """What an edit may change."""
    return post.text, post.entities, post.media_ids, post.language, post.language_given


def _language_after(before: Post, edit: Edit[P]) -> tuple[str, bool]:
    """The language after the edit, and whether the author gave it.

    A detected one follows the text: the same text keeps it, also the empty one of an old post.
    """
    if edit.language:
        return edit.language, True
    if before.language_given or edit.text == before.text:
        return before.language, before.language_given
    return texts.language_of(edit.text, edit.entities), False


def _media_after(before: Post, edit: Edit[P], new_media: Sequence[Medium]) -> tuple[Medium, ...]:
    """The media of the locked post after the edit.

    Those that it has are taken from it: they may have changed since it was read. Raises
    EtagMismatch where it lost one of them since.
    """
    if edit.media_ids is None:
        return before.media
    ascending = sorted((*before.media, *new_media), key=lambda medium: medium.version)
    newest = {each.id: each for each in ascending}
    if not newest.keys() >= set(edit.media_ids):
        raise EtagMismatch(metadata={"etag": before.etag})
    return tuple(newest[each] for each in edit.media_ids)


async def find_own(
    author_id: int, post_id: int, *, store: Store, profiles: Profiles[Profile]
) -> Post:
    """The user's own post or tombstone.

    Raises NotAuthor for another user's post that the user may see, and PostNotFound.
    """
    post = (await store.posts([post_id])).get(post_id)
    if post is None:
        raise PostNotFound
    if post.author_id == author_id:
        return post
    audience = audience_of(post)
    found = await profiles.find(ids=sorted({*audience.deciders}), viewer_id=author_id)
    if can_see(audience, {each.id: each for each in found}, author_id):
        raise NotAuthor
    raise PostNotFound


async def delete(
    transaction: PostTransaction, post: Post, *, clock: Clock, describe: Describe
) -> None:
    """Turns the post into a tombstone, unless it is one."""
    await transaction.lock_users([post.author_id])
    now = clock.now()
    for tombstone in await transaction.delete([post.id], now):
        await transaction.publish(describe(PostDeleted(tombstone, now)))


async def _load_profiles(
    author_id: int,
    targets: Iterable[Post | None],
    handles: Sequence[str],
    *,
    profiles: Profiles[P],
    cached_profiles: ProfileSource[P],
) -> Sequence[P]:
    """The author, the deciders of the targets, and the mentioned users.

    Most posts need the author alone. The cache suffices for that: a deletion of the account
    invalidates the cached profile before it returns.
    """
    ids = {author_id}.union(*(audience_of(each).deciders for each in targets if each))
    if not handles and ids == {author_id}:
        cached = await cached_profiles.find(ids, author_id)
        if author_id in cached:
            return [cached[author_id]]
    return await profiles.find(ids=sorted(ids), handles=handles, viewer_id=author_id)


async def _targets(store: Store, draft: Draft) -> tuple[Post | None, Post | None]:
    """The post that the draft replies to, and the post that it quotes."""
    wanted = sorted({draft.reply_to_post_id, draft.quoted_post_id} - {0})
    if not wanted:
        return None, None
    found = await store.posts(wanted)
    if len(found) < len(wanted):
        raise PostNotFound
    return found.get(draft.reply_to_post_id), found.get(draft.quoted_post_id)


def _mentionable(profiles: Iterable[Profile], author_id: int) -> dict[str, Profile]:
    """The users whom the author may mention, by lower-case handle: no block in between."""
    return {
        profile.handle.lower(): profile
        for profile in profiles
        if can_see_profile(profile, author_id)
    }

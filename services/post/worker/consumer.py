"""The consumer of the Post service: account cleanup, protections, media, and cache invalidation."""

from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any, TypeAlias

from google.protobuf.message import Message
from roost.media.v1 import media_events_pb2 as media
from roost.post.v1 import post_events_pb2 as own
from roost.user.v1 import user_events_pb2 as users

from services.chassis.events.bus import Routes
from services.chassis.events.records import Event
from services.chassis.storage.transaction import in_transaction
from services.post.domain.model import AccountState
from services.post.domain.store import ChangedIds, PostTransaction, Store
from services.post.rpc.convert import to_medium
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections

_Handlers: TypeAlias = dict[type[Message], Callable[[Event, Any], Awaitable[None]]]
_FollowEvent: TypeAlias = (
    users.FollowCreated | users.FollowRemoved | users.FollowRequested | users.FollowRequestRemoved
)


def routes(
    cleanup: AccountCleanup,
    *,
    protections: Protections,
    store: Store,
    states: PostStateCache,
    profile_cache: ProfileCache,
) -> Routes:
    """The handlers of events. Each is idempotent."""
    made = Routes()
    for body, handle in (
        _cleanup_handlers(cleanup, protections, states, profile_cache)
        | _user_handlers(protections, profile_cache)
        | _post_handlers(states)
        | _media_handlers(store)
    ).items():
        made.on(body, handle)
    return made


def _cleanup_handlers(
    cleanup: AccountCleanup,
    protections: Protections,
    states: PostStateCache,
    profile_cache: ProfileCache,
) -> _Handlers:
    async def on_user_deleted(event: Event, body: users.UserDeleted) -> None:
        await profile_cache.invalidate_again(event.event_id, [body.user_id], ())
        await cleanup.account_deleted(body.user_id)
        await protections.delete_account(body.user_id)

    async def on_block(event: Event, body: users.BlockCreated) -> None:
        await profile_cache.invalidate_again(
            event.event_id, (), [(body.blocker_id, body.blocked_id)]
        )
        await cleanup.users_blocked(body.blocker_id, body.blocked_id)

    async def on_post_deleted(event: Event, body: own.PostDeleted) -> None:
        related = {body.post_id, body.reply_to_post_id, body.quoted_post_id} - {0}
        await states.invalidate_again(event.event_id, ChangedIds(related))
        await cleanup.post_deleted(body.post_id, body.author_id)

    return {
        users.UserDeleted: on_user_deleted,
        users.BlockCreated: on_block,
        own.PostDeleted: on_post_deleted,
    }


def _user_handlers(protections: Protections, profile_cache: ProfileCache) -> _Handlers:
    async def on_profile(event: Event, body: users.UserUpdated) -> None:
        user = body.user
        await profile_cache.invalidate_again(event.event_id, [user.id], ())
        if "protected" in body.changed_fields:
            account = AccountState(user.protected, user.update_time.ToDatetime(tzinfo=UTC))
            await protections.account_changed(user.id, account)

    async def on_follow(event: Event, body: _FollowEvent) -> None:
        await profile_cache.invalidate_again(
            event.event_id, (), [(body.follower_id, body.followee_id)]
        )

    async def on_unblock(event: Event, body: users.BlockRemoved) -> None:
        await profile_cache.invalidate_again(
            event.event_id, (), [(body.blocker_id, body.blocked_id)]
        )

    async def on_mute(event: Event, body: users.MuteCreated | users.MuteRemoved) -> None:
        await profile_cache.invalidate_again(event.event_id, (), [(body.muter_id, body.muted_id)])

    return {
        users.UserUpdated: on_profile,
        users.FollowCreated: on_follow,
        users.FollowRemoved: on_follow,
        users.FollowRequested: on_follow,
        users.FollowRequestRemoved: on_follow,
        users.BlockRemoved: on_unblock,
        users.MuteCreated: on_mute,
        users.MuteRemoved: on_mute,
    }


def _post_handlers(states: PostStateCache) -> _Handlers:
    async def on_post(event: Event, body: own.PostCreated) -> None:
        related = {body.post.reply_to_post_id, body.post.quoted_post_id} - {0}
        await states.invalidate_again(event.event_id, ChangedIds(related))

    async def on_edit(event: Event, body: own.PostUpdated) -> None:
        await states.invalidate_again(event.event_id, ChangedIds({body.post.id}))

    async def on_like(event: Event, body: own.PostLiked | own.PostUnliked) -> None:
        await states.invalidate_again(event.event_id, ChangedIds({body.post_id}, {body.user_id}))

    async def on_repost(event: Event, body: own.PostReposted | own.RepostUndone) -> None:
        await states.invalidate_again(
            event.event_id, ChangedIds({body.entry.post_id}, {body.entry.reposter_id})
        )

    return {
        own.PostCreated: on_post,
        own.PostUpdated: on_edit,
        own.PostLiked: on_like,
        own.PostUnliked: on_like,
        own.PostReposted: on_repost,
        own.RepostUndone: on_repost,
    }


def _media_handlers(store: Store) -> _Handlers:
    async def on_medium(_: Event, body: media.MediumUpdated) -> None:
        post_id = body.medium.post_id
        if not post_id:
            return
        medium = to_medium(body.medium)

        async def replace(transaction: PostTransaction) -> None:
            await transaction.replace_medium(post_id, medium)

        await in_transaction(store.transaction, replace)

    async def on_medium_deleted(_: Event, body: media.MediumDeleted) -> None:
        if not body.post_id:
            return

        async def remove(transaction: PostTransaction) -> None:
            await transaction.remove_medium(body.post_id, body.medium_id)

        await in_transaction(store.transaction, remove)

    return {media.MediumUpdated: on_medium, media.MediumDeleted: on_medium_deleted}

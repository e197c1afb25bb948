"""The consumer of the Post service: account cleanup, protections, and cache invalidation."""

from datetime import UTC

from roost.post.v1 import post_events_pb2 as own
from roost.user.v1 import user_events_pb2 as users

from services.chassis.events.bus import Routes
from services.chassis.events.records import Event
from services.post.domain.model import AccountState
from services.post.domain.store import ChangedIds
from services.post.rpc.events import TOPIC
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections

GROUP = "post.departures"
# It consumes its own topic too: the cleanup after a deletion survives a restart that way, and the
# invalidations of a process that died are repeated.
TOPICS = ("roost.user.v1", TOPIC)


def routes(
    cleanup: AccountCleanup,
    *,
    protections: Protections,
    states: PostStateCache,
    profile_cache: ProfileCache,
) -> Routes:
    """The handlers of events. Each is idempotent."""
    handlers = Routes()
    _route_cleanup(handlers, cleanup, protections, states, profile_cache)
    _route_users(handlers, protections, profile_cache)
    _route_posts(handlers, states)
    return handlers


def _route_cleanup(
    handlers: Routes,
    cleanup: AccountCleanup,
    protections: Protections,
    states: PostStateCache,
    profile_cache: ProfileCache,
) -> None:
    async def on_user_deleted(event: Event, body: users.UserDeleted) -> None:
        await profile_cache.invalidate([body.user_id], ())
        await cleanup.account_deleted(body.user_id)
        await protections.delete_account(body.user_id)

    async def on_block(event: Event, body: users.BlockCreated) -> None:
        await profile_cache.invalidate((), [(body.blocker_id, body.blocked_id)])
        await cleanup.users_blocked(body.blocker_id, body.blocked_id)

    async def on_post_deleted(event: Event, body: own.PostDeleted) -> None:
        related = {body.post_id, body.reply_to_post_id, body.quoted_post_id} - {0}
        await states.invalidate(ChangedIds(related))
        await cleanup.post_deleted(body.post_id, body.author_id)

    handlers.on(users.UserDeleted, on_user_deleted)
    handlers.on(users.BlockCreated, on_block)
    handlers.on(own.PostDeleted, on_post_deleted)


def _route_users(handlers: Routes, protections: Protections, profile_cache: ProfileCache) -> None:
    async def on_profile(event: Event, body: users.UserUpdated) -> None:
        user = body.user
        await profile_cache.invalidate([user.id], ())
        if "protected" in body.changed_fields:
            account = AccountState(user.protected, user.update_time.ToDatetime(tzinfo=UTC))
            await protections.account_changed(user.id, account)

    async def on_follow(
        event: Event,
        body: users.FollowCreated
        | users.FollowRemoved
        | users.FollowRequested
        | users.FollowRequestRemoved,
    ) -> None:
        await profile_cache.invalidate((), [(body.follower_id, body.followee_id)])

    async def on_unblock(event: Event, body: users.BlockRemoved) -> None:
        await profile_cache.invalidate((), [(body.blocker_id, body.blocked_id)])

    async def on_mute(event: Event, body: users.MuteCreated | users.MuteRemoved) -> None:
        await profile_cache.invalidate((), [(body.muter_id, body.muted_id)])

    handlers.on(users.UserUpdated, on_profile)
    handlers.on(users.FollowCreated, on_follow)
    handlers.on(users.FollowRemoved, on_follow)
    handlers.on(users.FollowRequested, on_follow)
    handlers.on(users.FollowRequestRemoved, on_follow)
    handlers.on(users.BlockRemoved, on_unblock)
    handlers.on(users.MuteCreated, on_mute)
    handlers.on(users.MuteRemoved, on_mute)


def _route_posts(handlers: Routes, states: PostStateCache) -> None:
    async def on_post(event: Event, body: own.PostCreated) -> None:
        await states.invalidate(
            ChangedIds({body.post.reply_to_post_id, body.post.quoted_post_id} - {0})
        )

    async def on_edit(event: Event, body: own.PostUpdated) -> None:
        await states.invalidate(ChangedIds({body.post.id}))

    async def on_like(event: Event, body: own.PostLiked | own.PostUnliked) -> None:
        await states.invalidate(ChangedIds({body.post_id}, {body.user_id}))

    async def on_repost(event: Event, body: own.PostReposted | own.RepostUndone) -> None:
        await states.invalidate(ChangedIds({body.entry.post_id}, {body.entry.reposter_id}))

    handlers.on(own.PostCreated, on_post)
    handlers.on(own.PostUpdated, on_edit)
    handlers.on(own.PostLiked, on_like)
    handlers.on(own.PostUnliked, on_like)
    handlers.on(own.PostReposted, on_repost)
    handlers.on(own.RepostUndone, on_repost)

"""What the Post service does when it hears of something that changed or is gone."""

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
# Its own topic as well: what a deletion leaves to be done survives any restart that way, and what
# a process that died had no time to forget is forgotten.
TOPICS = ("roost.user.v1", TOPIC)


def routes(
    cleanup: AccountCleanup,
    *,
    protections: Protections,
    states: PostStateCache,
    profile_cache: ProfileCache,
) -> Routes:
    """Handlers of events. Each may run again: it finds less to do, or nothing."""
    handlers = Routes()
    _route_departures(handlers, cleanup, protections, states, profile_cache)
    _route_people(handlers, protections, profile_cache)
    _route_states(handlers, states)
    return handlers


def _route_departures(
    handlers: Routes,
    cleanup: AccountCleanup,
    protections: Protections,
    states: PostStateCache,
    profile_cache: ProfileCache,
) -> None:
    async def on_user_deleted(event: Event, gone: users.UserDeleted) -> None:
        await profile_cache.forget([gone.user_id], ())
        await cleanup.account_deleted(gone.user_id)
        await protections.forget_account(gone.user_id)

    async def on_block(event: Event, edge: users.BlockCreated) -> None:
        await profile_cache.forget((), [(edge.blocker_id, edge.blocked_id)])
        await cleanup.users_blocked(edge.blocker_id, edge.blocked_id)

    async def on_post_deleted(event: Event, gone: own.PostDeleted) -> None:
        related = {gone.post_id, gone.reply_to_post_id, gone.quoted_post_id} - {0}
        await states.forget(ChangedIds(related))
        await cleanup.post_deleted(gone.post_id, gone.author_id)

    handlers.on(users.UserDeleted, on_user_deleted)
    handlers.on(users.BlockCreated, on_block)
    handlers.on(own.PostDeleted, on_post_deleted)


def _route_people(handlers: Routes, protections: Protections, profile_cache: ProfileCache) -> None:
    async def on_profile(event: Event, changed: users.UserUpdated) -> None:
        user = changed.user
        await profile_cache.forget([user.id], ())
        if "protected" in changed.changed_fields:
            account = AccountState(user.protected, user.update_time.ToDatetime(tzinfo=UTC))
            await protections.account_changed(user.id, account)

    async def on_follow(
        event: Event,
        edge: users.FollowCreated
        | users.FollowRemoved
        | users.FollowRequested
        | users.FollowRequestRemoved,
    ) -> None:
        await profile_cache.forget((), [(edge.follower_id, edge.followee_id)])

    async def on_unblock(event: Event, edge: users.BlockRemoved) -> None:
        await profile_cache.forget((), [(edge.blocker_id, edge.blocked_id)])

    async def on_mute(event: Event, edge: users.MuteCreated | users.MuteRemoved) -> None:
        await profile_cache.forget((), [(edge.muter_id, edge.muted_id)])

    handlers.on(users.UserUpdated, on_profile)
    handlers.on(users.FollowCreated, on_follow)
    handlers.on(users.FollowRemoved, on_follow)
    handlers.on(users.FollowRequested, on_follow)
    handlers.on(users.FollowRequestRemoved, on_follow)
    handlers.on(users.BlockRemoved, on_unblock)
    handlers.on(users.MuteCreated, on_mute)
    handlers.on(users.MuteRemoved, on_mute)


def _route_states(handlers: Routes, states: PostStateCache) -> None:
    async def on_post(event: Event, created: own.PostCreated) -> None:
        await states.forget(
            ChangedIds({created.post.reply_to_post_id, created.post.quoted_post_id} - {0})
        )

    async def on_edit(event: Event, edited: own.PostUpdated) -> None:
        await states.forget(ChangedIds({edited.post.id}))

    async def on_like(event: Event, like: own.PostLiked | own.PostUnliked) -> None:
        await states.forget(ChangedIds({like.post_id}, {like.user_id}))

    async def on_repost(event: Event, repost: own.PostReposted | own.RepostUndone) -> None:
        await states.forget(ChangedIds({repost.entry.post_id}, {repost.entry.reposter_id}))

    handlers.on(own.PostCreated, on_post)
    handlers.on(own.PostUpdated, on_edit)
    handlers.on(own.PostLiked, on_like)
    handlers.on(own.PostUnliked, on_like)
    handlers.on(own.PostReposted, on_repost)
    handlers.on(own.RepostUndone, on_repost)

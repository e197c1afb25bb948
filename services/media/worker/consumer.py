"""Consumes the events of posts and accounts that decide what becomes of media."""

from datetime import UTC

from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC, Post
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events.bus import Routes
from services.media.domain.model import AccountState, Decider, PostAudience
from services.media.worker.audiences import Audiences, ProfileMedia


def routes(audiences: Audiences) -> Routes:
    """The handlers of events. Each is idempotent."""

    async def on_post_created(body: posts.PostCreated) -> None:
        await _post_written(body.post)

    async def on_post_updated(body: posts.PostUpdated) -> None:
        await _post_written(body.post)
        if set(body.previous_mentioned_user_ids) - _mentioned(body.post):
            await audiences.post_narrowed(body.post.author_id, body.post.id)

    async def _post_written(post: Post) -> None:
        # Most posts have no media, and nothing is stored of them. An edit may remove the last one:
        # what is attached keeps its audience, which no edit changes.
        if post.media_ids:
            audience = audience_of(post)
            await audiences.learn_accounts([each.user_id for each in audience.deciders])
            await audiences.post_written(audience, set(post.media_ids))

    async def on_post_deleted(body: posts.PostDeleted) -> None:
        await audiences.post_deleted(body.author_id, body.post_id)

    async def on_registered(body: users.UserRegistered) -> None:
        if body.user.protected:
            await _profile_written(body.user)

    async def on_profile(body: users.UserUpdated) -> None:
        is_newest = await _profile_written(body.user)
        if is_newest and "protected" in body.changed_fields:
            await audiences.protection_changed(body.user.id)

    async def on_user_deleted(body: users.UserDeleted) -> None:
        await audiences.account_deleted(body.user_id, body.delete_time.ToDatetime(tzinfo=UTC))

    async def on_block(body: users.BlockCreated) -> None:
        await audiences.blocked(body.blocker_id)

    async def _profile_written(user: User) -> bool:
        account = AccountState(user.protected, user.update_time.ToDatetime(tzinfo=UTC))
        shown = ProfileMedia(user.avatar_media_id, user.banner_media_id)
        return await audiences.profile_written(user.id, account, shown)

    return Routes.of_bodies(
        {
            posts.PostCreated: on_post_created,
            posts.PostUpdated: on_post_updated,
            posts.PostDeleted: on_post_deleted,
            users.UserRegistered: on_registered,
            users.UserUpdated: on_profile,
            users.UserDeleted: on_user_deleted,
            users.BlockCreated: on_block,
        }
    )


def _mentioned(post: Post) -> set[int]:
    return {each.mention.user_id for each in post.entities if each.HasField("mention")}


def audience_of(post: Post) -> PostAudience:
    """What decides whether everyone may see the post."""
    limits = post.audience_limits
    # The author's media are deleted with the account, so nothing else follows from its deletion.
    closing = {post.author_id: False}
    for each in limits:
        closing[each.author_id] = closing.get(each.author_id, False) or each.was_protected
    return PostAudience(
        post_id=post.id,
        owner_id=post.author_id,
        revision=post.revision,
        public=post.visibility == VISIBILITY_PUBLIC
        and all(each.visibility == VISIBILITY_PUBLIC for each in limits),
        deciders=tuple(Decider(*each) for each in sorted(closing.items())),
    )

"""The bodies behind ids: posts and users, loaded at most once a request."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from roost.notification.v1.notification_pb2 import NotificationGroup
from roost.post.v1.post_pb2 import Includes, Post, TimelineEntry
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, Dependencies
from roost.user.v1.user_pb2 import User

from gateway.core.clients import Backends

# Users and posts of BatchGetPosts: what 40 notifications name.
_MOST = 200


class Entry(NamedTuple):
    """One place on a timeline: a post, or a post that somebody reposted."""

    id: int
    post_id: int
    author_id: int
    # 0 where it is the post itself.
    reposter_id: int
    # Whether a followed hashtag brought it to a home, and no followed user.
    by_hashtag: bool = False

    @classmethod
    def all_of(cls, messages: Iterable[TimelineEntry]) -> list[Self]:
        """From a service's response. Each field is read several times from here on, and reading it
        from a message costs several times as much."""
        return [
            cls(each.entry_id, each.post_id, each.author_id, each.reposter_id, each.by_hashtag)
            for each in messages
        ]


@dataclass(slots=True)
class Hydrated:
    """What the viewer may see of the things on a page, by id. What is not here is hidden."""

    posts: dict[int, Post] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    # Posts that are here only because others quote them: what they quote was not loaded.
    embedded_ids: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, posts: Iterable[Post], includes: Includes) -> Self:
        """From a response that brings posts and what belongs to them."""
        found = {post.id: post for post in includes.quoted_posts}
        embedded = set(found)
        # A post may be on the page and be quoted there; both are the same post.
        found.update({post.id: post for post in posts})
        if embedded:
            embedded.difference_update([post.id for post in posts])
        return cls(found, {user.id: user for user in includes.users}, embedded)

    def quoted_by(self, post: Post) -> Post | None:
        """What the post quotes; None where that is nothing, or is not to be shown with it."""
        if post.quote_hidden:
            return None
        return self.posts.get(post.quoted_post_id)

    def add(self, other: Self) -> None:
        """Takes in what another round of loading found."""
        self.embedded_ids = (self.embedded_ids - other.posts.keys()) | (
            other.embedded_ids - self.posts.keys()
        )
        self.posts.update(other.posts)
        self.users.update(other.users)


async def hydrate_entries(backends: Backends, entries: Sequence[Entry]) -> Hydrated:
    """Loads everything that a timeline's entries need to be shown, in one call."""
    found, _ = await hydrate_parts(backends, entries, wanted=False)
    return found


async def hydrate_parts(
    backends: Backends, entries: Sequence[Entry], *, wanted: bool
) -> tuple[Hydrated, dict[Entry, Collection[int]]]:
    """Loads the same, with what each entry was made from if that is `wanted`: its post, and who
    reposted it. An entry has none if the service could not tell."""
    if not entries:
        return Hydrated(), {}
    request = BatchGetPostsRequest(
        # One post may stand on a page several times, reposted by several users.
        post_ids=dict.fromkeys([entry.post_id for entry in entries]),
        include_user_ids=dict.fromkeys(
            [entry.reposter_id for entry in entries if entry.reposter_id]
        ),
        include_dependencies=wanted,
    )
    response = await backends.posts.BatchGetPosts(request)
    found = Hydrated.of(response.posts, response.includes)
    of_posts = _by_id(request.post_ids, response.post_dependencies)
    of_users = _by_id(request.include_user_ids, response.user_dependencies)
    dependencies: dict[Entry, Collection[int]] = {}
    for entry in entries:
        needed = [of_posts.get(entry.post_id)]
        if entry.reposter_id:
            needed.append(of_users.get(entry.reposter_id))
        if all(needed):
            dependencies[entry] = [each for ids in needed for each in ids or ()]
    return found, dependencies


def _by_id(ids: Sequence[int], dependencies: Sequence[Dependencies]) -> dict[int, Collection[int]]:
    if len(dependencies) != len(ids):
        return {}
    return {id_: each.ids for id_, each in zip(ids, dependencies, strict=True)}


async def hydrate_posts(backends: Backends, post_ids: Iterable[int]) -> Hydrated:
    """Loads up to 200 posts, with everything that they need to be shown, in one call."""
    wanted = dict.fromkeys(post_ids)
    if not wanted:
        return Hydrated()
    response = await backends.posts.BatchGetPosts(BatchGetPostsRequest(post_ids=wanted))
    return Hydrated.of(response.posts, response.includes)


async def hydrate_users(backends: Backends, user_ids: Iterable[int]) -> Hydrated:
    """Loads up to 200 users in one call, without those whom a block hides."""
    wanted = dict.fromkeys(user_ids)
    if not wanted:
        return Hydrated()
    response = await backends.posts.BatchGetPosts(BatchGetPostsRequest(include_user_ids=wanted))
    return Hydrated.of(response.posts, response.includes)


async def hydrate_groups(backends: Backends, groups: Sequence[NotificationGroup]) -> Hydrated:
    """Loads everything that up to 40 notifications need to be shown, in one call. Of what comes
    behind these, users are left out where there are too many."""
    user_ids = list(dict.fromkeys([each for group in groups for each in group.sample_user_ids]))
    del user_ids[_MOST:]
    if not user_ids:
        return Hydrated()
    response = await backends.posts.BatchGetPosts(
        BatchGetPostsRequest(
            post_ids=dict.fromkeys([group.post_id for group in groups if group.post_id]),
            include_user_ids=user_ids,
        )
    )
    return Hydrated.of(response.posts, response.includes)

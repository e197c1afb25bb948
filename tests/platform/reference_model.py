"""A reference model of relationships and posts. It decides who may see what by the rules in docs
and contracts, and shares no code with the services.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

ANONYMOUS = ""
# From the widest to the narrowest: a reply is never wider than its parent.
NARROWER = ("public", "followers", "mentioned")
# An ordered pair of user ids.
Pair = tuple[str, str]


@dataclass(frozen=True)
class ModelPost:
    """A post, as the response to its author described it."""

    id: str
    author: str
    visibility: str
    mentioned: frozenset[str] = frozenset()
    reply_to_author: str = ""
    reply_to: str = ""
    quotes: str = ""


@dataclass
class ReferenceModel:
    """All successful operations. A method returns whether its operation must be allowed."""

    follows: set[Pair] = field(default_factory=set)
    requests: set[Pair] = field(default_factory=set)
    blocks: set[Pair] = field(default_factory=set)
    mutes: set[Pair] = field(default_factory=set)
    protected: set[str] = field(default_factory=set)
    posts: dict[str, ModelPost] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    # "like" or "repost", the user, and the post.
    engagements: set[tuple[str, str, str]] = field(default_factory=set)

    def either_blocks(self, one: str, other: str) -> bool:
        """Whether one of the two blocks the other."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def follow(self, actor: str, target: str) -> bool:
        if actor == target or self.either_blocks(actor, target):
            return False
        if (actor, target) not in self.follows:
            (self.requests if target in self.protected else self.follows).add((actor, target))
        return True

    def unfollow(self, actor: str, target: str) -> None:
        self.follows.discard((actor, target))
        self.requests.discard((actor, target))

    def accept(self, actor: str, target: str) -> bool:
        """`actor` accepts the follow request of `target`; repeating it changes nothing."""
        if (target, actor) in self.requests:
            self.requests.remove((target, actor))
            self.follows.add((target, actor))
        return (target, actor) in self.follows

    def block(self, actor: str, target: str) -> bool:
        if actor == target:
            return False
        self.blocks.add((actor, target))
        for pair in ((actor, target), (target, actor)):
            self.unfollow(*pair)
        # Reposts of each other's posts are removed for all viewers.
        self.engagements = {
            (verb, one, post)
            for verb, one, post in self.engagements
            if verb != "repost" or {one, self.posts[post].author} != {actor, target}
        }
        return True

    def mute(self, actor: str, target: str) -> bool:
        """A mute must not reveal a block, so it is refused; repeating a mute changes nothing."""
        pair = (actor, target)
        if actor == target or ((target, actor) in self.blocks and pair not in self.mutes):
            return False
        self.mutes.add(pair)
        return True

    def unprotect(self, actor: str) -> None:
        """`actor` is no longer protected: pending follow requests are accepted."""
        self.protected.discard(actor)
        waiting = {pair for pair in self.requests if pair[1] == actor}
        self.requests -= waiting
        self.follows |= waiting

    def may_see(self, viewer: str, post_id: str) -> bool:
        """Whether the viewer may see the post."""
        return post_id not in self.deleted and self._is_visible(viewer, self.posts[post_id])

    def may_see_tombstone(self, viewer: str, post_id: str) -> bool:
        """Whether the viewer may see the tombstone. A tombstone has no mentions."""
        post = replace(self.posts[post_id], mentioned=frozenset())
        return post_id in self.deleted and self._is_visible(viewer, post)

    def is_public(self, post_id: str) -> bool:
        """Whether everybody may see the post, so that others may quote it."""
        return self._is_visible(ANONYMOUS, self.posts[post_id])

    def _is_visible(self, viewer: str, post: ModelPost) -> bool:
        if viewer == post.author:
            return True
        if viewer != ANONYMOUS and self.either_blocks(viewer, post.author):
            return False
        ancestors = self._ancestors(post)
        # Posts above the nearest one of the viewer do not limit the audience.
        own = max((n for n, each in enumerate(ancestors) if each.author == viewer), default=-1)
        return self._in_audience(viewer, post) and all(
            self._in_audience(viewer, each) for each in ancestors[own + 1 :]
        )

    def _in_audience(self, viewer: str, post: ModelPost) -> bool:
        follows = (viewer, post.author) in self.follows
        if post.author in self.protected and not follows:
            return False
        addressed = viewer in post.mentioned or viewer == post.reply_to_author != ANONYMOUS
        return (
            post.visibility == "public" or addressed or (post.visibility == "followers" and follows)
        )

    def _ancestors(self, post: ModelPost) -> list[ModelPost]:
        """The ancestors, without those whose author also wrote the reply."""
        if not post.reply_to:
            return []
        parent = self.posts[post.reply_to]
        return [each for each in (*self._ancestors(parent), parent) if each.author != post.author]

    def counted_users(self, post_id: str) -> dict[str, list[str]]:
        """The users who are counted on a post, once per engagement: only what everybody may see."""
        posts = [each for each in self.posts.values() if each.id not in self.deleted]
        starts = [each for each in posts if not each.reply_to]
        return {
            "likes": self._engaged_users("like", post_id),
            "reposts": self._engaged_users("repost", post_id),
            # A viewer of the post may see its ancestors, so a public reply is visible as well.
            "replies": [
                each.author
                for each in posts
                if each.reply_to == post_id
                and each.visibility == "public"
                and each.author not in self.protected
            ],
            "quotes": [e.author for e in starts if e.quotes == post_id and self.is_public(e.id)],
        }

    def public_posts(self, user: str) -> int:
        """The number of posts on a profile: public ones that are not replies."""
        return sum(
            each.author == user
            and each.visibility == "public"
            and not each.reply_to
            and each.id not in self.deleted
            for each in self.posts.values()
        )

    def _engaged_users(self, verb: str, post_id: str) -> list[str]:
        return [
            actor
            for kind, actor, post in self.engagements
            if (kind, post) == (verb, post_id) and actor not in self.protected
        ]

    def may_list(self, viewer: str, user: str) -> bool:
        """Whether the viewer may see the followers and the followed accounts of the user."""
        if viewer == user:
            return True
        if (user, viewer) in self.blocks:
            return False
        return user not in self.protected or (viewer, user) in self.follows

    def belongs_on_home(self, viewer: str, actor: str) -> bool:
        """Whether posts and reposts of the actor belong on the viewer's home."""
        follows = (viewer, actor) in self.follows or viewer == actor
        return follows and (viewer, actor) not in self.mutes

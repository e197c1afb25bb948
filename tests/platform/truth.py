"""What is so between people and about posts, kept plainly: who may see what, as the table in
docs and contracts has it, not as the services compute it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

STRANGER = ""
# From the widest on: a reply is never wider than what it answers.
WIDTHS = ("public", "followers", "mentioned")
# An ordered pair of people, by their ids.
Pair = tuple[str, str]


@dataclass(frozen=True)
class Written:
    """A post, as its author was told that it is."""

    id: str
    author: str
    visibility: str
    mentioned: frozenset[str] = frozenset()
    reply_to_author: str = ""
    reply_to: str = ""
    quotes: str = ""


@dataclass
class Truth:
    """What everybody did. Each act answers whether it is one that has to be allowed."""

    follows: set[Pair] = field(default_factory=set)
    requests: set[Pair] = field(default_factory=set)
    blocks: set[Pair] = field(default_factory=set)
    mutes: set[Pair] = field(default_factory=set)
    protected: set[str] = field(default_factory=set)
    posts: dict[str, Written] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    # "like" or "repost", who, and which post.
    responses: set[tuple[str, str, str]] = field(default_factory=set)

    def apart(self, one: str, other: str) -> bool:
        """Whether one of the two blocks the other."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def follow(self, who: str, whom: str) -> bool:
        if who == whom or self.apart(who, whom):
            return False
        if (who, whom) not in self.follows:
            (self.requests if whom in self.protected else self.follows).add((who, whom))
        return True

    def unfollow(self, who: str, whom: str) -> None:
        self.follows.discard((who, whom))
        self.requests.discard((who, whom))

    def accept(self, who: str, whom: str) -> bool:
        """``who`` lets ``whom`` follow; repeating it changes nothing."""
        if (whom, who) in self.requests:
            self.requests.remove((whom, who))
            self.follows.add((whom, who))
        return (whom, who) in self.follows

    def block(self, who: str, whom: str) -> bool:
        if who == whom:
            return False
        self.blocks.add((who, whom))
        for pair in ((who, whom), (whom, who)):
            self.unfollow(*pair)
        # What one of them carried further of the other is withdrawn for everybody.
        self.responses = {
            (verb, one, post)
            for verb, one, post in self.responses
            if verb != "repost" or {one, self.posts[post].author} != {who, whom}
        }
        return True

    def mute(self, who: str, whom: str) -> bool:
        """Nobody learns by muting who blocks them; to mute again changes nothing."""
        pair = (who, whom)
        if who == whom or ((whom, who) in self.blocks and pair not in self.mutes):
            return False
        self.mutes.add(pair)
        return True

    def open_up(self, who: str) -> None:
        """``who`` is protected no longer: whoever waits may follow."""
        self.protected.discard(who)
        waiting = {pair for pair in self.requests if pair[1] == who}
        self.requests -= waiting
        self.follows |= waiting

    def may_see(self, reader: str, post_id: str) -> bool:
        """Whether the post is there for the reader."""
        return post_id not in self.deleted and self._is_for(reader, self.posts[post_id])

    def may_see_tombstone(self, reader: str, post_id: str) -> bool:
        """Whether the reader may know that the post was deleted. Whom it mentioned is not kept."""
        post = replace(self.posts[post_id], mentioned=frozenset())
        return post_id in self.deleted and self._is_for(reader, post)

    def is_open(self, post_id: str) -> bool:
        """Whether a post is for everyone, so that others may quote it."""
        return self._is_for(STRANGER, self.posts[post_id])

    def _is_for(self, reader: str, post: Written) -> bool:
        if reader == post.author:
            return True
        if reader != STRANGER and self.apart(reader, post.author):
            return False
        above = self._above(post)
        # Above the nearest post that the reader wrote, nothing narrows.
        own = max((n for n, each in enumerate(above) if each.author == reader), default=-1)
        return self._in_audience(reader, post) and all(
            self._in_audience(reader, each) for each in above[own + 1 :]
        )

    def _in_audience(self, reader: str, post: Written) -> bool:
        follows = (reader, post.author) in self.follows
        if post.author in self.protected and not follows:
            return False
        addressed = reader in post.mentioned or reader == post.reply_to_author != STRANGER
        return (
            post.visibility == "public" or addressed or (post.visibility == "followers" and follows)
        )

    def _above(self, post: Written) -> list[Written]:
        """The posts above, but for those of the author of the one that answers them."""
        if not post.reply_to:
            return []
        parent = self.posts[post.reply_to]
        return [each for each in (*self._above(parent), parent) if each.author != post.author]

    def contributors(self, post_id: str) -> dict[str, list[str]]:
        """Whose responses to a post are counted, each as often as it is: what everybody may see."""
        posts = [each for each in self.posts.values() if each.id not in self.deleted]
        starts = [each for each in posts if not each.reply_to]
        return {
            "likes": self._responders("like", post_id),
            "reposts": self._responders("repost", post_id),
            # Who sees the post sees what stands above it, so for them a public reply is open.
            "replies": [
                each.author
                for each in posts
                if each.reply_to == post_id
                and each.visibility == "public"
                and each.author not in self.protected
            ],
            "quotes": [e.author for e in starts if e.quotes == post_id and self.is_open(e.id)],
        }

    def public_posts(self, person: str) -> int:
        """How many posts are counted on a profile: public ones that answer nothing."""
        return sum(
            each.author == person
            and each.visibility == "public"
            and not each.reply_to
            and each.id not in self.deleted
            for each in self.posts.values()
        )

    def _responders(self, verb: str, post_id: str) -> list[str]:
        return [
            who
            for kind, who, post in self.responses
            if (kind, post) == (verb, post_id) and who not in self.protected
        ]

    def may_list(self, reader: str, person: str) -> bool:
        """Whether the reader may see whom the person follows, and who follows them."""
        if reader == person:
            return True
        if (person, reader) in self.blocks:
            return False
        return person not in self.protected or (reader, person) in self.follows

    def brings_home(self, reader: str, actor: str) -> bool:
        """Whether what the actor wrote or reposted belongs on the reader's home."""
        follows = (reader, actor) in self.follows or reader == actor
        return follows and (reader, actor) not in self.mutes

"""The requests of clients and their responses: the history that a stack is checked against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from local.edge import Json
from local.graph import Graph

Verb = Literal["like", "follow", "block"]
Relation = tuple[Verb, int, str]  # the actor, and the id of the post or the user


@dataclass(eq=False)
class Picture:
    """An uploaded picture that is ready: all that was acknowledged about it."""

    id: str
    owner: int
    alt_text: str = ""
    deleted: bool = False


@dataclass(eq=False)
class Post:
    """A requested post. Its text has its idempotency key, so it can be found in every list."""

    key: str
    author: int
    reply_to: Post | None
    picture: Picture | None = None
    id: str | None = None  # None while it is unknown
    acknowledged: bool = False  # whether its first request succeeded
    deleted: bool = False

    @property
    def hashtag(self) -> str:
        """One of a few that all posts share."""
        return f"tag{self.key[-1]}"

    @property
    def text(self) -> str:
        return f"{self.key} #{self.hashtag}"

    @property
    def body(self) -> Json:
        """The body of every request for it."""
        body: Json = {"text": self.text}
        if self.reply_to and self.reply_to.id:
            body["reply_to_post_id"] = self.reply_to.id
        if self.picture:
            body["media_ids"] = [self.picture.id]
        return body


@dataclass
class History:
    """All requests of a group of users. A relation is None if its state is unknown."""

    graph: Graph
    user_ids: list[str]
    posts: list[Post] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    relations: dict[Relation, bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for follower, followee in self.graph.follows:
            self.relations["follow", follower, self.user_ids[followee]] = True

    @property
    def unconfirmed(self) -> list[Post]:
        """Posts without a response: each either exists completely or does not exist."""
        return [post for post in self.posts if post.id is None]

    def either_blocks(self, one: int, other: int) -> bool | None:
        """Whether one of the two blocks the other. None if unknown."""
        pairs = ((one, self.user_ids[other]), (other, self.user_ids[one]))
        known = [self.relations.get(("block", *pair), False) for pair in pairs]
        return True if True in known else None if None in known else False

    def blocked(self, who: int) -> list[int]:
        """The users whom a user blocks, as far as is known."""
        blocks = self.pairs("block", True)
        return [n for n, whom in enumerate(self.user_ids) if (who, whom) in blocks]

    def may_be_refused(self, post: Post) -> bool:
        """Whether a block may forbid the author to reply to that post."""
        asked = post.reply_to
        return asked is not None and self.either_blocks(post.author, asked.author) is not False

    def end_follows(self, one: int, other: int, *, certain: bool) -> None:
        """Ends the follows in both directions after a block; unless certain, they are unknown."""
        for who, whom in ((one, other), (other, one)):
            relation: Relation = ("follow", who, self.user_ids[whom])
            if self.relations.get(relation):
                self.relations[relation] = False if certain else None

    def pairs(self, verb: Verb, state: bool | None) -> set[tuple[int, str]]:
        """The actors and objects of the relations in that state."""
        return {(who, what) for (relation, who, what), is_so in self._of(verb) if is_so is state}

    def _of(self, verb: Verb) -> Iterator[tuple[Relation, bool | None]]:
        return (
            (relation, is_so) for relation, is_so in self.relations.items() if relation[0] == verb
        )

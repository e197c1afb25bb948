"""What clients asked for and what they were told: the history that a stack has to live up to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from local.graph import Graph

Verb = Literal["like", "follow", "block"]
Tie = tuple[Verb, int, str]  # who, and the id of the post or the person


@dataclass(eq=False)
class Post:
    """A post that somebody asked for. Its text is its key, so that it is known wherever it is."""

    key: str
    author: int
    reply_to: Post | None
    id: str | None = None  # None while nobody knows of one
    told: bool = False  # whether who wrote it was told so at once

    @property
    def body(self) -> dict[str, str]:
        """What was sent, each time."""
        reply = {"reply_to_post_id": self.reply_to.id} if self.reply_to else {}
        return {"text": self.key, **{name: value for name, value in reply.items() if value}}


@dataclass
class History:
    """Everything asked for by a group of people. None for a tie means that nobody knows."""

    graph: Graph
    people: list[str]  # their ids
    posts: list[Post] = field(default_factory=list)
    ties: dict[Tie, bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for follower, followee in self.graph.follows:
            self.ties["follow", follower, self.people[followee]] = True

    @property
    def doubtful(self) -> list[Post]:
        """Posts that nobody was told about: each may be there, whole, or not at all."""
        return [post for post in self.posts if post.id is None]

    def apart(self, one: int, other: int) -> bool | None:
        """Whether a block stands between two people. None if nobody knows."""
        pairs = ((one, self.people[other]), (other, self.people[one]))
        known = [self.ties.get(("block", *pair), False) for pair in pairs]
        return True if True in known else None if None in known else False

    def blocked(self, who: int) -> list[int]:
        """Whom somebody blocks, as far as is known."""
        blocks = self.pairs("block", True)
        return [n for n, whom in enumerate(self.people) if (who, whom) in blocks]

    def cut_off(self, post: Post) -> bool:
        """Whether a block may keep its author from what the post answers."""
        asked = post.reply_to
        return asked is not None and self.apart(post.author, asked.author) is not False

    def sever(self, one: int, other: int, *, certain: bool) -> None:
        """A block ends follows both ways, or may have."""
        for who, whom in ((one, other), (other, one)):
            tie: Tie = ("follow", who, self.people[whom])
            if self.ties.get(tie):
                self.ties[tie] = False if certain else None

    def pairs(self, verb: Verb, state: bool | None) -> set[tuple[int, str]]:
        """Who stands so with what, as far as clients know."""
        return {(who, what) for (tie, who, what), is_so in self._of(verb) if is_so is state}

    def _of(self, verb: Verb) -> Iterator[tuple[Tie, bool | None]]:
        return ((tie, is_so) for tie, is_so in self.ties.items() if tie[0] == verb)

"""Random posts, accounts, viewers and queries, the same for every engine."""

import random
from collections.abc import Sequence
from dataclasses import replace

from services.search.domain.posts.model import (
    AudienceLimit,
    Counts,
    Delete,
    IndexedPost,
    PostChange,
    SetAccount,
    SetCounts,
    Upsert,
    Viewer,
    Visibility,
)
from services.search.domain.query.model import (
    All,
    Among,
    AtLeast,
    ByAuthors,
    Either,
    Expression,
    IdRange,
    Not,
    Phrase,
    Term,
    Word,
)

USERS = range(1, 13)
# Frequent words and rare ones, and some that PostgreSQL must quote.
WORDS = ["the", "the", "the", "a", "cat", "cat", "o'neil", "back\\slash", "'", "漢字", "run", "zoo"]
TERMS = ["has:media", "has:media", "is:reply", "lang:en", "lang:tr", "#cat", "~run", "host:a.b\\'"]


class Chance:
    """Draws from one seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def post(self, post_id: int) -> IndexedPost:
        dice = self.dice
        author_id = dice.choice(USERS)
        visibility = dice.choices(list(Visibility), [6, 2, 1])[0]
        return IndexedPost(
            post_id=post_id,
            author_id=author_id,
            revision=dice.randint(1, 3),
            language=dice.choice(["en", "tr", "und"]),
            visibility=visibility,
            addressed=frozenset(dice.sample(USERS, dice.choice([0, 0, 1, 2]))),
            limits=tuple(self._limit() for _ in range(dice.choice([0, 0, 0, 1, 2]))),
            words=tuple(
                dice.choice(["", *WORDS]) for _ in range(dice.choice([0, 1, 2, 3, 5, 8, 13]))
            ),
            terms=frozenset([f"from:{author_id}", *dice.sample(TERMS, dice.choice([0, 1, 2, 3]))]),
            marks=bytes([dice.randrange(256) for _ in range(4)]),
            counts=self.counts(),
        )

    def _limit(self) -> AudienceLimit:
        visibility = self.dice.choices(list(Visibility), [6, 2, 1])[0]
        addressed = () if visibility is Visibility.PUBLIC else self.dice.sample(USERS, 2)
        return AudienceLimit(
            self.dice.choice(USERS), visibility, frozenset(addressed), self.dice.random() < 0.2
        )

    def counts(self) -> Counts:
        return Counts(*self.dice.choices([0, 0, 1, 2, 10, 1000], k=4))

    def change(self, posts: Sequence[IndexedPost]) -> PostChange:
        """A change that may come late, twice or out of order."""
        dice = self.dice
        post = dice.choice(posts)
        match dice.randrange(8):
            case 0:
                return Delete(post.post_id)
            case 1:
                return SetAccount(
                    dice.choice(USERS),
                    dice.randint(1, 9),
                    dice.random() < 0.5,
                    dice.random() < 0.05,
                )
            case 2 | 3:
                return SetCounts(post.post_id, self.counts())
            case _:
                other = self.post(post.post_id)
                return Upsert(replace(other, author_id=post.author_id))

    def viewer(self) -> Viewer:
        dice = self.dice
        if dice.random() < 0.2:
            return Viewer()
        user_id = dice.choice(USERS)
        others = [each for each in USERS if each != user_id]
        blocked = frozenset(dice.sample(others, dice.choice([0, 0, 1])))
        return Viewer(
            user_id,
            following=frozenset(dice.sample(others, dice.choice([0, 2, 6]))) - blocked,
            blocked=blocked,
            muted=frozenset(dice.sample(others, dice.choice([0, 0, 2]))),
            named_author_ids=frozenset(dice.sample(others, dice.choice([0, 1]))),
        )

    def expression(self, posts: Sequence[IndexedPost], depth: int = 0) -> Expression:
        dice = self.dice
        if depth < 3 and dice.random() < (0.75 if depth == 0 else 0.4):
            kind = dice.choice([All, All, Either])
            return kind(tuple(self.expression(posts, depth + 1) for _ in range(dice.randint(2, 3))))
        if dice.random() < 0.15:
            return Not(self.expression(posts, depth + 1))
        return self._leaf(posts)

    def _leaf(self, posts: Sequence[IndexedPost]) -> Expression:
        dice = self.dice
        match dice.randrange(14):
            case 0 | 1 | 2 | 3 | 4:
                return Word(dice.choice([*WORDS, "nobody wrote this"]))
            case 5:
                return Phrase(tuple(dice.choices(WORDS, k=dice.randint(2, 3))))
            case 6 | 7 | 8:
                return Term(dice.choice([*TERMS, f"from:{dice.choice(USERS)}"]))
            case 9:
                return AtLeast(
                    dice.choice(["likes", "replies", "quotes"]), dice.choice([1, 2, 500])
                )
            case 10 | 11:
                ends = sorted(dice.choice(posts).post_id for _ in range(2))
                return IdRange(ends[0], ends[1])
            case 12:
                some = dice.sample(posts, dice.choice([0, 1, 60]))
                return Among(frozenset(each.post_id for each in some))
            case _:
                return ByAuthors(frozenset(dice.sample(USERS, dice.choice([0, 1, 5]))))

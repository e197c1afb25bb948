"""A database of the Post service without a stack: its users, its posts, and what calls them."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.ids import BUCKETS
from services.chassis.storage.idempotency import RequestKey
from services.chassis.storage.postgres import Database
from services.post.adapters.postgres import PostgresStore
from services.post.domain.model import OPEN_ACCOUNT, EngagementKind, Post
from services.post.domain.store import NewPost

# A PostCreated of a text of 88 characters, and the answer that is kept for a repetition.
EVENT_BYTES, RESPONSE_BYTES = 400, 600
TEXT = "x" * 88
# The places of the bucket and of the time in an id.
_BUCKET, _TIME = 13, 22


class PostDatabase:
    """A store with posts of some users, spread over all buckets."""

    def __init__(self, database: Database, *, users: int, seed: int = 11) -> None:
        self._store = PostgresStore(database)
        self._dice = random.Random(seed)
        self._moments = itertools.count(1_000_000)
        self.users = [self._id(self._dice.randrange(BUCKETS)) for _ in range(users)]
        self.posts: list[Post] = []
        self._turns = itertools.count()
        self._likes = itertools.count()

    async def post(self) -> None:
        """A post of the next user, with its idempotency record and its event."""
        author_id = self.users[next(self._turns) % len(self.users)]
        post_id = self._id(self._bucket(author_id))
        post = Post(
            id=post_id,
            author_id=author_id,
            text=TEXT,
            conversation_id=post_id,
            create_time=datetime.now(UTC),
        )
        await self._store.create(
            NewPost(
                post,
                OPEN_ACCOUNT,
                OutboxMessage(
                    topic="bench",
                    key=str(author_id),
                    type="PostCreated",
                    payload=b"e" * EVENT_BYTES,
                ),
                RequestKey(str(author_id), f"bench-{post_id}", b"f" * 32),
                b"r" * RESPONSE_BYTES,
            )
        )
        self.posts.append(post)

    async def like(self) -> None:
        """A like that does not exist yet."""
        turn = next(self._likes)
        post = self.posts[turn % len(self.posts)]
        # In each round of all posts another user likes each of them.
        user_id = self.users[(turn + turn // len(self.posts)) % len(self.users)]
        async with self._store.transaction() as transaction:
            await transaction.engage(
                EngagementKind.LIKE,
                user_id=user_id,
                account=OPEN_ACCOUNT,
                post_id=post.id,
                author_id=post.author_id,
                engagement_id=self._id(self._bucket(user_id)),
            )

    async def home(self) -> None:
        """20 posts with their states, as a home without caches reads them."""
        ids = [post.id for post in self._dice.sample(self.posts, 20)]
        await self._store.posts(ids)
        await self._store.states(ids, self._dice.choice(self.users))

    async def list_of(self, author_id: int) -> int:
        """The first page of an author's posts, its ids; returns their number."""
        page = await self._store.entries(author_id, include_replies=False, before=0, limit=21)
        return len(page)

    def _id(self, bucket: int) -> int:
        return next(self._moments) << _TIME | bucket << _BUCKET

    @staticmethod
    def _bucket(id_: int) -> int:
        return id_ >> _BUCKET & (BUCKETS - 1)

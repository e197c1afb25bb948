"""Searches for posts: parse, resolve, find, and rank where the order is TOP."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, NamedTuple, TypeVar

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import MAX_ID
from services.search.domain.posts.index import PostIndex
from services.search.domain.posts.model import ANONYMOUS, Found, Viewer
from services.search.domain.posts.ranking import (
    MAX_CANDIDATES,
    TopPosition,
    candidates_below,
    position_after,
    rank,
)
from services.search.domain.query.model import (
    All,
    Bookmarks,
    Either,
    Expression,
    Not,
    Term,
    Users,
)
from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve
from services.search.domain.searches.shares import Shares
from services.search.domain.viewers import Viewers

P = TypeVar("P")


class PostPage(NamedTuple, Generic[P]):
    """Found posts, and where the next page begins; None and 0 on the last page."""

    expression: Expression
    posts: Sequence[Found]
    next_position: P | None = None
    next_post_id: int = 0


class PostSearch:
    """Finds posts for viewers. Every method raises Unavailable if the index, or the relations of a
    signed-in viewer, cannot be read. Those with a viewer raise RateLimited; see shares."""

    def __init__(
        self,
        *,
        index: PostIndex,
        users: Users,
        bookmarks: Bookmarks,
        viewers: Viewers,
        clock: Clock,
    ) -> None:
        self._index = index
        self._users = users
        self._bookmarks = bookmarks
        self._viewers = viewers
        self._clock = clock
        self._shares = Shares()

    async def latest(
        self, text: str, viewer_id: int | None, *, below: int | None, size: int
    ) -> PostPage[int]:
        """The matches below an id, newest first. Raises QueryInvalid, QueryTooCostly, and
        Unauthenticated."""
        expression, viewer = await self._resolve(text, viewer_id)
        return await self._newest(expression, viewer, below=below, size=size)

    async def top(
        self, text: str, viewer_id: int | None, *, after: TopPosition | None, size: int
    ) -> PostPage[TopPosition]:
        """The best of the newest matches after a position; see ranking. Raises what `latest`
        raises."""
        expression, viewer = await self._resolve(text, viewer_id)
        as_of = self._clock.now() if after is None else after.as_of
        found = await self._find(
            expression, viewer, below=candidates_below(as_of), limit=MAX_CANDIDATES
        )
        ranked = rank(found, expression, viewer, as_of)
        rest = [each for each in ranked if after is None or after.precedes(each)]
        posts = [each.post for each in rest[:size]]
        if len(rest) <= size:
            return PostPage(expression, posts)
        last, following = rest[size - 1], rest[size]
        return PostPage(expression, posts, position_after(last, as_of), following.post.post_id)

    async def with_tag(
        self,
        tag: str,
        viewer_id: int | None,
        *,
        only_media: bool,
        below: int | None,
        size: int,
    ) -> PostPage[int]:
        """The posts with a folded hashtag, newest first."""
        viewer = await self._viewers.get(viewer_id)
        tagged = Term(f"#{tag}")
        expression = All((tagged, Term("has:media"))) if only_media else tagged
        return await self._newest(expression, viewer, below=below, size=size)

    async def public_with_tags(
        self, tags: Sequence[str], *, below: int | None, limit: int
    ) -> list[Found]:
        """The posts with any of the folded hashtags that everyone may see and that reply to
        nothing, newest first."""
        terms = tuple(Term(f"#{each}") for each in dict.fromkeys(tags))
        tagged = terms[0] if len(terms) == 1 else Either(terms)
        expression = All((tagged, Not(Term("is:reply"))))
        return await self._index.find(expression, ANONYMOUS, below=below or MAX_ID, limit=limit)

    async def _newest(
        self, expression: Expression, viewer: Viewer, *, below: int | None, size: int
    ) -> PostPage[int]:
        found = await self._find(expression, viewer, below=below or MAX_ID, limit=size + 1)
        posts = found[:size]
        if len(found) <= size:
            return PostPage(expression, posts)
        return PostPage(expression, posts, posts[-1].post_id, found[size].post_id)

    async def _find(
        self, expression: Expression, viewer: Viewer, *, below: int, limit: int
    ) -> list[Found]:
        async with self._shares.place(viewer.user_id):
            return await self._index.find(expression, viewer, below=below, limit=limit)

    async def _resolve(self, text: str, viewer_id: int | None) -> tuple[Expression, Viewer]:
        # A query with a fault costs no call.
        query = parse(text)
        viewer = await self._viewers.get(viewer_id)
        resolved = await resolve(
            query,
            users=self._users,
            bookmarks=self._bookmarks,
            viewer_id=viewer.user_id,
            following=viewer.following,
        )
        return resolved.expression, replace(viewer, named_author_ids=resolved.named_author_ids)

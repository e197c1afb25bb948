"""Who may find a post: the Search service decides as the Post service does, over all combinations.

The services may not import each other, so this test compares them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

from services.post.domain import model as post_model
from services.post.domain.visibility import Audience
from services.post.domain.visibility import can_see as by_post_service
from services.post.rpc.read_cache.profile_cache import CachedProfile, RelationshipFlags
from services.search.domain.posts.model import (
    Account,
    AudienceLimit,
    IndexedPost,
    Viewer,
    Visibility,
)
from services.search.domain.posts.visibility import can_find, can_see

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
NOBODY, AUTHOR, VIEWER, ABOVE, FURTHER, OTHER = 0, 1, 2, 3, 4, 9
BOTH = (False, True)


@dataclass(frozen=True)
class Part:
    """The post, or one above it, with the present state of its author."""

    visibility: Visibility = Visibility.PUBLIC
    protected: bool = False
    deleted: bool = False
    following: bool = False
    addressed: bool = False
    blocked: bool = False
    was_protected: bool = False
    viewers_own: bool = False


@dataclass(frozen=True)
class Case:
    """A post below others, the nearest last, and its viewer."""

    post: Part
    above: tuple[Part, ...] = ()
    viewer_id: int = VIEWER

    def authors(self) -> dict[int, Part]:
        author_id = self.viewer_id if self.post.viewers_own else AUTHOR
        own = {author_id: self.post}
        return own | {
            self.author_above(id_, part): part
            for id_, part in zip((ABOVE, FURTHER), self.above, strict=False)
        }

    def author_above(self, id_: int, part: Part) -> int:
        return self.viewer_id if part.viewers_own else id_

    def addressed(self, part: Part) -> frozenset[int]:
        return frozenset({self.viewer_id if part.addressed and self.viewer_id else OTHER})

    def as_the_post_service(self) -> bool:
        profiles = {
            id_: CachedProfile(
                id_,
                f"p{id_}",
                part.protected,
                NOON,
                RelationshipFlags(part.following and self.viewer_id != 0, False, part.blocked),
                b"",
            )
            for id_, part in self.authors().items()
            if not part.deleted
        }
        limits = tuple(
            post_model.AudienceLimit(
                self.author_above(id_, part),
                post_model.Visibility(part.visibility),
                tuple(self.addressed(part)),
                part.was_protected,
            )
            for id_, part in zip((ABOVE, FURTHER), self.above, strict=False)
        )
        audience = Audience(
            next(iter(self.authors())),
            post_model.Visibility(self.post.visibility),
            self.addressed(self.post),
            limits=limits,
        )
        return by_post_service(audience, profiles, self.viewer_id)

    def as_the_search_service(self) -> bool:
        return can_see(self.indexed(), self.accounts(), self.viewer())

    def indexed(self) -> IndexedPost:
        return IndexedPost(
            post_id=10,
            author_id=next(iter(self.authors())),
            revision=1,
            language="en",
            visibility=self.post.visibility,
            addressed=self.addressed(self.post),
            limits=tuple(
                AudienceLimit(
                    self.author_above(id_, part),
                    part.visibility,
                    self.addressed(part),
                    part.was_protected,
                )
                for id_, part in zip((ABOVE, FURTHER), self.above, strict=False)
            ),
        )

    def accounts(self) -> dict[int, Account]:
        return {
            id_: Account(part.protected, part.deleted)
            for id_, part in self.authors().items()
            if part.protected or part.deleted
        }

    def viewer(self) -> Viewer:
        if self.viewer_id == NOBODY:
            return Viewer()
        authors = self.authors().items()
        return Viewer(
            self.viewer_id,
            following=frozenset(id_ for id_, part in authors if part.following),
            blocked=frozenset(id_ for id_, part in authors if part.blocked),
        )


ALONE = [Part(visibility, *flags) for visibility in Visibility for flags in product(BOTH, repeat=5)]
ABOVE_ONE = [
    Part(visibility, protected, deleted, following, addressed, False, was_protected, viewers_own)
    for visibility in Visibility
    for protected, deleted, following, addressed, was_protected, viewers_own in product(
        BOTH, repeat=6
    )
]


def test_both_services_decide_alike_about_a_post_that_answers_nothing() -> None:
    cases = [Case(post, viewer_id=viewer_id) for post in ALONE for viewer_id in (NOBODY, VIEWER)]

    assert [
        each for each in cases if each.as_the_post_service() != each.as_the_search_service()
    ] == []


def test_both_services_decide_alike_about_own_posts() -> None:
    cases = [Case(Part(visibility, viewers_own=True)) for visibility in Visibility]

    assert all(each.as_the_post_service() and each.as_the_search_service() for each in cases)


def test_both_services_decide_alike_below_one_post() -> None:
    cases = [
        Case(post, (above,), viewer_id)
        for post, above in product(ALONE, ABOVE_ONE)
        for viewer_id in (NOBODY, VIEWER)
        if viewer_id or not above.viewers_own
    ]

    assert [
        each for each in cases if each.as_the_post_service() != each.as_the_search_service()
    ] == []


def test_both_services_decide_alike_below_two_posts() -> None:
    cases = [
        Case(Part(), (further, above), viewer_id)
        for further, above in product(ABOVE_ONE, repeat=2)
        for viewer_id in (NOBODY, VIEWER)
        if not (further.viewers_own and above.viewers_own)
        if viewer_id or not (further.viewers_own or above.viewers_own)
    ]

    assert [
        each for each in cases if each.as_the_post_service() != each.as_the_search_service()
    ] == []


def test_muted_authors_are_found_only_if_the_query_names_them() -> None:
    post = Case(Part()).indexed()

    assert not can_find(post, {}, Viewer(VIEWER, muted=frozenset({AUTHOR})))
    assert can_find(
        post,
        {},
        Viewer(VIEWER, muted=frozenset({AUTHOR}), named_author_ids=frozenset({AUTHOR})),
    )


def test_naming_a_blocked_author_finds_nothing() -> None:
    post = Case(Part()).indexed()
    named = frozenset({AUTHOR})

    assert not can_find(post, {}, Viewer(VIEWER, blocked=named, named_author_ids=named))

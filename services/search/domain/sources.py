"""Posts and users as the services that own them report them, and how they are read again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from services.search.domain.analysis.model import Entity
from services.search.domain.posts.document import PostFacts
from services.search.domain.posts.model import Counts

# Of a medium that was deleted: no version that a post shows is as high.
DELETED_MEDIUM = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePost:
    """A post in one revision."""

    # The language is empty in posts that were written by older releases.
    facts: PostFacts
    text: str
    entities: tuple[Entity, ...] = ()
    # The media with a description, in the order of the post.
    alt_texts: tuple[tuple[int, str], ...] = ()
    # The version of each medium that the post shows.
    medium_versions: Mapping[int, int] = field(default_factory=dict)

    def shows(self, medium_id: int, version: int) -> bool:
        """Whether the post shows the medium in this version or a later one, or not at all."""
        return self.medium_versions.get(medium_id, version) >= version


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUser:
    """A profile in one version."""

    user_id: int
    handle: str
    display_name: str
    bio: str
    protected: bool
    update_time: datetime
    followers_count: int


class PostPage(NamedTuple):
    """Posts by ascending id."""

    posts: Sequence[SourcePost]
    # The last id of the page, also if it could not be read; 0 for an empty page.
    last_id: int
    has_more: bool
    # About how many posts there are; only on the first page.
    total_estimate: int = 0


class UserPage(NamedTuple):
    """Users by ascending id."""

    users: Sequence[SourceUser]
    has_more: bool


class PostSource(Protocol):
    """The Post service. Every method raises Unavailable where it does not answer."""

    async def scan(self, after_id: int, limit: int) -> PostPage:
        """The next live posts above this id, of any audience."""
        ...

    async def find(self, post_ids: Collection[int]) -> Mapping[int, SourcePost]:
        """Those of the posts that exist and are not deleted."""
        ...

    async def counts(self, post_ids: Collection[int]) -> Mapping[int, Counts]:
        """The counts of those of the posts that exist and are not deleted."""
        ...


class UserSource(Protocol):
    """The User service. Every method raises Unavailable where it does not answer."""

    async def scan(self, after_id: int, limit: int) -> UserPage:
        """The next users above this id."""
        ...

    async def find(self, user_ids: Collection[int]) -> Mapping[int, SourceUser]:
        """Those of the users who exist."""
        ...

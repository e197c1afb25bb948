"""What a search finds: ids of the Search service, with the bodies of the services that own them."""

from collections.abc import Sequence
from typing import NamedTuple

from roost.search.v1.search_pb2 import HashtagUse, MatchedRange, PostMatch, PostOrder, UserField
from roost.search.v1.search_service_pb2 import (
    SearchPostsRequest,
    SearchUsersRequest,
    TypeaheadRequest,
)
from roost.user.v1.user_pb2 import User

from gateway.core import rules
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated, hydrate_posts, hydrate_users
from gateway.core.pipeline import Page, Skeleton, read_page


class FoundPost(NamedTuple):
    """A post that was found, and the parts of it that match."""

    post_id: int
    # Of the text that was indexed; 0 where only what follows the page is known.
    revision: int = 0
    ranges: tuple[MatchedRange, ...] = ()

    def shown_ranges(self, revision: int) -> Sequence[MatchedRange]:
        """The parts, if this revision is the one that was indexed; else none."""
        return self.ranges if revision == self.revision else ()


class FoundUser(NamedTuple):
    """A user who was found, and the field that matches."""

    user_id: int
    field: UserField = UserField.USER_FIELD_UNSPECIFIED


Suggestion = User | HashtagUse


async def posts(
    backends: Backends, *, query: str, order: PostOrder, token: str, size: int
) -> Page[FoundPost]:
    """A page of posts: two calls, and more only where found posts are hidden by now."""

    async def found(token: str, size: int) -> Skeleton[FoundPost]:
        response = await backends.search.SearchPosts(
            SearchPostsRequest(query=query, order=order, page_size=size, page_token=token)
        )
        following = response.next_post_id
        return Skeleton(
            [
                _found(post_id, match)
                for post_id, match in zip(response.post_ids, response.matches, strict=True)
            ],
            response.next_page_token,
            next_entry=FoundPost(following) if following else None,
        )

    async def bodies(entries: Sequence[FoundPost]) -> Hydrated:
        return await hydrate_posts(backends, [each.post_id for each in entries])

    return await read_page(found, _is_visible, token=token, size=size, hydrate=bodies)


async def users(backends: Backends, *, query: str, token: str, size: int) -> Page[FoundUser]:
    """A page of users: two calls, and more only where found users are hidden by now."""

    async def found(token: str, size: int) -> Skeleton[FoundUser]:
        response = await backends.search.SearchUsers(
            SearchUsersRequest(query=query, page_size=size, page_token=token)
        )
        following = response.next_user_id
        return Skeleton(
            [
                FoundUser(user_id, match.field)
                for user_id, match in zip(response.user_ids, response.matches, strict=True)
            ],
            response.next_page_token,
            next_entry=FoundUser(following) if following else None,
        )

    async def bodies(entries: Sequence[FoundUser]) -> Hydrated:
        return await hydrate_users(backends, [each.user_id for each in entries])

    return await read_page(found, _is_there, token=token, size=size, hydrate=bodies)


async def suggestions(backends: Backends, *, query: str, size: int) -> list[Suggestion]:
    """Users and hashtags that begin with what was typed: two calls, one where no user does."""
    response = await backends.search.Typeahead(TypeaheadRequest(query=query, page_size=size))
    found = await hydrate_users(
        backends, [each.user_id for each in response.suggestions if each.HasField("user_id")]
    )
    shown: list[Suggestion] = []
    for each in response.suggestions:
        if each.HasField("hashtag"):
            shown.append(each.hashtag)
        elif each.user_id in found.users:
            shown.append(found.users[each.user_id])
    return shown


def _found(post_id: int, match: PostMatch) -> FoundPost:
    return FoundPost(post_id, match.revision, tuple(match.ranges))


def _is_visible(entry: FoundPost, found: Hydrated) -> bool:
    """The rule of found posts. Mutes are the Search service's: a query may name a muted author."""
    return rules.readable(entry.post_id, found)


def _is_there(entry: FoundUser, found: Hydrated) -> bool:
    return entry.user_id in found.users

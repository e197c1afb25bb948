"""Search for posts, users and hashtags, and suggestions while one types."""

from typing import Any

from roost.search.v1 import search_pb2

from gateway.api.hashtags import queries as hashtags
from gateway.api.hashtags.rest import HASHTAGS
from gateway.api.search import queries
from gateway.api.search.queries import FoundPost, FoundUser
from gateway.api.search.requests import (
    PostOrderName,
    SearchNamesQuery,
    SearchPostsQuery,
    TypeaheadQuery,
)
from gateway.core.pipeline import Page
from gateway.protocols.rest.context import NoBody, PageKind, RequestContext, Response, place
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation, search_shapes
from gateway.views import search as views
from gateway.views.search_shapes import (
    FoundPostPage,
    FoundUserPage,
    HashtagPage,
    HashtagSuggestion,
    Suggestions,
    UserSuggestion,
)


def _posts_on(
    context: RequestContext[Any, Any], page: Page[FoundPost]
) -> list[search_shapes.FoundPost]:
    presenter = context.presenter(page.hydrated)
    shown = []
    for entry in page.entries:
        message = page.hydrated.posts[entry.post_id]
        matches = views.matches(entry.revision, entry.shown_ranges(message.revision))
        shown.append(search_shapes.FoundPost(presenter.message(message), matches))
    return shown


def _users_on(_: RequestContext[Any, Any], page: Page[FoundUser]) -> list[search_shapes.FoundUser]:
    people = presentation.people(page.hydrated.users[each.user_id] for each in page.entries)
    return [
        search_shapes.FoundUser(person, views.matched_field(entry.field))
        for person, entry in zip(people, page.entries, strict=True)
    ]


_FOUND_POSTS = PageKind(FoundPostPage, _posts_on)
_FOUND_USERS = PageKind(FoundUserPage, _users_on)

search = Routes("Search", "Finding posts, users and hashtags.")

_NAME_REASONS = ("QUERY_INVALID", "TEXT_EMPTY", "TEXT_TOO_LONG", "TEXT_INVALID")

_ORDER: dict[PostOrderName, search_pb2.PostOrder] = {
    "top": search_pb2.POST_ORDER_TOP,
    "latest": search_pb2.POST_ORDER_LATEST,
}


@search.get(
    "/search/posts",
    access=ANYONE,
    reasons=(
        "QUERY_INVALID",
        "QUERY_TOO_COSTLY",
        "TEXT_EMPTY",
        "TEXT_TOO_LONG",
        "TEXT_INVALID",
        "TOKEN_MISSING",
    ),
)
async def search_posts(
    context: RequestContext[SearchPostsQuery, NoBody],
) -> Response[FoundPostPage]:
    """Search for posts.

    A post is found by exactly those who may read it. Posts of users whom the caller mutes are found
    only where the query names them. `QUERY_INVALID` says in its `metadata` at which `column` the
    query goes wrong, which `token` stands there and what was `expected`. `TOKEN_MISSING` is about
    `in:`, which is of the caller.
    """
    return _FOUND_POSTS.response(
        context,
        await queries.posts(
            context.backends,
            query=context.query.q,
            order=_ORDER[context.query.order],
            **place(context),
        ),
    )


@search.get("/search/users", access=ANYONE, reasons=_NAME_REASONS)
async def search_users(
    context: RequestContext[SearchNamesQuery, NoBody],
) -> Response[FoundUserPage]:
    """Search for users by handle, name and bio.

    The exact handle first, then names that begin with the words, then bios.
    """
    return _FOUND_USERS.response(
        context,
        await queries.users(context.backends, query=context.query.q, **place(context)),
    )


@search.get("/search/hashtags", access=ANYONE, reasons=_NAME_REASONS)
async def search_hashtags(
    context: RequestContext[SearchNamesQuery, NoBody],
) -> Response[HashtagPage]:
    """Search for hashtags by their beginning, most used first.

    With or without the #.
    """
    return HASHTAGS.response(
        context,
        await hashtags.starting_with(context.backends, query=context.query.q, **place(context)),
    )


@search.get("/search/typeahead", access=ANYONE, reasons=_NAME_REASONS)
async def suggest(context: RequestContext[TypeaheadQuery, NoBody]) -> Response[Suggestions]:
    """Suggest users and hashtags while one types.

    Best first; users whom the caller follows come before others. Wait until the user pauses for
    some 150 ms before the next request: each takes one from the bucket `reads`.
    """
    found = await queries.suggestions(
        context.backends, query=context.query.q, size=context.query.limit
    )
    return Response(Suggestions([_suggestion(each) for each in found]))


def _suggestion(found: queries.Suggestion) -> UserSuggestion | HashtagSuggestion:
    if isinstance(found, search_pb2.HashtagUse):
        return HashtagSuggestion(views.hashtag_use(found))
    (person,) = presentation.people([found])
    return UserSuggestion(person)

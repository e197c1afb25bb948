"""Search for posts, users and hashtags, and suggestions while one types."""

from typing import Annotated

import strawberry
from strawberry.types import Info

from gateway.api.hashtags import queries as hashtags
from gateway.api.hashtags.types import HashtagUse, hashtags_on
from gateway.api.search import queries
from gateway.api.search.requests import (
    DEFAULT_SUGGESTIONS,
    MAX_SUGGESTIONS,
    SearchNamesQuery,
    SearchPostsQuery,
    TypeaheadQuery,
)
from gateway.api.search.types import (
    FoundPostConnection,
    FoundUserConnection,
    PostOrder,
    Suggestion,
    found_posts,
    found_users,
    suggestion,
)
from gateway.protocols.graphql.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    place,
)
from gateway.protocols.graphql.context import backends_of
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.mutation_results import validated

# A search costs its service more than a list does.
_COST = 20


@strawberry.type
class SearchQueries:
    """Fields of Query about searches."""

    @resolved(
        "The posts that match, as far as the caller may read them. Posts of users whom the caller "
        "mutes are found only where the query names them. QUERY_INVALID says in its metadata at "
        "which `column` the query goes wrong, which `token` stands there and what was `expected`.",
        cost=_COST,
    )
    async def search_posts(
        self,
        info: Info,
        query: Annotated[
            str,
            strawberry.argument(
                description="What to look for: words, and operators such as `from:alice`, "
                '`#roost`, `"a phrase"`, `-not`.'
            ),
        ],
        first: First = DEFAULT_FIRST,
        after: After = None,
        order: Annotated[
            PostOrder, strawberry.argument(description="How they are ordered.")
        ] = PostOrder.TOP,
    ) -> FoundPostConnection:
        asked = validated(SearchPostsQuery, q=query)
        wanted = place(first, after)
        page = await queries.posts(
            backends_of(info), query=asked.q, order=order.value, **wanted._asdict()
        )
        return found_posts(page, wanted)

    @resolved(
        "The users that match by handle, name or bio: the exact handle first, then names that "
        "begin with the words, then bios.",
        cost=_COST,
    )
    async def search_users(
        self,
        info: Info,
        query: Annotated[
            str,
            strawberry.argument(description="Words, or a handle with or without its @."),
        ],
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> FoundUserConnection:
        asked = validated(SearchNamesQuery, q=query)
        wanted = place(first, after)
        page = await queries.users(backends_of(info), query=asked.q, **wanted._asdict())
        return found_users(page, wanted)

    @resolved("The hashtags that begin with the query, most used first.", cost=_COST)
    async def search_hashtags(
        self,
        info: Info,
        query: Annotated[
            str, strawberry.argument(description="The beginning, with or without the #.")
        ],
        first: First = DEFAULT_FIRST,
        after: After = None,
    ) -> Connection[HashtagUse]:
        asked = validated(SearchNamesQuery, q=query)
        wanted = place(first, after)
        page = await hashtags.starting_with(backends_of(info), query=asked.q, **wanted._asdict())
        return connection(page, hashtags_on, wanted)

    @resolved(
        "Users and hashtags that begin with what was typed, best first: only users after an @, "
        "only hashtags after a #, else both.",
        cost=_COST,
    )
    async def typeahead(
        self,
        info: Info,
        query: Annotated[str, strawberry.argument(description="What was typed.")],
        first: Annotated[
            int,
            strawberry.argument(description=f"How many there are at most: 1 to {MAX_SUGGESTIONS}."),
        ] = DEFAULT_SUGGESTIONS,
    ) -> list[Suggestion]:
        asked = validated(TypeaheadQuery, q=query)
        wanted = place(first, None, most=MAX_SUGGESTIONS)
        found = await queries.suggestions(backends_of(info), query=asked.q, size=wanted.size)
        return [suggestion(each) for each in found]

"""Hashtags: their use, following them, and trends."""

from typing import Annotated

import strawberry
from strawberry.types import Info

from gateway.api.hashtags import acts, queries
from gateway.api.hashtags.acts import TagName
from gateway.api.hashtags.requests import TrendsQuery
from gateway.api.hashtags.types import (
    HashtagFollow,
    HashtagUse,
    Trends,
    followed_on,
)
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.connections import list_field
from gateway.protocols.graphql.context import backends_of, own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.mutation_results import validated


@strawberry.type
class HashtagQueries:
    """Fields of Query about hashtags."""

    @resolved("A hashtag and how it is used; zeros for one that nobody uses.")
    async def hashtag(self, info: Info, tag: TagName) -> HashtagUse:
        return HashtagUse(message=await queries.hashtag(backends_of(info), tag))

    @resolved(
        "The hashtags whose use rises most compared with their own past, by the number of their "
        "authors."
    )
    async def trends(
        self,
        info: Info,
        language: Annotated[
            str | None,
            strawberry.argument(
                description="Only posts in this language, an ISO 639 code; null for all."
            ),
        ] = None,
    ) -> Trends:
        asked = validated(TrendsQuery, language=language or "")
        return Trends(message=await queries.trends(backends_of(info), language=asked.language))

    followed_hashtags = list_field(
        "The hashtags that the caller follows, newest follow first.",
        HashtagFollow,
        queries.followed_by_caller,
        followed_on,
        services=own,
    )


@strawberry.type
class HashtagMutations:
    """Fields of Mutation about hashtags."""

    follow_hashtag = mutation(acts.FOLLOW_HASHTAG)
    unfollow_hashtag = mutation(acts.UNFOLLOW_HASHTAG)

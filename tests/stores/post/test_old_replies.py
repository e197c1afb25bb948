"""Replies that are older than the stored audiences of their ancestors."""

from services.chassis.storage import postgres
from services.post.adapters.postgres import PostgresStore
from services.post.domain.model import (
    AudienceLimit,
    Mention,
    Post,
    Visibility,
)
from tests.stores.post.conftest import Scenario


async def forget_limits(database: postgres.Database, *posts: Post) -> None:
    await database.execute(
        "UPDATE posts SET audience_limits = NULL WHERE id = ANY ($1::bigint[])",
        [post.id for post in posts],
    )


async def test_old_replies_are_limited_by_their_rows(
    database: postgres.Database,
) -> None:
    scenario = Scenario(PostgresStore(database))
    first = await scenario.post(scenario.alice)
    public = await scenario.post(scenario.bob, answers=first)
    closed = await scenario.post(
        scenario.bob,
        answers=first,
        visibility=Visibility.FOLLOWERS,
        entities=(Mention(0, 6, scenario.carol, "carol"),),
    )
    own = await scenario.post(scenario.alice, answers=first)
    await forget_limits(database, first, public, closed, own)

    found = await scenario.store.posts([first.id, public.id, closed.id, own.id])

    assert [found[each.id].limits for each in (first, public, closed, own)] == [
        (),
        (AudienceLimit(scenario.alice, Visibility.PUBLIC),),
        (AudienceLimit(scenario.alice, Visibility.FOLLOWERS, (scenario.carol,)),),
        (),
    ]

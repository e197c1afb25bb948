"""The SQL copies of the rules in domain/visibility.py agree with them, over all combinations."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

from services.post.domain.model import OPEN_ACCOUNT, AccountState, Post, Visibility
from services.post.domain.visibility import (
    belongs_on_homes,
    is_counted_as_quote,
    is_counted_as_reply,
    is_counted_on_profile,
)
from tests.builders.posts import START
from tests.stores.post.conftest import Scenario

PROTECTED = AccountState(True, START)
OPENED = AccountState(False, START + timedelta(hours=1))
PROTECTED_AGAIN = AccountState(True, START + timedelta(hours=2))


class Case:
    """A post of an author of its own, the post that it replies to, and the one that it quotes."""

    def __init__(self, author_id: int, post: Post, parent: Post | None, quoted: Post) -> None:
        self.author_id = author_id
        self.post = post
        self.parent = parent
        self.quoted = quoted


def combinations() -> Iterator[tuple[Visibility, str, bool, AccountState]]:
    yield from product(
        Visibility, ("nothing", "own", "other"), (False, True), (OPEN_ACCOUNT, PROTECTED)
    )


async def write(
    scenario: Scenario, visibility: Visibility, parent_of: str, quotes: bool, account: AccountState
) -> Case:
    author_id = scenario.numbers.user()
    quoted = await scenario.post(scenario.alice)
    parent = None
    if parent_of != "nothing":
        parent_author_id = author_id if parent_of == "own" else scenario.bob
        parent = await scenario.post(parent_author_id, visibility=Visibility.MENTIONED)
    post = await scenario.post(
        author_id,
        answers=parent,
        quotes=quoted if quotes else None,
        visibility=visibility,
        account=account,
    )
    return Case(author_id, post, parent, quoted)


async def check_counts(scenario: Scenario, case: Case, *, protected: bool) -> None:
    quotes = (await scenario.state(case.quoted)).quotes
    assert quotes == is_counted_as_quote(case.post, protected=protected), case.post
    if case.parent is not None:
        replies = (await scenario.state(case.parent)).replies
        assert replies == is_counted_as_reply(case.post, protected=protected), case.post


async def test_counts_of_replies_and_quotes_follow_the_rule(scenario: Scenario) -> None:
    for visibility, parent_of, quotes, account in combinations():
        case = await write(scenario, visibility, parent_of, quotes, account)

        await check_counts(scenario, case, protected=account.protected)
        targets = [each.id for each in (case.parent, case.quoted) if each]
        assert await scenario.store.recount(targets) == []


async def test_counts_follow_the_rule_after_the_account_changes(scenario: Scenario) -> None:
    for visibility, parent_of, quotes, account in combinations():
        case = await write(scenario, visibility, parent_of, quotes, account)

        for changed in (OPENED, PROTECTED_AGAIN):
            async with scenario.store.transaction() as transaction:
                await transaction.record_protection(case.author_id, changed)
                await transaction.align_posts(case.author_id, after=0, limit=100)
            await check_counts(scenario, case, protected=changed.protected)


async def test_a_deleted_post_is_not_counted(scenario: Scenario) -> None:
    for visibility, parent_of, quotes, account in combinations():
        case = await write(scenario, visibility, parent_of, quotes, account)

        await scenario.delete(case.post)

        deleted = (await scenario.store.posts([case.post.id]))[case.post.id]
        assert not is_counted_as_quote(deleted, protected=account.protected)
        assert (await scenario.state(case.quoted)).quotes == 0
        if case.parent is not None:
            assert (await scenario.state(case.parent)).replies == 0


async def test_homes_contain_the_posts_that_belong_there(scenario: Scenario) -> None:
    for visibility, parent_of, quotes, account in combinations():
        case = await write(scenario, visibility, parent_of, quotes, account)

        entries = await scenario.store.timeline_entries([case.author_id], before=0, limit=10)

        on_homes = case.post.id in {each.post_id for each in entries}
        assert on_homes == belongs_on_homes(case.post), case.post


async def test_a_profile_counts_the_posts_of_the_rule(scenario: Scenario) -> None:
    for visibility, parent_of, quotes, account in combinations():
        case = await write(scenario, visibility, parent_of, quotes, account)

        counts = await scenario.store.count_posts([case.author_id])
        assert counts.get(case.author_id, 0) == is_counted_on_profile(case.post), case.post

        await scenario.delete(case.post)
        deleted = (await scenario.store.posts([case.post.id]))[case.post.id]
        assert not is_counted_on_profile(deleted)
        assert case.author_id not in await scenario.store.count_posts([case.author_id])

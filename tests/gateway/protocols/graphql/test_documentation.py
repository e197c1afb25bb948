"""The queries in the documentation are run as they stand there."""

import pytest
from graphql import OperationType
from roost.notification.v1.notification_service_pb2 import CountUnreadResponse
from roost.post.v1.post_service_pb2 import CreatePostResponse
from roost.timeline.v1.timeline_service_pb2 import BatchGetFollowedHashtagsResponse
from roost.user.v1.auth_service_pb2 import IssueStreamTicketResponse

from gateway.api.events.subscriptions.subscription import Subscription
from gateway.api.schema import SCHEMA
from gateway.protocols.graphql.costs import MAX_COST
from gateway.protocols.graphql.documents import Documents
from gateway.protocols.graphql.limits import ANONYMOUS_LIMITS, USER_LIMITS, Limits
from gateway.protocols.graphql.requests import Request
from tests.gateway.api.test_home import Home
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.documentation import PAGE, SHOWN, SUBSCRIPTIONS
from tests.gateway.protocols.graphql.sending import post_id, sent, user_id
from tests.gateway.protocols.rest.test_fuzzing import last_page
from tests.gateway.route_cases import CASES
from tests.gateway.samples import (
    ALICE,
    BOB,
    includes,
    person,
    post,
)

# Their cases say what the services answer.
SEARCHES = {
    "search_posts",
    "search_users",
    "search_hashtags",
    "suggest",
    "list_trends",
    "get_hashtag",
    "list_hashtag_posts",
    "follow_hashtag",
    "list_followed_hashtags",
}
VARIABLES = {
    "ids": [post_id(100), user_id(BOB)],
    "id": post_id(100),
    "text": "Hello",
    "key": "k",
    "handle": "bob",
    "q": "heron",
    "tag": "roost",
}


def kind_of(text: str) -> OperationType:
    (operation,) = Documents(SCHEMA, introspection=False).read(text).operations
    return operation.kind


def variables_of(text: str) -> dict[str, object]:
    return {name: value for name, value in VARIABLES.items() if f"${name}:" in text}


@pytest.mark.parametrize("text", [each for each in SHOWN if not each.startswith("subscription")])
async def test_a_query_of_the_page_is_answered(
    alice: Client, services: FakeServices, text: str
) -> None:
    home = Home(services)
    home.add(100, BOB)
    home.add(101, BOB)
    services.answer("CountUnread", CountUnreadResponse(count=1))
    services.answer("IssueStreamTicket", IssueStreamTicketResponse(ticket="t", expires_in=30))
    mine = includes(person(ALICE))
    services.answer("CreatePost", CreatePostResponse(post=post(7, ALICE), includes=mine))

    for case in CASES:
        if case.name in SEARCHES:
            services.answer(case.rpc, last_page(case.answer))
    followed = BatchGetFollowedHashtagsResponse(tags=["roost"])
    services.answer("BatchGetFollowedHashtags", followed)

    answer = await sent(alice, text, **variables_of(text))

    assert "errors" not in answer.json(), answer.text
    for outcome in answer.json()["data"].values():
        assert not isinstance(outcome, dict) or outcome.get("error") is None


@pytest.mark.parametrize("text", SUBSCRIPTIONS)
def test_a_subscription_may_be_subscribed_to(text: str) -> None:
    document = Documents(SCHEMA, introspection=False).read(text)

    request = Request(query=text, variables=variables_of(text))

    subscription = Subscription(document, request, key="1")

    assert subscription.field in text


def test_the_page_shows_each_kind_of_operation() -> None:
    assert {kind_of(each) for each in SHOWN} == set(OperationType)


def test_the_page_names_the_limits_as_they_are() -> None:
    for name in Limits.__slots__:
        people, strangers = getattr(USER_LIMITS, name), getattr(ANONYMOUS_LIMITS, name)
        assert f"| {people:,} | {strangers:,} |" in PAGE, name
    assert f"| cost | {MAX_COST:,} | {MAX_COST:,} |" in PAGE


async def test_the_home_screen_costs_what_the_page_says(
    alice: Client, services: FakeServices
) -> None:
    Home(services).add(100, BOB)
    services.answer("CountUnread", CountUnreadResponse(count=1))

    answer = await sent(alice, SHOWN[0])

    assert answer.json()["extensions"]["cost"]["requested"] < 300

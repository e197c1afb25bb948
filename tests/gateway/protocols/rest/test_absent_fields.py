"""What a service leaves out is null, absent or empty, as the OpenAPI document says.

Nothing that the gateway answers is an id of 0 or a time in 1970.
"""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from google.protobuf.message import Message
from roost.notification.v1 import delivery_service_pb2 as delivery
from roost.notification.v1 import notification_service_pb2 as notifications
from roost.post.v1 import post_service_pb2 as posts
from roost.timeline.v1 import timeline_service_pb2 as timelines

from gateway.api.routes import SECTIONS
from gateway.api.versions import VERSIONS
from gateway.protocols.rest.context import NoContent
from gateway.protocols.rest.openapi import document
from gateway.protocols.rest.routes import Route
from gateway.views.version import Version
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.rest.test_routes import id_of, prepare, route_of
from tests.gateway.route_cases import CASES, Case
from tests.gateway.samples import (
    ALICE,
    BOB,
    includes,
    person,
    post,
    tombstone,
)

Json = dict[str, Any]
DOCUMENTS: dict[int, Json] = {version.number: document(version, SECTIONS) for version in VERSIONS}

# With as little as a service may say: fields that need not be set are not.
_INCLUDES = includes(person(ALICE), person(BOB))
_GONE = [tombstone(98), tombstone(99, answers=98)]
_QUOTING = post(101, ALICE, quoted_post_id=5)
SPARSE: dict[str, Message] = {
    "get_thread": posts.GetThreadResponse(ancestors=_GONE, post=_GONE[1], replies=_GONE),
    "list_replies": posts.ListRepliesResponse(posts=_GONE),
    "get_posts": posts.BatchGetPostsResponse(posts=[_QUOTING, *_GONE], includes=_INCLUDES),
    "get_post": posts.GetPostResponse(post=_QUOTING, includes=_INCLUDES),
    "get_read_marker": timelines.GetReadMarkerResponse(),
    "get_notifications_marker": notifications.GetReadMarkerResponse(),
    "get_email": delivery.GetEmailAddressResponse(),
}
SPARSE_CASES = [case for case in CASES if case.name in SPARSE]


def nothings(shown: Any, where: str = "") -> Iterator[str]:
    """Where the answer has a value that stands for none."""
    match shown:
        case dict():
            for name, value in shown.items():
                yield from nothings(value, f"{where}.{name}")
        case list():
            for number, value in enumerate(shown):
                yield from nothings(value, f"{where}[{number}]")
        case "0":
            yield where
        case str() if shown.startswith("1970-"):
            yield where


def schema_of(version: Version, route: Route) -> Json:
    """The schema of what the route answers where it succeeds."""
    page = DOCUMENTS[version.number]
    answer = page["paths"][route.path][route.method.lower()]["responses"][str(route.status)]
    schema: Json = answer["content"]["application/json"]["schema"]
    return schema | {"components": page["components"]}


async def check(client: Client, case: Case) -> None:
    route = route_of(case)
    answer = await client(case.method, case.path, **case.request)
    assert answer.status_code == route.status, answer.text
    if route.answer is NoContent:
        return
    assert list(nothings(answer.json())) == []
    jsonschema_rs.validator_for(schema_of(case.version, route)).validate(answer.json())


@pytest.mark.parametrize("case", CASES, ids=id_of)
async def test_every_answer_is_as_the_document_says(
    alice: Client, services: FakeServices, case: Case
) -> None:
    prepare(services, case)

    await check(alice, case)


def test_every_sparse_answer_is_of_a_route() -> None:
    assert {case.name for case in SPARSE_CASES} == SPARSE.keys()


@pytest.mark.parametrize("case", SPARSE_CASES, ids=id_of)
async def test_what_is_not_set_is_shown_as_nothing(
    stranger: Client, alice: Client, services: FakeServices, case: Case
) -> None:
    services.answer(case.rpc, SPARSE[case.name])

    await check(alice, case)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.prefix)
async def test_a_deleted_post_is_read_in_its_thread(
    stranger: Client, services: FakeServices, version: Version
) -> None:
    services.answer(
        "GetThread",
        posts.GetThreadResponse(
            ancestors=[post(98, BOB)],
            post=tombstone(99, answers=98),
            replies=[post(100, ALICE, reply_to_post_id=99, reply_to_author_id=BOB)],
            includes=_INCLUDES,
        ),
    )

    thread = (await stranger.get(f"{version.prefix}/posts/99/thread")).json()

    gone = thread["post"]
    assert (gone["id"], gone["deleted"], gone["author"]) == ("99", True, None)
    assert gone["reply_to"] == {"post_id": "98", "author_id": None}
    assert [each["id"] for each in thread["replies"]["items"]] == ["100"]

"""What `POST /graphql` promises as HTTP: types, statuses, known documents, and what may be kept."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import build_client_schema, get_introspection_query, print_schema
from roost.post.v1.engagement_service_pb2 import Engagement, LikeRequest, LikeResponse
from roost.post.v1.post_pb2 import PostCounts
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, BatchGetPostsResponse
from roost.user.v1.user_service_pb2 import GetUserResponse

from gateway.api.schema import SCHEMA
from gateway.protocols.graphql import trusted_documents as manifests
from gateway.protocols.graphql.trusted_documents import Manifest, ManifestInvalid, id_of
from gateway.settings import GatewaySettings
from services.chassis.runtime.errors import Unavailable
from tests.gateway.api.test_home import Home
from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.sending import (
    asked,
    post_id,
    refused,
    sent,
    user_id,
)
from tests.gateway.samples import (
    ALICE,
    BOB,
    includes,
    person,
    post,
)

ME = "query Me { me { handle followersCount } }"
LIKE = 'mutation { like(postId: "x") { error { reason } } }'
DOCUMENTS = Path(__file__).parents[4] / "docs" / "graphql"


@pytest.fixture
def trusted() -> list[str]:
    return [ME, LIKE]


@pytest.fixture(autouse=True)
def _me(services: FakeServices) -> None:
    services.answer("GetUser", GetUserResponse(user=person(ALICE)))


async def known(client: Client, text: str, **headers: str) -> Any:
    return await client("POST", "/graphql", json={"documentId": id_of(text)}, headers=headers)


async def test_the_cost_is_told(alice: Client) -> None:
    answer = await sent(alice, ME)

    assert answer.json()["extensions"] == {"cost": {"requested": 11, "most": 2000}}


@pytest.mark.parametrize(
    ("accept", "kind", "status"),
    [
        ("application/graphql-response+json", "application/graphql-response+json", 400),
        ("application/json", "application/json", 200),
        ("*/*", "application/json", 200),
        ("text/html, application/graphql-response+json;q=0.9", None, 400),
        ("application/graphql-response+json;q=0, application/json", "application/json", 200),
    ],
)
async def test_clients_get_the_type_that_they_take(
    alice: Client, accept: str, kind: str | None, status: int
) -> None:
    body = {"query": "{ nothing }"}

    answer = await alice("POST", "/graphql", json=body, headers={"accept": accept})

    assert answer.status_code == status
    assert answer.headers["content-type"] == kind or kind is None
    assert answer.json()["errors"][0]["extensions"]["reason"] == "DOCUMENT_INVALID"
    assert answer.json()["errors"][0]["locations"] == [{"line": 1, "column": 3}]


async def test_clients_that_take_no_json_are_refused(alice: Client) -> None:
    answer = await alice("POST", "/graphql", json={"query": ME}, headers={"accept": "text/csv"})

    assert (answer.status_code, answer.json()["reason"]) == (406, "NOT_ACCEPTABLE")


async def test_a_bad_token_is_refused_as_in_rest(stranger: Client) -> None:
    answer = await stranger(
        "POST", "/graphql", json={"query": ME}, headers={"authorization": "Bearer forged"}
    )

    assert (answer.status_code, answer.json()["reason"]) == (401, "TOKEN_INVALID")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ME, "documentId": id_of(ME)},
        {"query": "query A { me { id } } query B { me { id } }"},
    ],
    ids=["nothing", "both", "several operations"],
)
async def test_a_request_that_does_not_say_what_to_do_is_refused(
    alice: Client, services: FakeServices, body: dict[str, Any]
) -> None:
    with counted(services) as rpcs:
        answer = await alice("POST", "/graphql", json=body)

    assert answer.json()["errors"][0]["extensions"]["reason"] == "DOCUMENT_INVALID"
    assert rpcs == []


async def test_what_was_loaded_before_a_change_is_not_shown_after_it(
    alice: Client, services: FakeServices
) -> None:
    likes = 0

    def like(_: LikeRequest) -> LikeResponse:
        nonlocal likes
        likes += 1
        return LikeResponse(engagement=Engagement(post_id=100))

    def bodies(_: BatchGetPostsRequest) -> BatchGetPostsResponse:
        found = post(100, BOB, viewer=ALICE, counts=PostCounts(likes=likes))
        return BatchGetPostsResponse(posts=[found], includes=includes(person(BOB, viewer=ALICE)))

    services.answer("Like", like)
    services.answer("BatchGetPosts", bodies)
    seen = "result { post { counts { likes } } }"
    twice = f"a: like(postId: $id) {{ {seen} }} b: like(postId: $id) {{ {seen} }}"

    data = await asked(alice, f"mutation($id: ID!) {{ {twice} }}", id=post_id(100))

    assert [each["result"]["post"]["counts"]["likes"] for each in data.values()] == [1, 2]


async def test_the_operation_is_chosen_by_name(alice: Client) -> None:
    body = {"query": f"{ME} query Other {{ me {{ bio }} }}", "operationName": "Other"}

    answer = await alice("POST", "/graphql", json=body)

    assert answer.json()["data"] == {"me": {"bio": "Here."}}


async def test_variables_that_do_not_fit_are_refused(alice: Client) -> None:
    extensions = await refused(alice, "query($id: ID!) { post(id: $id) { id } }", id=None)

    assert extensions["reason"] == "DOCUMENT_INVALID"


async def test_nothing_guesses_what_was_meant(alice: Client) -> None:
    in_document = await sent(alice, "{ mee { handel } }")
    by_order = "query($o: HomeOrder) { homeTimeline(order: $o) { nodes { id } } }"
    in_variable = await sent(alice, by_order, o="LATE")

    for answer in (in_document, in_variable):
        assert answer.json()["errors"]
        assert "mean" not in answer.text


async def test_an_error_of_a_field_leaves_the_others(alice: Client) -> None:
    document = '{ me { handle } node(id: "x") { id } publicTimeline(first: 0) { nodes { id } } }'

    answer = await sent(alice, document)

    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert answer.json()["data"] == {
        "me": {"handle": "alice"},
        "node": None,
        "publicTimeline": None,
    }
    assert error["path"] == ["publicTimeline"]
    assert error["extensions"]["reason"] == "PARAMETER_INVALID"
    assert error["extensions"]["violations"][0]["field"] == "first"


async def test_a_change_that_fails_on_our_side_leaves_those_before_it(
    alice: Client, services: FakeServices
) -> None:
    services.answer("Like", LikeResponse(engagement=Engagement(post_id=100)))
    services.answer("Repost", Unavailable())
    changes = "like(postId: $id) { result { postId } } repost(postId: $id) { result { postId } }"

    answer = await sent(alice, f"mutation($id: ID!) {{ {changes} }}", id=post_id(100))

    assert answer.json()["data"] == {"like": {"result": {"postId": post_id(100)}}, "repost": None}
    assert answer.json()["errors"][0]["path"] == ["repost"]


async def test_what_nobody_foresaw_is_not_told(alice: Client, services: FakeServices) -> None:
    services.answer("GetUser", RuntimeError("a secret of ours"))

    answer = await sent(alice, ME)

    (error,) = answer.json()["errors"]
    assert error["extensions"]["reason"] == "INTERNAL"
    assert "secret" not in answer.text


async def test_a_known_document_is_asked_for_by_its_id(alice: Client) -> None:
    answer = await known(alice, ME)

    assert answer.json()["data"] == {"me": {"handle": "alice", "followersCount": 3}}


async def test_an_unknown_id_is_refused(alice: Client) -> None:
    answer = await known(alice, "query Unknown { me { id } }")

    assert answer.json()["errors"][0]["extensions"]["reason"] == "DOCUMENT_NOT_TRUSTED"


async def test_the_answer_of_a_known_query_may_be_asked_for_again(
    alice: Client, services: FakeServices
) -> None:
    first = await known(alice, ME)
    again = await known(alice, ME, **{"if-none-match": first.headers["etag"]})
    changed = person(ALICE)
    changed.followers_count = 4
    services.answer("GetUser", GetUserResponse(user=changed))
    other = await known(alice, ME, **{"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "authorization"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]


async def test_what_changes_or_was_typed_by_hand_is_not_kept(alice: Client) -> None:
    change, by_hand = await known(alice, LIKE), await sent(alice, ME)

    for answer in (change, by_hand):
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


class TestWhereOnlyKnownDocumentsAreTaken:
    @pytest.fixture
    def trusted_only(self) -> bool:
        return True

    async def test_others_are_refused(self, alice: Client, services: FakeServices) -> None:
        with counted(services) as rpcs:
            extensions = await refused(alice, ME)

        assert extensions["reason"] == "DOCUMENT_NOT_TRUSTED"
        assert rpcs == []

    async def test_known_ones_are_taken(self, alice: Client) -> None:
        assert "errors" not in (await known(alice, ME)).json()


class TestWhereTheSchemaMayBeAskedFor:
    @pytest.fixture
    def introspection(self) -> bool:
        return True

    async def test_tools_get_all_of_it(self, stranger: Client) -> None:
        data = await asked(stranger, get_introspection_query(input_value_deprecation=True))

        shown = print_schema(build_client_schema(data))
        assert "type Query" in shown


def test_the_manifest_of_the_documents_here_is_good(tmp_path: Path) -> None:
    written = manifests.manifest_of([DOCUMENTS], SCHEMA)
    path = tmp_path / "manifest.json"
    path.write_bytes(written)

    found = manifests.load(path, SCHEMA)

    texts = [each.read_text() for each in DOCUMENTS.glob("*.graphql")]
    assert len(texts) > 3
    for text in texts:
        assert len(found.find(id_of(text)).operations) == 1


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ({"sha256:00": ME}, "is not the id"),
        ({id_of("{ nothing }"): "{ nothing }"}, "nothing"),
        ({id_of("{"): "{"}, "Syntax Error"),
    ],
    ids=["another id", "no such field", "not GraphQL"],
)
def test_a_manifest_that_cannot_be_kept_is_refused_at_the_start(
    tmp_path: Path, documents: dict[str, str], said: str
) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(msgspec.json.encode(Manifest(documents)))

    with pytest.raises(ManifestInvalid, match=said):
        manifests.load(path, SCHEMA)


def test_a_file_that_does_not_fit_the_schema_is_named(tmp_path: Path) -> None:
    (tmp_path / "wrong.graphql").write_text("{ nothing }")

    with pytest.raises(ManifestInvalid, match=r"wrong\.graphql"):
        manifests.manifest_of([tmp_path], SCHEMA)


def test_neither_the_schema_nor_the_page_is_shown_unless_configured() -> None:
    settings = GatewaySettings(
        mesh="127.0.0.1:1",
        service_key_file=Path("key"),
        media_base_url="https://media.roost.test",
        media_path_key=b"p" * 32,
    )

    assert settings.graphql_introspection is False


async def test_several_posts_and_people_are_loaded_in_one_call(
    alice: Client, services: FakeServices
) -> None:
    home = Home(services)
    home.add(100, 12)
    home.add(101, 12)
    document = """
        query($ids: [ID!]!, $one: ID!) {
          nodes(ids: $ids) { __typename id ... on Post { text } ... on User { handle } }
          node(id: $one) { id }
        }
    """

    with counted(services) as rpcs:
        data = await asked(
            alice,
            document,
            ids=[post_id(100), user_id(12), post_id(101), "nonsense"],
            one=post_id(100),
        )

    assert rpcs == ["BatchGetPosts"]
    assert [each and each["id"] for each in data["nodes"]] == [
        post_id(100),
        user_id(12),
        post_id(101),
        None,
    ]
    assert data["nodes"][1] == {"__typename": "User", "id": user_id(12), "handle": "bob"}
    assert data["node"] == {"id": post_id(100)}

"""What a document may not ask for is refused at once, before anything of it was carried out."""

import gc
import time
import weakref
from collections.abc import Iterator

import pytest
from graphql import get_introspection_query, parse
from roost.notification.v1.delivery_service_pb2 import UnsubscribeResponse
from roost.notification.v1.notification_service_pb2 import CountUnreadResponse
from roost.post.v1.post_service_pb2 import BatchGetPostsResponse
from roost.timeline.v1.timeline_service_pb2 import GetPublicTimelineResponse
from roost.user.v1.user_service_pb2 import GetUserResponse

from gateway.api.schema import SCHEMA
from gateway.protocols.graphql import documents, limits
from gateway.protocols.graphql.costs import MAX_COST, MAX_READING
from gateway.protocols.graphql.documents import Documents
from gateway.protocols.graphql.limits import ANONYMOUS_LIMITS, USER_LIMITS
from gateway.protocols.graphql.requests import MAX_BODY_BYTES
from services.chassis.runtime.errors import Unauthenticated
from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.sending import (
    asked,
    refused,
    sent,
    user_id,
)
from tests.gateway.samples import BOB, person

# A promise to operators; each attack here takes a fraction of it.
MOST_SECONDS = 0.05


def nested(depth: int) -> str:
    """Replies to replies to replies."""
    inner = "id"
    for _ in range(depth):
        inner = f"replies(first: 1) {{ nodes {{ {inner} }} }}"
    return f'{{ post(id: "x") {{ {inner} }} }}'


def fragments_that_double(count: int) -> str:
    """Each spreads the next one twice: the last one stands there 2^count times."""
    steps = " ".join(
        f"fragment F{each} on Query {{ ...F{each + 1} me {{ id }} ...F{each + 1} }}"
        for each in range(count)
    )
    return f"{{ ...F0 }} {steps} fragment F{count} on Query {{ me {{ handle }} }}"


def fragments_that_branch(count: int) -> str:
    """Each opens the next one in two places: the last one stands there 2^count times."""
    branches = "replyTo {{ ...F{0} }} quotedPost {{ ...F{0} }}"
    steps = " ".join(
        f"fragment F{each} on Post {{ {branches.format(each + 1)} }}" for each in range(count)
    )
    return f'{{ post(id: "x") {{ ...F0 }} }} {steps} fragment F{count} on Post {{ id }}'


def fields_that_overlap() -> str:
    """Few tokens, and a hundred thousand pairs for validation to compare."""
    inner = "id " * 8
    for _ in range(3):
        inner = f"replies {{ nodes {{ {inner} }} }} " * 3
    return f'{{ post(id: "x") {{ {inner} }} }}'


def aliases_in_a_fragment() -> str:
    """Ten aliases, spread five times."""
    many = " ".join(f"a{each}: handle" for each in range(10))
    spread = " ".join(["me { ...Many }"] * 5)
    return f"{{ {spread} }} fragment Many on User {{ {many} }}"


def hollow_fragments() -> str:
    """No field at all, and a hundred thousand pairs of fragments for validation to compare."""
    spread = "me { " + " ".join(f"...F{each}" for each in range(60)) + " }"
    hollow = " ".join(f"fragment F{each} on User {{ ...Nothing }}" for each in range(60))
    return f"{{ {' '.join([spread] * 2)} }} {hollow}"


def fragments_of_one_field() -> str:
    """Each asks for little, and every two are compared."""
    names = ["text", "revision", "deleted", "etag", "visibility", "mediaIds", "createdAt", "id"]
    spread = " ".join(f"...F{each}" for each in range(60))
    little = " ".join(
        f"fragment F{each} on Post {{ {names[each % len(names)]} }}" for each in range(60)
    )
    return f'{{ post(id: "x") {{ {spread} }} }} {little}'


ATTACKS = {
    "depth": (nested(10), "depth"),
    "depth of the parser": ("{" + "a {" * 400 + "b" + "}" * 401, "depth"),
    "depth of a value": ("{ post(id: " + "[" * 900 + "]" * 900 + ") { id } }", "depth"),
    "aliases": (
        "{ " + " ".join(f"a{each}: me {{ id }}" for each in range(31)) + " }",
        "aliases",
    ),
    "aliases in a fragment": (aliases_in_a_fragment(), "aliases"),
    "tokens": ("{ " + "me { id } " * 600 + "}", "tokens"),
    "comments": ("# a\n" * 500 + "{ me { id } }", "tokens"),
    "length": ('{ post(id: "' + "x" * 20_000 + '") { id } }', "length"),
    "fragments that double": (fragments_that_double(20), "spreads"),
    "fields that overlap": (fields_that_overlap(), "repeats"),
    "fragments that branch": (fragments_that_branch(10), "fields"),
    "hollow fragments": (hollow_fragments(), "spreads"),
    "fragments of one field": (fragments_of_one_field(), "spreads"),
    "the same again and again": ("{ " + "me { id } " * 150 + "}", "repeats"),
    "cost": (
        "{ publicTimeline(first: 100) { nodes { post { replies { nodes { id } } } } } }",
        "cost",
    ),
    "values": ('{ posts(ids: ["' + '", "'.join(map(str, range(501))) + '"]) { id } }', "values"),
    "values of lists in a list": (
        "{ posts(ids: [" + ("[" + "1 " * 120 + "] ") * 5 + "]) { id } }",
        "values",
    ),
    "variables": (
        "query(" + " ".join(f"$v{each}: Int" for each in range(101)) + ") { me { id } }",
        "variables",
    ),
    "directives": ("{ me { id " + "@include(if: true) " * 51 + "} }", "directives"),
    "operations": (
        " ".join(f"query Q{each} {{ me {{ id }} }}" for each in range(21)),
        "operations",
    ),
}


@pytest.fixture
def nothing_runs(services: FakeServices) -> Iterator[None]:
    with counted(services) as rpcs:
        yield
    assert rpcs == []


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_refused_at_once(alice: Client, attack: str) -> None:
    document, limit = ATTACKS[attack]
    await refused(alice, "{ nothing }")  # whatever happens once, has happened
    took = []

    for _ in range(3):
        began = time.process_time()
        extensions = await refused(alice, document)
        took.append(time.process_time() - began)

    assert extensions["reason"] == "DOCUMENT_TOO_COMPLEX"
    assert extensions["metadata"]["limit"] == limit
    assert min(took) < MOST_SECONDS


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize(
    "document",
    [
        "{ ...A } fragment A on Query { ...B } fragment B on Query { me { id } ...A }",
        "{ me { ...U } } fragment U on User { followers { nodes { ...U } } }",
        "{ me { id } } fragment A on Query { ...A }",
    ],
)
async def test_a_fragment_that_spreads_itself_is_refused(alice: Client, document: str) -> None:
    took = []

    for _ in range(3):
        began = time.process_time()
        extensions = await refused(alice, document)
        took.append(time.process_time() - began)

    assert extensions["reason"] in {"DOCUMENT_INVALID", "DOCUMENT_TOO_COMPLEX"}
    assert min(took) < MOST_SECONDS


@pytest.mark.usefixtures("nothing_runs")
async def test_a_length_in_a_variable_counts(alice: Client) -> None:
    document = """
        query($many: Int!) {
          publicTimeline(first: $many) { nodes { post { author { id } counts { likes } } } }
        }
    """
    deep = document.replace("author { id }", "author { followers(first: $many) { nodes { id } } }")

    extensions = await refused(alice, deep, many=100)

    assert extensions["metadata"] == {"limit": "cost", "most": str(MAX_COST)}


@pytest.mark.usefixtures("nothing_runs")
async def test_the_schema_cannot_be_asked_for_unless_configured(alice: Client) -> None:
    answer = await sent(alice, "{ __schema { queryType { name } } }")

    reasons = {error["extensions"]["reason"] for error in answer.json()["errors"]}
    assert reasons == {"DOCUMENT_INVALID"}
    assert "data" not in answer.json()


def test_the_query_of_tools_for_the_schema_is_within_the_limits() -> None:
    query = get_introspection_query(input_value_deprecation=True)

    limits.check(parse(query), ANONYMOUS_LIMITS)

    assert len(query) <= ANONYMOUS_LIMITS.length


OF_STRANGERS = {
    "tokens": "query("
    + " ".join(f"$v{each}: ID = 1" for each in range(45))
    + ") { posts(ids: ["
    + " ".join(f"$v{each}" for each in range(45))
    + " 1" * 60
    + "]) { id } }",
    "length": "{ me { id } }" + " " * ANONYMOUS_LIMITS.length,
    "operations": " ".join(f"query Q{each} {{ me {{ id }} }}" for each in range(6)),
    "values": '{ posts(ids: ["' + '", "'.join(map(str, range(160))) + '"]) { id } }',
    "aliases": "{ " + " ".join(f"a{each}: me {{ id }}" for each in range(16)) + " }",
}


@pytest.mark.parametrize("limit", OF_STRANGERS)
async def test_strangers_may_ask_for_less(stranger: Client, alice: Client, limit: str) -> None:
    extensions = await refused(stranger, OF_STRANGERS[limit])
    answer = await sent(alice, OF_STRANGERS[limit])

    assert extensions["metadata"]["limit"] == limit
    reasons = {each["extensions"]["reason"] for each in answer.json().get("errors", [])}
    assert "DOCUMENT_TOO_COMPLEX" not in reasons


@pytest.mark.usefixtures("nothing_runs")
async def test_lists_in_variables_are_counted_before_they_are_read(alice: Client) -> None:
    document = "query($ids: [ID!]!) { posts(ids: $ids) { id } }"

    extensions = await refused(alice, document, ids=["x"] * (USER_LIMITS.values + 1))
    nested = await refused(alice, document, ids=[["x"] * 300] * 2)

    assert extensions["metadata"] == {"limit": "values", "most": str(USER_LIMITS.values)}
    assert nested["metadata"]["limit"] == "values"


@pytest.mark.usefixtures("nothing_runs")
async def test_a_body_beyond_all_documents_is_refused(alice: Client) -> None:
    answer = await alice(
        "POST",
        "/graphql",
        content=b'{"query": "' + b" " * MAX_BODY_BYTES + b'"}',
        headers={"content-type": "application/json"},
    )

    assert (answer.status_code, answer.json()["reason"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.usefixtures("nothing_runs")
async def test_batches_are_refused(alice: Client) -> None:
    answer = await alice("POST", "/graphql", json=[{"query": "{ me { id } }"}] * 2)

    assert (answer.status_code, answer.json()["reason"]) == (422, "VALIDATION_FAILED")


@pytest.mark.usefixtures("nothing_runs")
async def test_get_is_refused(alice: Client) -> None:
    answer = await alice.get("/graphql?query={me{id}}")

    assert (answer.status_code, answer.json()["reason"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "OPTIONS, POST"


@pytest.mark.usefixtures("nothing_runs")
async def test_forms_are_refused(alice: Client) -> None:
    answer = await alice(
        "POST", "/graphql", content=b"query={me{id}}", headers={"content-type": "text/plain"}
    )

    assert (answer.status_code, answer.json()["reason"]) == (415, "CONTENT_TYPE_NOT_SUPPORTED")


async def test_twenty_sign_ins_of_an_address_are_let_through_a_minute(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("Authenticate", Unauthenticated("No.", reason="CREDENTIALS_WRONG"))
    wrong = 'a{}: signIn(handle: "alice", password: "guess-{}") {{ error {{ reason }} }}'
    guesses = [
        "mutation { " + " ".join(wrong.format(each, each) for each in some) + " }"
        for some in (range(15), range(15, 25))
    ]

    with counted(services) as rpcs:
        answers = [await sent(stranger, each) for each in guesses]

    outcomes = [each for answer in answers for each in answer.json()["data"].values()]
    assert rpcs == ["Authenticate"] * 20
    assert [each["error"]["reason"] for each in outcomes][20:] == ["RATE_LIMITED"] * 5


@pytest.mark.usefixtures("nothing_runs")
async def test_a_length_counts_however_its_number_is_spelled(alice: Client) -> None:
    likers = "likers(first: $n) { nodes { id } }"
    document = (
        f"query($n: Int!) {{ publicTimeline(first: $n) {{ nodes {{ post {{ {likers} }} }} }} }}"
    )

    extensions = await refused(alice, document, n=100.0)

    assert extensions["metadata"]["limit"] == "cost"


@pytest.mark.usefixtures("nothing_runs")
async def test_all_that_a_post_may_answer_is_counted(alice: Client) -> None:
    each = "likers(first: 4) { nodes { id } }"
    document = (
        f'{{ thread(id: "x") {{ ancestors {{ {each} quotes(first: 20) {{ nodes {{ id }} }} }} }} }}'
    )

    extensions = await refused(alice, document)

    assert extensions["metadata"]["limit"] == "cost"


async def test_a_person_who_does_not_come_along_is_asked_for_once(
    alice: Client, services: FakeServices
) -> None:
    services.answer("BatchGetPosts", BatchGetPostsResponse())
    services.answer("GetUser", GetUserResponse(user=person(BOB)))
    document = "query($id: ID!) { a: node(id: $id) { id } b: node(id: $id) { id } }"

    with counted(services) as rpcs:
        data = await asked(alice, document, id=user_id(BOB))

    assert data["a"] == data["b"] == {"id": user_id(BOB)}
    assert rpcs == ["BatchGetPosts", "GetUser"]


async def test_changes_of_strangers_are_counted_by_address(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("Unsubscribe", UnsubscribeResponse())
    once = 'u{}: unsubscribe(token: "t0ken") {{ done }}'
    many = "mutation { " + " ".join(once.format(each) for each in range(15)) + " }"

    done = []
    for _ in range(80):
        answer = await sent(stranger, many)
        done += [each["done"] for each in answer.json()["data"].values()]

    assert all(done[:1_000])
    assert not all(done)


@pytest.mark.usefixtures("nothing_runs")
async def test_a_number_in_place_of_a_list_is_one_id(alice: Client) -> None:
    document = "{ posts(ids: " + "9" * 5_000 + ") { id } }"

    extensions = await refused(alice, document)

    assert extensions["reason"] == "PARAMETER_INVALID"


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("value", [[], {}, "yes", 10**30, None])
async def test_a_switch_that_is_no_boolean_is_refused(alice: Client, value: object) -> None:
    document = "query($yes: Boolean!) { me { id @include(if: $yes) } }"

    extensions = await refused(alice, document, yes=value)

    assert extensions["reason"] == "DOCUMENT_INVALID"


def test_choices_are_forgotten_where_there_are_many() -> None:
    switches = range(8)
    given = " ".join(f"$v{each}: Boolean!" for each in switches)
    shown = " ".join(f"id @include(if: $v{each})" for each in switches)
    document = Documents(SCHEMA, introspection=False).read(f"query({given}) {{ me {{ {shown} }} }}")
    (operation,) = document.operations
    made = []

    for choice in range(2 ** len(switches)):
        values = {f"v{each}": bool(choice >> each & 1) for each in switches}
        made.append(weakref.ref(document.projections(operation.variables(values))))
    gc.collect()

    assert sum(each() is not None for each in made) <= 64


@pytest.mark.usefixtures("nothing_runs")
async def test_each_id_counts_as_the_call_that_it_may_take(alice: Client) -> None:
    document = "query($ids: [ID!]!) { a: nodes(ids: $ids) { id } b: nodes(ids: $ids) { id } }"

    extensions = await refused(alice, document, ids=["x"] * 100)

    assert extensions["metadata"]["limit"] == "cost"


class TestSpending:
    """What all documents of somebody cost is bounded, too."""

    @pytest.fixture
    def graphql_spending(self) -> int:
        return MAX_COST + MAX_READING

    async def test_who_has_spent_the_minute_waits_and_others_do_not(
        self, services: FakeServices, alice: Client, stranger: Client
    ) -> None:
        services.answer("GetPublicTimeline", GetPublicTimelineResponse())
        pages = " ".join(
            f"a{each}: publicTimeline(first: 40) {{ nodes {{ id }} }}" for each in range(15)
        )

        first, *_, last = [await sent(alice, f"{{ {pages} }}") for _ in range(5)]
        other = await sent(stranger, f"{{ {pages} }}")

        assert MAX_COST / 2 < first.json()["extensions"]["cost"]["requested"] <= MAX_COST
        assert (last.status_code, last.json()["reason"]) == (429, "RATE_LIMITED")
        assert 0 < int(last.headers["retry-after"]) <= 60
        assert other.status_code == 200

    @pytest.mark.parametrize(
        "document",
        ["{ nothing }" + " " * 100, "{ me {" + " " * 100, "{ nothing } " + "# " * 5_000],
        ids=["unknown field", "syntax error", "long comment"],
    )
    async def test_documents_that_are_refused_are_not_free(
        self, alice: Client, stranger: Client, document: str
    ) -> None:
        statuses = []
        for each in range(400):
            answer = await sent(alice, f"{document}#{each}")
            statuses.append(answer.status_code)
            if answer.status_code == 429:
                break

        assert statuses[-1] == 429
        assert answer.json()["reason"] == "RATE_LIMITED"
        assert (await sent(stranger, "{ me { id } }")).status_code == 200

    async def test_a_document_is_paid_for_before_it_is_parsed(
        self, alice: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        padding = " " * (USER_LIMITS.length - 100)
        while (await sent(alice, f"{{ nothing }}{padding}")).status_code == 200:
            padding = padding[:-1]
        parsed: list[str] = []
        monkeypatch.setattr(documents, "parse", lambda text, **_: parsed.append(text))

        answer = await sent(alice, f"{{ nothing }}{padding} ")

        assert answer.status_code == 429
        assert parsed == []

    async def test_a_known_document_is_not_paid_for_again(
        self, services: FakeServices, alice: Client
    ) -> None:
        services.answer("CountUnread", CountUnreadResponse(count=1))
        document = "{ unreadNotificationsCount }" + " " * (USER_LIMITS.length - 100)

        answers = [await sent(alice, document) for _ in range(20)]

        assert [each.status_code for each in answers] == [200] * 20, answers[0].text


@pytest.mark.parametrize(
    "document",
    [
        "{ __schema { a: types { fields { name } } b: types { fields { name } } } }",
        '{ __type(name: "Query") { a: fields { ...F } b: fields { ...F } } } fragment F on __Field'
        " { name }",
    ],
    ids=["in the document", "beside a fragment"],
)
def test_aliases_do_not_multiply_what_is_described_of_the_schema(document: str) -> None:
    described = Documents(SCHEMA, introspection=True)
    (once,) = described.read("{ __schema { types { fields { name } } } }").operations
    (often,) = described.read(document).operations

    assert often.cost.of({}) >= 3 * once.cost.of({})
    assert often.cost.of({}) > MAX_COST


def test_the_query_of_tools_for_the_schema_is_affordable() -> None:
    text = get_introspection_query(input_value_deprecation=True)
    (operation,) = Documents(SCHEMA, introspection=True).read(text, ANONYMOUS_LIMITS).operations

    assert operation.cost.of({}) <= MAX_COST

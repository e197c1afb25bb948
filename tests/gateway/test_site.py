"""The OpenAPI document, the page of links in mails, public keys, probes."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from google.protobuf.message import Message
from protovalidate import Validator
from roost.media.v1.media_service_pb2 import StartUploadRequest
from roost.notification.v1.delivery_service_pb2 import (
    CreatePushSubscriptionRequest,
    UnsubscribeResponse,
)
from roost.post.v1.post_service_pb2 import CreatePostRequest
from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    ChangePasswordRequest,
    RefreshSessionRequest,
    RegisterRequest,
)

from gateway.api.delivery.requests import NewPushSubscription
from gateway.api.media.requests import NewUpload
from gateway.api.posts.requests import NewPost
from gateway.api.routes import SECTIONS
from gateway.api.sessions.requests import NewSession, RefreshToken
from gateway.api.users.requests import NewUser, PasswordChange
from gateway.api.versions import VERSIONS
from gateway.core.problems import STATUS
from gateway.protocols.rest.openapi import document
from gateway.protocols.rest.routes import routes_of
from gateway.site import JwksDocument
from gateway.views.version import Version
from services.chassis.auth.tokens import Jwk
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from tests.gateway.conftest import Client
from tests.gateway.fakes import FakeServices
from tests.servicers.grpc_server import USER_KEY

PAGES = {version: document(version, SECTIONS) for version in VERSIONS}
every_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.prefix)


def operations(version: Version) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in PAGES[version]["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@every_version
async def test_the_document_is_served(stranger: Client, version: Version) -> None:
    path = f"{version.prefix}/openapi.json"
    answer = await stranger.get(path)
    again = await stranger.get(path, if_none_match=answer.headers["etag"])

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(PAGES[version]))
    assert again.status_code == 304


@every_version
def test_every_route_is_in_the_document_and_nothing_else(version: Version) -> None:
    described = {(method.upper(), path) for path, method, _ in operations(version)}

    assert described == {(route.method, route.path) for route in routes_of(version, SECTIONS)}


@every_version
def test_every_reference_leads_somewhere(version: Version) -> None:
    for reference in references(PAGES[version]):
        place: Any = PAGES[version]
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


@every_version
def test_every_operation_is_named_once_and_promises_something(version: Version) -> None:
    names = [operation["operationId"] for _, _, operation in operations(version)]

    assert len(set(names)) == len(names)
    for path, _, operation in operations(version):
        assert operation["summary"]
        declared = [each["name"] for each in operation["parameters"] if each.get("in") == "path"]
        assert declared == re.findall(r"{(\w+)}", path)


@every_version
def test_every_operation_says_how_it_is_refused(version: Version) -> None:
    for _, _, operation in operations(version):
        refusals = {int(status) for status in operation["responses"] if int(status) >= 400}
        assert {400, 401, 406, 429, 500, 503, 504} <= refusals
        for status in refusals:
            refusal = operation["responses"][str(status)]
            assert list(refusal["content"]) == ["application/problem+json"]
            assert all(STATUS[reason] == status for reason in refusal["x-reasons"])


@every_version
def test_unknown_fields_of_bodies_are_not_in_the_document(version: Version) -> None:
    for _, _, operation in operations(version):
        if "requestBody" in operation:
            (content,) = operation["requestBody"]["content"].values()
            body = content["schema"]
            if "$ref" in body:
                name = body["$ref"].rpartition("/")[2]
                body = PAGES[version]["components"]["schemas"][name]
            assert body["additionalProperties"] is False


@pytest.mark.parametrize(
    ("body", "message", "name"),
    [
        (NewUser, RegisterRequest, "handle"),
        (NewUser, RegisterRequest, "password"),
        (NewUser, RegisterRequest, "display_name"),
        (NewUser, RegisterRequest, "device_name"),
        (NewSession, AuthenticateRequest, "handle"),
        (NewSession, AuthenticateRequest, "password"),
        (RefreshToken, RefreshSessionRequest, "refresh_token"),
        (PasswordChange, ChangePasswordRequest, "new_password"),
        (NewPost, CreatePostRequest, "text"),
        (NewPushSubscription, CreatePushSubscriptionRequest, "endpoint"),
        (NewUpload, StartUploadRequest, "content_type"),
    ],
)
def test_limits_are_those_of_the_contracts(
    body: type[Any], message: type[Message], name: str
) -> None:
    (field,) = [each for each in msgspec.structs.fields(body) if each.name == name]
    validator = Validator()

    for length in (0, 1, 7, 8, 15, 16, 256, 257, 500, 501, 1000, 1001):
        # Texts are counted in code points here, and bounded in bytes by the contracts.
        text = ("a" if name not in {"display_name", "device_name"} else "👩") * length
        ours = _takes(field.type, text)
        broken = validator.collect_violations(message(**{name: text}))
        theirs = name not in {each.proto.field.elements[0].field_name for each in broken}
        assert ours == theirs, f"{name} of {length} characters"


def _takes(kind: Any, value: str) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..%2Fapp.py"])
async def test_only_the_assets_of_the_page_are_served(stranger: Client, name: str) -> None:
    assert (await stranger.get(f"/docs/{name}")).status_code == 404


async def test_the_type_of_a_problem_leads_to_its_description(stranger: Client) -> None:
    known = await stranger.get("/problems/HANDLE_TAKEN")
    unknown = await stranger.get("/problems/NOTHING")

    assert (known.status_code, known.headers["location"]) == (
        303,
        "/docs/problems.html#HANDLE_TAKEN",
    )
    assert unknown.status_code == 404


async def test_public_keys_are_served_for_a_minute(stranger: Client) -> None:
    answer = await stranger.get("/.well-known/jwks.json")

    assert answer.json() == {"keys": [USER_KEY.public_jwk()]}
    assert answer.headers["cache-control"] == "public, max-age=60"


class Keys:
    """A source that may be away."""

    def __init__(self) -> None:
        self.away = False
        self.fetched = 0

    async def fetch(self) -> list[Jwk]:
        if self.away:
            raise Unavailable
        self.fetched += 1
        return [USER_KEY.public_jwk()]


async def test_public_keys_are_kept_for_a_moment_and_outlive_their_source() -> None:
    source, clock = Keys(), ManualClock()
    published = JwksDocument(source, clock=clock)
    first = await published.json()
    await published.json()
    assert source.fetched == 1

    clock.advance(16.0)
    await published.json()
    assert source.fetched == 2

    source.away = True
    clock.advance(3600.0)
    assert await published.json() == first


async def test_public_keys_that_were_never_seen_are_unavailable() -> None:
    source = Keys()
    source.away = True

    with pytest.raises(Unavailable):
        await JwksDocument(source, clock=ManualClock()).json()


async def test_the_port_of_the_api_answers_probes(stranger: Client) -> None:
    for path in ("/livez", "/readyz"):
        answer = await stranger.get(path)
        assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_the_port_of_the_api_has_no_metrics(stranger: Client) -> None:
    assert (await stranger.get("/metrics")).status_code == 404


@every_version
async def test_the_link_in_a_digest_asks_before_it_does_anything(
    stranger: Client, services: FakeServices, version: Version
) -> None:
    page = await stranger.get(f"{version.prefix}/email/unsubscribe?token=t0ken")
    assets = re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    for each in assets:
        assert (await stranger.get(each)).status_code == 200
    assert sorted(assets) == ["/docs/unsubscribe.css", "/docs/unsubscribe.js"]
    assert services.methods == []


async def test_one_click_in_a_mail_program_ends_the_digest(
    stranger: Client, services: FakeServices
) -> None:
    services.answer("Unsubscribe", UnsubscribeResponse())

    answer = await stranger(
        "POST",
        "/v1/email/unsubscribe?token=t0ken",
        content=b"List-Unsubscribe=One-Click",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 204
    assert services.last("Unsubscribe").token == "t0ken"


async def test_the_root_leads_to_the_docs(stranger: Client) -> None:
    answer = await stranger.get("/")

    assert answer.headers["location"] == "/docs"

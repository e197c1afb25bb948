"""The developers' pages: from the build, under their own policy, and what there is without."""

import fcntl
import json

import httpx2
import pytest
from graphql import build_schema, print_schema

from gateway.api.schema import sdl
from services.chassis.runtime.clock import ManualClock
from tests.gateway.conftest import Client
from tests.gateway.web.conftest import FILES, WebFolder, assert_asked_for_again

PAGES = {
    "/docs": "docs/index.html",
    "/docs/graphql.html": "docs/graphql.html",
    "/docs/problems.html": "docs/problems.html",
}
DOCUMENTS = ["/v2/openapi.json", "/v1/openapi.json", "/v1/asyncapi.json"]
SCHEMA = "/docs/schema.graphql"
every_page = pytest.mark.parametrize("path", PAGES)


@pytest.fixture
def introspection() -> bool:
    return True


def directives(answer: httpx2.Response) -> dict[str, str]:
    (policy,) = answer.headers.get_list("content-security-policy")
    return dict(each.split(" ", 1) for each in policy.split("; "))


@every_page
async def test_a_page_is_the_file_of_the_build(
    stranger: Client, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == FILES[PAGES[path]]


@every_page
async def test_a_page_is_asked_for_again_and_costs_nothing_while_it_is_the_same(
    stranger: Client, built: WebFolder, path: str
) -> None:
    await assert_asked_for_again(stranger, path)


@every_page
async def test_a_page_runs_nothing_but_its_own_scripts(
    stranger: Client, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    said = directives(answer)
    assert {said[each] for each in ("default-src", "base-uri", "form-action")} == {"'none'"}
    assert said["frame-ancestors"] == "'none'"
    assert said["script-src"] == said["style-src"] == "'self'"
    assert said["img-src"] == "'self' data:"
    assert said["connect-src"] == "'self' wss://roost.test"
    assert said["require-trusted-types-for"] == "'script'"
    assert said["trusted-types"] == "default dompurify roost-html"
    assert not {"font-src", "worker-src", "manifest-src"} & said.keys()
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert answer.headers.get_list("cross-origin-opener-policy") == ["same-origin"]
    assert "camera=()" in answer.headers["permissions-policy"]


async def test_the_policy_of_the_client_takes_no_policies_of_these_pages(
    stranger: Client, built: WebFolder
) -> None:
    assert directives(await stranger.get("/"))["trusted-types"] == "roost-worker"


@every_page
async def test_a_page_is_only_read(stranger: Client, built: WebFolder, path: str) -> None:
    answer = await stranger("POST", path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/docs/index.html", "/docs/", "/docs/other.html", "/docs/a.js"])
async def test_nothing_else_of_the_folder_is_served(
    stranger: Client, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    assert (answer.status_code, answer.json()["reason"]) == (404, "ROUTE_NOT_FOUND")


async def test_the_schema_is_served_as_text(stranger: Client, built: WebFolder) -> None:
    answer = await stranger.get(SCHEMA)
    again = await stranger.get(SCHEMA, if_none_match=answer.headers["etag"])

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert print_schema(build_schema(answer.text)) == print_schema(build_schema(sdl()))
    assert again.status_code == 304


@every_page
async def test_without_a_build_a_page_says_why_and_links_the_documents(
    stranger: Client, web: WebFolder, path: str
) -> None:
    (web.folder / "status.json").write_text(
        json.dumps({"state": "failed", "reason": "npm <b> is away."})
    )

    answer = await stranger.get(path)

    assert answer.status_code == 200
    assert "npm &lt;b&gt; is away." in answer.text
    assert "make web" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in directives(answer)
    for each in (*DOCUMENTS, SCHEMA):
        assert f'href="{each}"' in answer.text
        assert (await stranger.get(each)).status_code == 200


async def test_while_it_is_built_a_page_says_so_and_opens_by_itself(
    stranger: Client, web: WebFolder, web_clock: ManualClock
) -> None:
    (web.folder / "status.json").write_text(json.dumps({"state": "building"}))
    with (web.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = await stranger.get("/docs")
    web.publish()
    web_clock.advance(1.0)

    after = await stranger.get("/docs")

    assert "is being built" in before.text
    assert 'http-equiv="refresh"' in before.text
    assert after.text == FILES["docs/index.html"]


async def test_a_build_without_the_pages_says_so(stranger: Client, web: WebFolder) -> None:
    web.publish({"index.html": "<title>Older</title>"})

    answer = await stranger.get("/docs")

    assert answer.status_code == 200
    assert "has not been built" in answer.text


class TestWithoutAWebClient:
    @pytest.fixture
    def web_folder(self) -> None:
        return None

    @every_page
    async def test_a_page_says_so_and_links_the_documents(
        self, stranger: Client, path: str
    ) -> None:
        answer = await stranger.get(path)

        assert answer.status_code == 200
        assert "There is no web client here" in answer.text
        assert "http-equiv" not in answer.text
        for each in (*DOCUMENTS, SCHEMA):
            assert f'href="{each}"' in answer.text


class TestWhereTheSchemaMayNotBeAskedFor:
    @pytest.fixture
    def introspection(self) -> bool:
        return False

    async def test_there_is_no_graphiql_and_the_page_says_so(
        self, stranger: Client, built: WebFolder
    ) -> None:
        answer = await stranger.get("/docs/graphql.html")

        assert answer.status_code == 404
        assert "There is no GraphiQL here" in answer.text
        assert SCHEMA not in answer.text
        assert answer.headers["cache-control"] == "no-store"

    async def test_the_text_of_the_schema_is_not_there(
        self, stranger: Client, built: WebFolder
    ) -> None:
        assert (await stranger.get(SCHEMA)).status_code == 404

    async def test_the_other_pages_are(self, stranger: Client, built: WebFolder) -> None:
        assert (await stranger.get("/docs")).text == FILES["docs/index.html"]

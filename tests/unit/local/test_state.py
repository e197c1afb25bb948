"""One stack at a time runs from a state folder, and other processes can read its status."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from local.process_runner import PartStatus
from local.state import NOT_RUNNING, AlreadyRunning, FolderUnusable, StackStatus, State
from tests.local.files import open_to_others


def test_second_stack_of_a_folder_is_refused(tmp_path: Path) -> None:
    with State(tmp_path).hold(), pytest.raises(AlreadyRunning), State(tmp_path).hold():
        pass


def test_status_is_read_by_others_while_it_runs(tmp_path: Path) -> None:
    part = PartStatus("valkey", "ready", 7, "127.0.0.1:6379", 0, "valkey.log", 15, None)
    status = StackStatus(
        ready=True, edge="http://127.0.0.1:8080", pid=6, parts=[part], media="http://127.0.0.1:8081"
    )

    with State(tmp_path).hold():
        State(tmp_path).write(status)
        found = State(tmp_path).read()

    assert found == status


def test_what_is_made_while_a_stack_runs_is_its_owners_alone(tmp_path: Path) -> None:
    state = State(tmp_path / "state")

    with state.hold():
        (state.logs / "part.log").write_text("a post")
        subprocess.run(["/usr/bin/env", "mkdir", state.data("broker")], check=True)
        opened = open_to_others(state.folder)

    assert opened == []


def test_what_an_earlier_version_left_open_is_closed_at_the_next_start(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    store = state.data("seaweedfs")
    store.mkdir(parents=True)
    store.chmod(0o755)
    (store / "1.dat").write_text("a post")
    (store / "1.dat").chmod(0o644)
    (store / "program").write_text("#!/bin/sh")
    (store / "program").chmod(0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    elsewhere.chmod(0o644)
    (store / "link").symlink_to(elsewhere)

    with state.hold():
        opened = open_to_others(state.folder)

    assert opened == []
    assert stat.S_IMODE((store / "program").stat().st_mode) == 0o700
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_a_file_that_goes_while_a_stack_starts_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(tmp_path / "state")
    state.create_folders()
    found = [(str(state.folder), ["logs", "web"], ["gone"])]
    monkeypatch.setattr("local.state.os.walk", lambda _: found)

    with state.hold():
        opened = open_to_others(state.folder / "logs")

    assert opened == []


def test_files_made_after_a_stack_are_as_they_were_before(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with State(tmp_path / "state").hold():
            pass
        (tmp_path / "later").write_text("")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "later").stat().st_mode) == 0o644


def test_status_that_a_dead_stack_left_is_not_believed(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.hold():
        left = (tmp_path / "status.json").read_text()
    (tmp_path / "status.json").write_text(left)

    assert state.read() == NOT_RUNNING


def test_folder_where_nothing_ever_ran_is_not_running(tmp_path: Path) -> None:
    assert State(tmp_path / "absent").read() == NOT_RUNNING


def test_who_only_looks_does_not_keep_a_stack_from_starting(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.create_folders()
    reader = (tmp_path / "lock").open()
    fcntl.flock(reader, fcntl.LOCK_SH)
    threading.Timer(0.03, reader.close).start()

    with state.hold():
        assert state.read().pid is not None


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FolderUnusable, match="cannot hold a stack: Not a directory"):
        State(tmp_path / "file").create_folders()

"""Failures of `roost` commands: one sentence and an exit code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from local.cli import MODULES, app, commands_of
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


def refused(*words: str, **variables: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, words, env=variables, prog_name="roost")
    return ended.exit_code, ended.stderr.strip()


def test_every_command_of_a_module_is_found_by_its_name() -> None:
    listed = {
        module: {name for name in MODULES if MODULES[name] == module} for module in MODULES.values()
    }

    assert {module: set(commands_of(module)) for module in listed} == listed
    assert {each.stem for each in (ROOT / "local/commands").glob("*.py")} - listed.keys() == {
        "__init__", "options",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("down",),
        ("status",),
        ("demo",),
        ("seed",),
        ("restart", "x"),
        ("prometheus",),
        ("reindex",),
        ("hashtags", "hide", "spam"),
        ("hashtags", "hidden"),
    ],
)
def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    code, said = refused(*words, "--state", str(tmp_path))

    assert (code, said) == (1, f"Roost does not run from {tmp_path}; `roost up` starts it.")


@pytest.mark.parametrize(
    "words", [("up", "more"), ("logs",), ("seed", "--posts", "-1"), ("dance",), ("up", "--on")]
)
def test_a_wrong_command_line_is_explained(words: tuple[str, ...]) -> None:
    code, said = refused(*words)

    assert code == 2
    assert "Usage: roost" in said


def test_a_part_that_does_not_exist_is_refused_before_anything_starts(tmp_path: Path) -> None:
    code, said = refused("up", "--only", "kafka", "--state", str(tmp_path))

    assert code == 1
    assert said.startswith("There is no part named kafka; there are postgres, valkey, ")
    assert list((tmp_path / "logs").iterdir()) == []


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_state_folder_that_cannot_be_is_refused(tmp_path: Path, detach: list[str]) -> None:
    file = tmp_path / "file"
    file.touch()

    code, said = refused("up", *detach, "--state", str(file))

    assert (code, said) == (1, f"{file} cannot hold a stack: Not a directory.")


@pytest.mark.parametrize("replicas", ["0", "-1", "two"])
def test_a_setting_that_is_no_number_is_named(tmp_path: Path, replicas: str) -> None:
    code, said = refused("up", "--state", str(tmp_path), ROOST_REPLICAS_POST=replicas)

    assert (code, said) == (
        1,
        f"ROOST_REPLICAS_POST takes a whole number from 1, not {replicas!r}.",
    )


def test_a_log_that_does_not_exist_is_answered_with_those_that_do(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "post.log").write_text("one\ntwo\n")

    code, said = refused("logs", "pots", "--state", str(tmp_path))

    assert (code, said) == (1, "pots has no log here; those that have: post.")


def test_a_graph_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    code, said = refused("seed", "--graph", str(tmp_path / "absent"))

    assert (code, said) == (1, f"{tmp_path}/absent: No such file or directory.")


@pytest.mark.engines
async def test_ctrl_c_during_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    starting = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local.cli", "up", "--state", str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
        start_new_session=True,
    )

    def parts() -> list[int]:
        try:
            status = json.loads((tmp_path / "status.json").read_text())
        except FileNotFoundError:
            return []
        return [part["pid"] for part in status["parts"] if part["pid"] is not None]

    await eventually(lambda: len(parts()) >= 2, limit=60.0)
    begun = parts()
    starting.send_signal(signal.SIGINT)
    output, error_console = await asyncio.wait_for(starting.communicate(), 60)

    assert (starting.returncode, error_console) == (0, b"")
    assert output.strip().endswith(b"Roost is stopped; its data stays.")
    assert not any(psutil.pid_exists(pid) for pid in begun)

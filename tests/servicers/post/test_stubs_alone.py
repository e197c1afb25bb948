"""The stubs of gen/, installed alone, call a service just as their README says."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from asyncio.subprocess import PIPE, STDOUT
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from services.chassis.auth.caller import UserCaller
from tests.servicers.grpc_server import token_of
from tests.servicers.post.conftest import Scenario

GEN = Path(__file__).parents[3] / "gen"
NAME = re.compile(r"[A-Za-z0-9._-]+")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the stubs and what they declare to need."""
    folder = tmp_path_factory.mktemp("alone")
    build = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
    subprocess.run([sys.executable, *build, str(folder), str(copied(folder))], check=True)
    (wheel,) = folder.glob("roost_stubs-*.whl")
    home = folder / "venv"
    venv.create(home, with_pip=False)
    (packages,) = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (installed,) = Distribution.discover(name="roost-stubs", path=[str(packages)])
    for needed in all_needed_by(installed):
        put(distribution(needed), packages)
    return home / "bin" / "python"


def copied(folder: Path) -> Path:
    """A copy of gen/ without what building would leave there."""
    return Path(shutil.copytree(GEN, folder / "gen", ignore=shutil.ignore_patterns("__pycache__")))


def all_needed_by(installed: Distribution) -> set[str]:
    """The names of what it requires, and of what that requires."""
    found: set[str] = set()
    waiting = [installed]
    while waiting:
        for line in waiting.pop().requires or []:
            name = NAME.match(line)
            if name is None or "extra ==" in line or name.group() in found:
                continue
            found.add(name.group())
            waiting.append(distribution(name.group()))
    return found


def put(needed: Distribution, packages: Path) -> None:
    """Links the files of an installed package into another environment."""
    for file in needed.files or []:
        source = Path(str(needed.locate_file(file)))
        if ".." in file.parts or not source.exists():
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)


async def run(*words: str) -> str:
    process = await asyncio.create_subprocess_exec(*words, cwd="/", stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_readme_reads_a_post_with_the_stubs_alone(scenario: Scenario, empty: Path) -> None:
    post = await scenario.write(scenario.alice, "Hello from afar")
    (program,) = re.findall(r"```python\n(.*?)```", (GEN / "README.md").read_text(), re.DOTALL)
    token = token_of(UserCaller(scenario.bob, 1))
    call = f"asyncio.run(main({scenario.address!r}, {token!r}, {post.id}))"

    said = await run(str(empty), "-I", "-c", f"{program}\n{call}")

    assert said == "Hello from afar\n"


async def test_every_module_of_the_stubs_can_be_imported_alone(empty: Path) -> None:
    modules = [
        ".".join(path.relative_to(GEN).with_suffix("").parts) for path in GEN.rglob("*_pb2*.py")
    ]

    said = await run(str(empty), "-I", "-c", f"import {', '.join(modules)}; print('all')")

    assert said == "all\n"

"""Installations equal the lock files, and some libraries are used in one module only."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKED = ["requirements.txt", "requirements-dev.txt"]
RELEASE = re.compile(
    r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==\S+( ; [^\\]+?)?( \\\n +--hash=sha256:[0-9a-f]{64})+"
)


def releases(name: str) -> list[str]:
    """The entries of a locked file, each with its hashes."""
    lines = (ROOT / name).read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    return re.split(r"\n(?! )", text.strip())


@pytest.mark.parametrize("name", LOCKED)
def test_every_release_is_pinned_by_its_hashes(name: str) -> None:
    found = releases(name)

    assert len(found) > 20
    assert [each for each in found if not RELEASE.fullmatch(each)] == []


@pytest.mark.parametrize("name", LOCKED)
def test_every_installation_checks_the_hashes_and_resolves_nothing(name: str) -> None:
    installs = [
        line for line in (ROOT / "Makefile").read_text().splitlines() if f" -r {name}" in line
    ]

    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[0]


def test_one_module_uses_the_library_of_tokens() -> None:
    """The library needs a checked key and algorithm."""
    importing = re.compile(r"^\s*(from|import) jose\b", re.MULTILINE)
    modules = [path for folder in ("services", "gateway") for path in (ROOT / folder).rglob("*.py")]

    found = [path.name for path in modules if importing.search(path.read_text())]

    assert found == ["jws.py"]


def test_every_package_of_the_web_client_is_pinned_by_its_hash_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}

    assert len(packages) > 100
    assert [name for name, each in packages.items() if "sha512-" not in each["integrity"]] == []
    assert [name for name, each in packages.items() if "resolved" in each] == []


def test_node_of_the_wheel_is_pinned_by_its_hashes() -> None:
    (found,) = releases("requirements-web.txt")

    assert RELEASE.fullmatch(found)
    assert "--require-hashes" in (ROOT / "local" / "web_client.py").read_text()


def test_no_package_of_the_web_client_runs_a_script_when_it_is_installed() -> None:
    options = (ROOT / "web" / ".npmrc").read_text().splitlines()

    assert "ignore-scripts=true" in options
    assert "omit-lockfile-registry-resolved=true" in options

"""The set of leaked passwords in the images."""

from __future__ import annotations

import importlib.util
import secrets
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "charts" / "images" / "fingerprints.py"


@pytest.fixture(scope="module")
def fingerprints() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fingerprints", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_password_that_was_written_is_found(fingerprints: ModuleType, tmp_path: Path) -> None:
    passwords = [secrets.token_urlsafe(12) for _ in range(20_000)] + ["пароль", "a\rb", "x" * 300]

    fingerprints.write((each.encode() for each in passwords), tmp_path / "set")
    found = fingerprints.Fingerprints(tmp_path / "set")

    assert [each for each in passwords if each not in found] == []


def test_hardly_any_other_password_is_found(fingerprints: ModuleType, tmp_path: Path) -> None:
    fingerprints.write((b"listed%d" % each for each in range(300_000)), tmp_path / "set")
    found = fingerprints.Fingerprints(tmp_path / "set")

    # Of 20,000 others 0.006 are expected.
    assert sum(f"other{each}" in found for each in range(20_000)) <= 1


def test_an_empty_set_has_no_password(fingerprints: ModuleType, tmp_path: Path) -> None:
    fingerprints.write([], tmp_path / "set")

    assert "password" not in fingerprints.Fingerprints(tmp_path / "set")

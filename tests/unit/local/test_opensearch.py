"""The settings choose whether a stack has OpenSearch; if it cannot start, it gives the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local.part import CannotStart
from local.parts import opensearch
from local.parts.opensearch import OpenSearch
from local.ports import Ports


def chosen(folder: Path, **environ: str) -> OpenSearch | None:
    ports = Ports(folder / "ports.json")
    try:
        return opensearch.choose(environ, folder=folder / "opensearch", ports=ports)
    finally:
        ports.release()


def jars(folder: Path) -> Path:
    libraries = folder / "jars"
    libraries.mkdir()
    for name in ("opensearch-2.19.6", "netty-buffer-4.1.1", "lucene-core-9.12.3"):
        (libraries / f"{name}.jar").touch()
    return libraries


def test_a_stack_has_no_opensearch_unless_the_jars_are_set(tmp_path: Path) -> None:
    assert chosen(tmp_path) is None
    assert chosen(tmp_path, ROOST_OPENSEARCH_JARS="") is None


async def test_jars_are_put_where_the_server_looks_for_them(tmp_path: Path) -> None:
    part = chosen(tmp_path, ROOST_OPENSEARCH_JARS=str(jars(tmp_path)))
    assert part is not None

    await part.prepare()

    home = tmp_path / "opensearch"
    assert {each.name for each in (home / "lib").iterdir()} == {
        "opensearch-2.19.6.jar",
        "lucene-core-9.12.3.jar",
    }
    assert (home / "modules/transport-netty4/netty-buffer-4.1.1.jar").exists()
    described = (home / "modules/transport-netty4/plugin-descriptor.properties").read_text()
    assert "opensearch.version=2.19.6" in described


def test_without_java_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    part = chosen(tmp_path, ROOST_OPENSEARCH_JARS=str(jars(tmp_path)))
    assert part is not None

    with pytest.raises(CannotStart, match="Java is not installed"):
        part.command()


async def test_without_its_jars_it_says_so(tmp_path: Path) -> None:
    part = chosen(tmp_path, ROOST_OPENSEARCH_JARS=str(tmp_path / "nowhere"))
    assert part is not None

    with pytest.raises(CannotStart, match="jars are not in"):
        await part.prepare()

"""The settings choose the broker of a stack, and a broker that cannot start gives the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local import brokers
from local.part import CannotStart
from local.parts.apache_kafka import ApacheKafka
from local.parts.broker import Broker
from local.parts.seaweedfs import SeaweedFS
from local.parts.tansu import Tansu
from local.ports import Ports
from local.secret_store import SecretStore


def chosen(folder: Path, **environ: str) -> Broker:
    ports = Ports(folder / "ports.json")
    storage = SeaweedFS(folder / "s3", ports=ports, secrets=SecretStore(folder / "secrets"))
    try:
        return brokers.choose(environ, folder=folder / "kafka", ports=ports, storage=storage)
    finally:
        ports.release()


def jars(folder: Path) -> Path:
    libraries = folder / "jars"
    libraries.mkdir()
    (libraries / "kafka_2.13-4.4.0.jar").touch()
    return libraries


def test_stack_runs_the_embedded_broker_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    broker = chosen(tmp_path)

    assert isinstance(broker, Tansu)
    assert broker.needs == ("seaweedfs",)
    assert not broker.idempotence


def test_stack_that_is_told_where_the_jars_are_runs_apache_kafka(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    libraries = jars(tmp_path)

    broker = chosen(tmp_path, ROOST_APACHE_KAFKA=str(libraries))

    assert isinstance(broker, ApacheKafka)
    assert not broker.needs
    assert broker.idempotence
    assert f"{libraries}/*" in broker.command()


def test_apache_kafka_without_java_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    broker = chosen(tmp_path, ROOST_APACHE_KAFKA=str(jars(tmp_path)))

    with pytest.raises(CannotStart, match="Java is not installed"):
        broker.command()


def test_apache_kafka_without_its_jars_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    broker = chosen(tmp_path, ROOST_APACHE_KAFKA=str(tmp_path / "nowhere"))

    with pytest.raises(CannotStart, match="jars are not in"):
        broker.command()

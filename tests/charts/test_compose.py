"""compose.yaml starts every process with the settings that it needs, where Envoy looks for it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import compose, compose_secrets, wheels
from local.chart import settings_of, variables
from services.chassis.deployment import __main__ as deployment
from services.chassis.deployment.topics import TopicSettings
from services.chassis.runtime.manifest import Engine, deployed
from services.chassis.runtime.settings import PREFIX

ROOT = Path(__file__).parents[2]
FILE = ROOT / "charts" / "compose.yaml"
PARTS: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
ROOST = [name for name, part in PARTS.items() if "ROOST_" in part["image"]]
PROCESSES = [*compose.processes()]
DEFAULT = re.compile(r"\$\{[A-Z0-9_]+:-([^}]*)\}")


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    compose_secrets.make(folder)
    return folder


def owner_of(name: str) -> str:
    return name.partition("-")[0]


def environment(name: str, secrets: Path) -> dict[str, str]:
    """The environment of a process, with the paths of files that are mounted."""
    part = PARTS[name]
    given = {key: DEFAULT.sub(r"\1", value) for key, value in part["environment"].items()}
    for file in part["env_file"]:
        lines = (secrets / Path(file["path"]).name).read_text().splitlines()
        given |= dict(line.split("=", 1) for line in lines)
    mounts = dict(each.removesuffix(":ro").rsplit(":", 1)[::-1] for each in part["volumes"])
    for place, source in mounts.items():
        own = str(secrets / Path(source).name)
        given = {key: value.replace(place, own) for key, value in given.items()}
    return given


def test_every_process_of_the_manifests_is_there() -> None:
    once = {"migrate", "topics", "media-cache"}

    assert set(ROOST) - once == set(PROCESSES)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_has_the_settings_that_it_needs_and_no_others(
    name: str, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = environment(name, secrets)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)

    kind = settings_of(owner_of(name))
    settings = kind()

    assert set(given) - set(variables(kind)) == set()
    files = [value for _, value in settings if isinstance(value, Path)]
    assert [file for file in files if not file.is_file()] == []


@pytest.mark.parametrize("name", PROCESSES)
def test_the_command_of_a_process_exists(name: str) -> None:
    module, *process = PARTS[name]["command"]

    assert (ROOT / module.replace(".", "/") / "__main__.py").is_file()
    known = {each.noun: [str(process) for process in each.processes] for each in deployed()}
    assert name == "-".join([module.removeprefix("services."), *process])
    assert not process or process[0] in known[owner_of(name)]


def test_what_runs_once_has_its_settings(secrets: Path) -> None:
    for name in ("migrate", "topics"):
        assert PARTS[name]["command"][1] in deployment.COMMANDS
    lines = (secrets / "migrate.env").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines}
    databases = [each.noun for each in deployed() if Engine.POSTGRES in each.engines]

    assert named == {f"{PREFIX}DATABASE_URL_{noun.upper()}" for noun in databases}
    assert set(PARTS["topics"]["environment"]) <= set(variables(TopicSettings))


def test_envoy_finds_every_process_where_it_listens() -> None:
    text = (compose.FOLDER / "envoy.yaml").read_text()
    wanted = set(re.findall(r'"address": "([a-z-]+)", "port_value": (\d+)', text))

    listening = {
        (name, PARTS[name]["environment"]["ROOST_LISTEN"].rpartition(":")[2])
        for name in PROCESSES
        if not name.endswith("-work")
    }
    assert wanted == listening | {("seaweedfs", "8333")}
    published = PARTS["envoy"]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert {port.rpartition(":")[2] for port in published} <= {
        str(port) for port in compose.PORTS.values()
    }


def test_envoy_accepts_its_configuration(secrets: Path, tmp_path: Path) -> None:
    text = (compose.FOLDER / "envoy.yaml").read_text()
    (tmp_path / "cache").mkdir()
    text = text.replace("/etc/roost", str(secrets / "envoy"))
    text = text.replace("/var/cache/roost-media", str(tmp_path / "cache"))
    file = tmp_path / "envoy.yaml"
    file.write_text(text)

    envoy = wheels.packaged("envoy", "_bin/envoy")
    done = subprocess.run(
        [envoy, "--mode", "validate", "--disable-hot-restart", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr


def test_ports_are_open_on_the_loopback_alone() -> None:
    ports = [port for part in PARTS.values() for port in part.get("ports", ())]

    assert len(ports) == 6
    assert [each for each in ports if not each.startswith("127.0.0.1:")] == []


def test_roost_runs_without_rights() -> None:
    for name in ROOST:
        part = PARTS[name]
        assert part["read_only"]
        assert part["cap_drop"] == ["ALL"]
        assert part["security_opt"] == ["no-new-privileges:true"]


def test_a_second_run_changes_no_secret(secrets: Path) -> None:
    before = {file: file.read_text() for file in secrets.rglob("*") if file.is_file()}

    compose_secrets.make(secrets)

    assert {file: file.read_text() for file in secrets.rglob("*") if file.is_file()} == before
    assert secrets.stat().st_mode & 0o077 == 0

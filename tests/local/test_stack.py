"""A stack keeps its data between starts, and stacks of different folders are isolated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import boto3
import httpx2
import pytest
from botocore.config import Config

import local.stack
from local.databases import DatabaseUnusable
from local.parts.envoy import PATH_KEY
from local.process_runner import PartStatus
from local.secret_store import SecretStore
from local.stack import SettingInvalid, Stack
from local.state import AlreadyRunning, State
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.manifest import Engine, Manifest, Process, deployed
from tests.local.files import open_to_others

pytestmark = pytest.mark.engines

PARTS_WITH_FILES = ("postgres", "valkey", "seaweedfs", "envoy", "logs", "secrets")
ENGINES = ("postgres", "valkey", "seaweedfs", "broker")
ROOT = Path(__file__).parents[2]


async def write(stack: Stack, word: str) -> None:
    connection = await asyncpg.connect(stack.postgres.url("roost_user"))
    await connection.execute("CREATE TABLE kept (word text)")
    await connection.execute("INSERT INTO kept VALUES ($1)", word)
    await connection.close()


async def read(stack: Stack) -> str:
    connection = await asyncpg.connect(stack.postgres.url("roost_user"))
    word = await connection.fetchval("SELECT word FROM kept")
    await connection.close()
    return str(word)


async def test_second_start_finds_the_data_at_the_same_address(tmp_path: Path) -> None:
    async with Stack(State(tmp_path), usual_ports={}) as stack:
        await stack.up(["postgres"])
        await write(stack, "hello")
        address = stack.postgres.address

    async with Stack(State(tmp_path), usual_ports={}) as stack:
        await stack.up(["postgres"])

        assert stack.postgres.address == address
        assert await read(stack) == "hello"


async def test_acknowledged_write_survives_a_killed_server(tmp_path: Path) -> None:
    async with Stack(State(tmp_path), usual_ports={}) as stack:
        await stack.up(["postgres"])
        await write(stack, "hello")

        stack.supervisor.kill()
        await stack.supervisor.restart("postgres")

        assert await read(stack) == "hello"


async def test_no_file_of_any_part_is_open_to_other_users(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    before = os.umask(0o022)
    try:
        async with Stack(state, usual_ports={}) as stack:
            await stack.up(["postgres", "valkey", "broker", "envoy"])
            await write(stack, "hello")
            opened = open_to_others(state.folder)
            kept = {part: any(state.data(part).iterdir()) for part in PARTS_WITH_FILES}
    finally:
        os.umask(before)

    # SeaweedFS sets the mode of these itself. They describe a volume and contain no data.
    assert [path for path in opened if path.suffix != ".vif"] == []
    assert all(kept.values()), kept


# A service that keeps files in the object store.
FILES = Manifest(
    noun="files",
    processes=(Process.WORK,),
    engines=(Engine.S3,),
    secrets={"ROOST_MEDIA_PATH_KEY": PATH_KEY},
)


def settings(stack: Stack, name: str) -> dict[str, str]:
    return dict(stack.supervisor._runners[name].part.environment())


def needs(stack: Stack, name: str) -> set[str]:
    return set(stack.supervisor._runners[name].part.needs)


async def test_files_that_a_service_stores_are_served_by_the_media_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.stack, "deployed", lambda: (FILES,))
    async with Stack(State(tmp_path), environ={}, usual_ports={}) as stack:
        await stack.up(["seaweedfs", "envoy"])
        service, gateway = settings(stack, "files-work"), settings(stack, "gateway")
        client = boto3.client(
            "s3",
            endpoint_url=service["ROOST_S3_PUBLIC_ENDPOINT"],
            region_name=service["ROOST_S3_REGION"],
            aws_access_key_id=service["ROOST_S3_ACCESS_KEY"],
            aws_secret_access_key=service["ROOST_S3_SECRET_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )
        client.put_object(Bucket=service["ROOST_S3_BUCKET"], Key="p/a/b.webp", Body=b"picture")
        key = bytes.fromhex(gateway["ROOST_MEDIA_PATH_KEY"])
        paths = SignedPaths(gateway["ROOST_MEDIA_BASE_URL"], key=key, clock=SystemClock())

        async with httpx2.AsyncClient(timeout=60) as reader:
            answer = await reader.get(paths.address("p/a", "b.webp"))

        assert answer.content == b"picture"
        assert service["ROOST_MEDIA_PATH_KEY"] == gateway["ROOST_MEDIA_PATH_KEY"]
        assert service["ROOST_MEDIA_PURGE_URL"] == f"http://{stack.envoy.purges}"
        assert stack.status().media == gateway["ROOST_MEDIA_BASE_URL"] == stack.media


async def test_a_cdn_and_a_public_store_are_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.stack, "deployed", lambda: (FILES,))
    given = {
        "ROOST_MEDIA_BASE_URL": "https://media.example",
        "ROOST_MEDIA_PURGE_URL": "http://edges:8082",
        "ROOST_S3_PUBLIC_ENDPOINT": "https://uploads.example",
        "ROOST_MEDIA_PURGER": "fastly",
    }

    async with Stack(State(tmp_path), environ=given, usual_ports={}) as stack:
        service, gateway = settings(stack, "files-work"), settings(stack, "gateway")

    assert given.items() <= service.items()
    assert gateway["ROOST_MEDIA_BASE_URL"] == "https://media.example"
    assert service["ROOST_S3_ENDPOINT"].startswith("http://127.0.0.1:")


# A service with a database.
ROWS = Manifest(noun="rows", processes=(Process.WORK,), engines=(Engine.POSTGRES,))
OTHER_ROWS = Manifest(noun="others", processes=(Process.WORK,), engines=(Engine.POSTGRES,))
ELSEWHERE = "postgres://rows:word@db.example/rows"
STANDBY = "postgres://rows:word@standby.example/rows"


async def test_a_database_elsewhere_is_the_service_s_and_no_other_process_has_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.stack, "deployed", lambda: (ROWS, OTHER_ROWS))
    given = {"ROOST_DATABASE_URL_ROWS": ELSEWHERE, "ROOST_REPLICA_URL_ROWS": STANDBY}

    async with Stack(State(tmp_path), environ=given, usual_ports={}) as stack:
        rows, others = settings(stack, "rows-work"), settings(stack, "others-work")
        gateway = settings(stack, "gateway")

        assert rows["ROOST_DATABASE_URL"] == stack.database_url("rows") == ELSEWHERE
        assert rows["ROOST_REPLICA_URL"] == STANDBY
        assert others["ROOST_DATABASE_URL"] == stack.postgres.url("roost_others")
        assert "postgres" not in needs(stack, "rows-work")
        assert "postgres" in needs(stack, "others-work")
    for each in (others, gateway):
        assert not {ELSEWHERE, STANDBY} & {*each.values()}


async def test_a_stack_whose_databases_are_all_elsewhere_has_no_postgres(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.stack, "deployed", lambda: (ROWS,))
    given = {"ROOST_DATABASE_URL_ROWS": ELSEWHERE}

    async with Stack(State(tmp_path), environ=given, usual_ports={}) as stack:
        assert "postgres" not in {part.name for part in stack.status().parts}


async def test_a_database_elsewhere_is_migrated_at_the_start(
    tmp_path: Path, empty_database: str
) -> None:
    given = {"ROOST_DATABASE_URL_USER": empty_database}

    async with Stack(State(tmp_path), environ=given, usual_ports={}) as stack:
        await stack.up([])

    connection = await asyncpg.connect(empty_database)
    assert await connection.fetch("SELECT id FROM users") == []
    await connection.close()


async def test_a_database_elsewhere_that_is_away_prevents_the_start(tmp_path: Path) -> None:
    given = {"ROOST_DATABASE_URL_USER": "postgres://nobody@127.0.0.1:1/none"}

    async with Stack(State(tmp_path), environ=given, usual_ports={}) as stack:
        with pytest.raises(DatabaseUnusable, match="database of user, the database cannot be used"):
            await stack.up([])


@pytest.mark.parametrize(
    ("name", "url", "mistake"),
    [
        ("ROOST_DATABASE_URL_USERS", ELSEWHERE, "ROOST_DATABASE_URL_USERS names no service"),
        ("ROOST_DATABASE_URL_USER", "mysql://x/y", "must be a URL that starts with postgres://"),
        ("ROOST_REPLICA_URL_USERS", ELSEWHERE, "ROOST_REPLICA_URL_USERS names no service"),
    ],
)
async def test_a_wrong_address_of_a_database_is_refused(
    tmp_path: Path, name: str, url: str, mistake: str
) -> None:
    with pytest.raises(SettingInvalid, match=mistake):
        async with Stack(State(tmp_path), environ={name: url}, usual_ports={}):
            pass


async def test_a_small_stack_runs_every_service_in_two_processes_with_its_own_settings(
    tmp_path: Path,
) -> None:
    given = {"ROOST_LOG_LEVEL": "warning", "ROOST_TLS": "on"}
    async with Stack(State(tmp_path), environ=given, usual_ports={}) as stack:
        usual = {each.name: settings(stack, each.name) for each in processes_of(stack)}
        upstreams = stack.envoy._upstreams

    async with Stack(
        State(tmp_path), environ={**given, "ROOST_SMALL": "on"}, usual_ports={}
    ) as small:
        parts = {each.name: settings(small, each.name) for each in processes_of(small)}
        assert small.envoy._upstreams == upstreams
        assert needs(small, "services-work") == {*ENGINES, "envoy"}

    assert parts.keys() == {"services", "services-work", "gateway"}
    assert parts["gateway"] == {**usual["gateway"], "ROOST_SMALL": "on"}
    for part, process in (("services", Process.SERVE), ("services-work", Process.WORK)):
        joined = json.loads(parts[part]["ROOST_JOINED"])
        assert joined.keys() == {each.noun for each in deployed() if process in each.processes}
        assert not {"ROOST_DATABASE_URL", "ROOST_SERVICE_KEY_FILE"} & parts[part].keys()
        assert parts[part]["ROOST_LOG_LEVEL"] == "warning"
        for noun, own in joined.items():
            separate = usual[noun if process is Process.SERVE else f"{noun}-work"]
            differing = {name for name in own if own[name] != separate[name]}
            # Of a process without a server it is the address of nothing.
            assert differing <= ({"ROOST_LISTEN"} if process is Process.WORK else set())
            missing = separate.keys() - own.keys() - parts[part].keys()
            assert not missing


def processes_of(stack: Stack) -> list[PartStatus]:
    """Roost's own processes."""
    return [each for each in stack.status().parts if each.name not in {*ENGINES, "envoy"}]


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"ROOST_SMALL": "yes"}, "ROOST_SMALL takes on or off, not 'yes'"),
        (
            {"ROOST_SMALL": "on", "ROOST_REPLICAS_POST": "2"},
            "all services run in two processes, so ROOST_REPLICAS_POST must be 1",
        ),
        (
            {"ROOST_SMALL": "on", "ROOST_WORKERS_USER": "2"},
            "all services run in two processes, so ROOST_WORKERS_USER must be 1",
        ),
    ],
)
async def test_a_small_stack_that_is_asked_for_more_processes_is_refused(
    tmp_path: Path, given: dict[str, str], mistake: str
) -> None:
    with pytest.raises(SettingInvalid, match=mistake):
        async with Stack(State(tmp_path), environ=given, usual_ports={}):
            pass


async def test_every_secret_of_the_store_is_different(tmp_path: Path) -> None:
    async with Stack(State(tmp_path), usual_ports={}) as stack:
        store = stack.seaweedfs
        secrets = {each.secret_key for each in (store.broker, store.media, store.cdn)}

    assert len(secrets) == 3
    assert SecretStore(tmp_path / "secrets").token(PATH_KEY) not in secrets


async def test_folder_runs_one_stack_at_a_time(tmp_path: Path) -> None:
    async with Stack(State(tmp_path), usual_ports={}):
        with pytest.raises(AlreadyRunning):
            async with Stack(State(tmp_path), usual_ports={}):
                pass


def test_roost_command_starts_shows_and_stops_a_stack(tmp_path: Path) -> None:
    def roost(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local.cli", *words, "--state", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    started = roost("up", "--detach", "--only", "valkey")
    shown = roost("status", "--json")
    stopped = roost("down")
    after = roost("status")

    assert started.returncode == 0, started.stderr
    parts = {part["name"]: part for part in json.loads(shown.stdout)["parts"]}
    assert parts["valkey"]["state"] == "ready"
    assert parts["postgres"]["state"] == "stopped"
    assert stopped.returncode == 0, stopped.stderr
    assert after.returncode == 1
    assert "Roost does not run from" in after.stderr.replace("\n", "")


def test_roost_command_says_in_a_sentence_why_a_part_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)

    failed = subprocess.run(
        [sys.executable, "-m", "local.cli", "up", "--only=postgres", f"--state={tmp_path}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert failed.returncode == 1
    [sentence] = failed.stderr.splitlines()
    assert sentence.startswith("postgres could not start because it exited with status ")
    assert sentence.endswith(f"its log is {tmp_path}/logs/postgres.log.")

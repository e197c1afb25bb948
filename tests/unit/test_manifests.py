"""Manifests agree with each other, and reading them opens and imports nothing."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from local.envoy_template import families, template
from services.chassis.runtime.manifest import (
    CHASSIS_MIGRATIONS,
    SERVICES,
    SHARD_KEY_MIGRATIONS,
    Engine,
    GrpcService,
    Manifest,
    Process,
    RouteFamily,
    consumers,
    deployed,
    manifests,
)
from services.chassis.runtime.settings import ServiceSettings
from tests.completeness import assert_listed

ROOT = Path(__file__).parents[2]
# Libraries that connect, compile or import slowly.
HEAVY = ("asyncpg", "confluent_kafka", "google", "grpc", "pydantic", "redis", "roost")


def all_once(names: list[str]) -> bool:
    return max(Counter(names).values()) == 1


def test_reading_manifests_imports_no_heavy_library() -> None:
    program = (
        "import sys; from services.chassis.runtime.manifest import manifests; manifests();"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert not set(HEAVY) & set(run.stdout.split())


def test_every_folder_with_a_process_has_a_manifest_that_names_it() -> None:
    with_processes = {each.parent.name for each in SERVICES.glob("*/__main__.py")}

    assert_listed(
        with_processes,
        [each.noun for each in manifests() if each.processes],
        kind="manifest with processes",
        file="services/<noun>/service.py",
        guide="Add a service",
    )


@pytest.mark.parametrize("noun", [each.noun for each in deployed() if each.processes])
def test_a_service_with_processes_has_a_program_that_can_be_joined(noun: str) -> None:
    program = importlib.import_module(f"services.{noun}.__main__").PROGRAM

    assert program.service == noun
    assert issubclass(program.settings, ServiceSettings)


def test_no_name_is_declared_twice() -> None:
    every = manifests()

    assert all_once([group.name for each in every for group in each.consumer_groups])
    assert all_once([offered.name for each in every for offered in each.grpc_services])
    assert all_once([topic for each in every for topic in each.publishes])
    assert all_once([name for each in every for name in each.keys.values()])
    assert all_once([name for each in every for name in each.secrets.values()])


def test_every_consumed_topic_is_published() -> None:
    published = {topic for each in manifests() for topic in each.publishes}

    consumed = {
        topic for each in manifests() for group in each.consumer_groups for topic in group.topics
    }
    assert_listed(
        published | consumed,
        published,
        kind="publisher",
        file="services/<noun>/service.py: publishes",
        guide="Add an event, step 3",
    )
    assert consumers().keys() == published


def test_parts_run_in_a_service_that_has_processes() -> None:
    hosts = {each.noun for each in manifests() if each.processes}
    parts = [each for each in manifests() if each.runs_in is not None]

    assert {each.runs_in for each in parts} <= hosts
    assert not [each.noun for each in parts if each.processes]


def test_folders_of_migrations_exist_and_each_belongs_to_a_manifest() -> None:
    named = {folder for each in manifests() for folder in each.migrations}
    named |= {CHASSIS_MIGRATIONS, *SHARD_KEY_MIGRATIONS.values()}
    found = {each.parent.relative_to(SERVICES).as_posix() for each in SERVICES.rglob("*.sql")}

    assert_listed(
        {folder for folder in found if folder.endswith("migrations")},
        named,
        kind="manifest that names it",
        file="services/<noun>/service.py: migrations",
        guide="Add a service",
    )


def test_services_with_events_have_kafka_and_a_database() -> None:
    for each in deployed():
        if each.consumer_groups or each.publishes:
            assert {Engine.KAFKA, Engine.POSTGRES} <= set(each.engines), each.noun


def test_a_part_adds_to_the_service_that_runs_it() -> None:
    host = Manifest("host", route_families=(RouteFamily("pages", paths=("pages",)),))
    part = Manifest(
        "part",
        runs_in="host",
        engines=(Engine.S3,),
        route_families=(RouteFamily("pages", paths=("pages/*/part",)),),
    )

    (joined,) = deployed([host, part])

    assert joined.engines == (Engine.S3,)
    (family,) = families([joined])
    assert family.paths == ("pages", "pages/*/part")


def test_a_family_below_another_comes_first() -> None:
    general = Manifest("a", route_families=(RouteFamily("a", paths=("users",)),))
    special = Manifest("b", route_families=(RouteFamily("b", paths=("users/*/posts",)),))

    assert [each.name for each in families([general, special])] == ["b", "a"]


def test_two_services_cannot_own_one_package() -> None:
    services = [
        Manifest(noun, grpc_services=(GrpcService(f"roost.one.v1.{noun.title()}Service"),))
        for noun in ("one", "other")
    ]

    with pytest.raises(ValueError, match="served by one and other"):
        template(services)


def test_documented_connections_and_worker_numbers_are_those_of_the_manifests() -> None:
    lines = (ROOT / "docs/connections.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| ")]
    documented = [(row[1], row[2], row[4]) for row in rows if row[1] != "process"]

    assert documented == [
        (
            f"{each.noun} {process}",
            str(each.dedicated_connections.get(process, 0)),
            "yes" if process in each.worker_numbers else "no",
        )
        for each in deployed()
        for process in each.processes
    ]


def test_a_part_adds_its_connections_and_worker_numbers_to_its_service() -> None:
    host = Manifest(
        "host", dedicated_connections={Process.WORK: 2}, worker_numbers=(Process.SERVE,)
    )
    part = Manifest(
        "part",
        runs_in="host",
        dedicated_connections={Process.WORK: 1, Process.SERVE: 1},
        worker_numbers=(Process.SERVE, Process.WORK),
    )

    (joined,) = deployed([host, part])

    assert joined.dedicated_connections == {Process.WORK: 3, Process.SERVE: 1}
    assert joined.worker_numbers == (Process.SERVE, Process.WORK)

"""What pods get as environment and files is what their processes read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic_settings import BaseSettings

from local.chart import settings_of, variables
from local.cluster_secrets import complete, key_of
from services.chassis.deployment.drain import DrainSettings
from services.chassis.deployment.topics import TopicSettings
from services.chassis.runtime.manifest import Engine, deployed
from services.chassis.runtime.settings import PREFIX, load
from tests.certificates import Authority
from tests.charts.rendering import (
    SETS,
    Object,
    Pod,
    environment,
    mounted_files,
    pods,
    rendered,
    secret_keys,
)

every_set = pytest.mark.parametrize("name", SETS)

# What an operator gives, and what each Secret may have beside what `roost secrets` makes.
GIVEN = {
    "database-url": "postgres://roost:secret@postgres/{owner}",
    "redis-url": "redis://valkey:6379/0",
    "s3-access-key": "key",
    "s3-secret-key": "secret",
}
OPTIONAL = {
    "kafka": {
        "username": "roost",
        "password": "secret",
        "ca.crt": "",
        "tls.crt": "",
        "tls.key": "",
    },
    "rate-limits": {"redis-url": "redis://limits:6379/0"},
    "search": {"opensearch-username": "roost", "opensearch-password": "secret"},
    "notification": {"smtp-url": "smtp://mail:25"},
    **{noun: {"replica-url": "postgres://standby/roost"} for noun in ("post", "timeline", "user")},
    "media": {"fastly-token": "secret"},  # named by secretEnv of ci/everything.yaml
}
# Secrets of the operator, with their keys.
FOREIGN = {
    "valkey-authority": {"ca.crt"},
    "town-edge": {"tls.crt", "tls.key"},
    "town-mesh": {"tls.crt", "tls.key", "ca.crt"},
}


@pytest.fixture(scope="module")
def known() -> dict[str, dict[str, str]]:
    """The values of all Secrets by owner and key."""
    services = [each for each in deployed() if each.processes]
    given = {
        each.noun: {
            key: text.format(owner=each.noun)
            for key, text in GIVEN.items()
            if not key.startswith("s3") or Engine.S3 in each.engines
        }
        for each in services
    }
    made = complete(services, given | {"envoy": {"media-store.credentials": "[default]"}}, {})
    return {owner: made.get(owner, {}) | OPTIONAL.get(owner, {}) for owner in {*made, *OPTIONAL}}


def owner_of(secret: str, name: str) -> str:
    values = yaml.safe_load(SETS[name].read_text())
    renamed = {other: owner for owner, other in values.get("existingSecrets", {}).items()}
    return renamed.get(secret, secret.removeprefix(f"{values.get('fullnameOverride', 'roost')}-"))


def processes(name: str) -> Iterator[tuple[str, type[BaseSettings], Pod, Object]]:
    """Yield each container that runs Roost, with the class of its settings and an owner."""
    for pod in pods(rendered(name)):
        for container in pod.containers:
            match container.get("args", []):
                case [module, "serve" | "work"]:
                    noun = module.removeprefix("services.")
                    yield noun, settings_of(noun), pod, container
                case ["gateway"]:
                    yield "gateway", settings_of("gateway"), pod, container
                case ["services.chassis.deployment", "topics"]:
                    yield "topics", TopicSettings, pod, container
                case ["services.chassis.deployment", "drain"]:
                    yield "drain", DrainSettings, pod, container


@every_set
def test_every_variable_is_a_setting_of_its_process(name: str) -> None:
    seen = set()
    for owner, settings, _, container in processes(name):
        seen.add(owner)
        given = {each for each in environment(container) if each.startswith(PREFIX)}
        assert given <= set(variables(settings)), owner
    assert {"gateway", "drain", "user", "post", "timeline"} <= seen


@every_set
def test_every_process_can_read_its_settings(
    name: str,
    known: dict[str, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificates = Authority().issue(tmp_path / "certificates", "town")
    for _, settings, pod, container in processes(name):
        with monkeypatch.context() as process:
            files = mounted_files(pod, container)
            for variable, described in environment(container).items():
                value = described.get("value")
                if value is None:
                    reference = described["valueFrom"]["secretKeyRef"]
                    value = known[owner_of(reference["name"], name)][reference["key"]]
                if value.startswith("/etc/roost/"):
                    assert value in files
                    file = tmp_path / value.removeprefix("/")
                    file.parent.mkdir(parents=True, exist_ok=True)
                    content = certificates / file.name  # of files that settings read at once
                    file.write_bytes(content.read_bytes() if content.exists() else b"")
                    value = str(file)
                process.setenv(variable, value)

            assert load(settings)


@every_set
def test_every_secret_has_the_keys_that_pods_name(
    name: str, known: dict[str, dict[str, str]]
) -> None:
    named = {each for pod in pods(rendered(name)) for each in secret_keys(pod)}

    assert named
    for secret, key in named:
        if secret in FOREIGN:
            assert key in FOREIGN[secret]
        else:
            assert key in known[owner_of(secret, name)], f"{secret} has no {key}"


def test_migrations_get_the_database_of_every_enabled_service() -> None:
    (job,) = [pod for pod in pods(rendered("smallest")) if pod.name == "roost-migrate"]
    (container,) = job.containers

    assert {
        variable: each["valueFrom"]["secretKeyRef"]
        for variable, each in environment(container).items()
    } == {
        f"ROOST_DATABASE_URL_{each.noun.upper()}": {
            "name": f"roost-{each.noun}",
            "key": "database-url",
        }
        for each in deployed()
        if Engine.POSTGRES in each.engines and each.processes
    }


def test_databases_that_are_distributed_are_those_of_the_chosen_services() -> None:
    sets = ('sharding.services=["post", "timeline"]', "sharding.shards=64")
    (job,) = [pod for pod in pods(rendered("smallest", *sets)) if pod.name == "roost-distribute"]
    given = environment(job.containers[0])

    assert {
        variable: each["valueFrom"]["secretKeyRef"]["name"]
        for variable, each in given.items()
        if "valueFrom" in each
    } == {
        "ROOST_DATABASE_URL_POST": "roost-post",
        "ROOST_DATABASE_URL_TIMELINE": "roost-timeline",
    }
    assert given["ROOST_SHARDS"]["value"] == "64"


def test_a_variable_of_a_service_is_the_key_of_its_secret() -> None:
    for service in deployed():
        for pod in pods(rendered("smallest")):
            if pod.name != f"roost-{service.noun}":
                continue
            given = environment(pod.containers[0])
            for variable in service.secrets:
                reference = given[variable]["valueFrom"]["secretKeyRef"]
                assert reference == {"name": pod.name, "key": key_of(variable)}
            for variable in service.keys:
                assert given[variable]["value"] == f"/etc/roost/own/{key_of(variable)}"


def test_own_variables_replace_those_of_the_chart() -> None:
    sets = ('services.post.env={"ROOST_LOG_LEVEL": "debug", "ROOST_DRAIN_SECONDS": "5"}',)
    found = {pod.name: environment(pod.containers[0]) for pod in pods(rendered("smallest", *sets))}

    for process in ("roost-post", "roost-post-work"):
        assert found[process]["ROOST_LOG_LEVEL"]["value"] == "debug"
        assert found[process]["ROOST_DRAIN_SECONDS"]["value"] == "5"
    assert found["roost-user"]["ROOST_LOG_LEVEL"]["value"] == "info"


def test_gateway_and_services_count_like_the_edge() -> None:
    sets = ('envoy.settings={"RATE_LOGINS": "7", "RATE_WRITES": "9"}',)
    found = {pod.name: environment(pod.containers[0]) for pod in pods(rendered("smallest", *sets))}

    assert found["roost-gateway"]["ROOST_RATE_WRITES"]["value"] == "9"
    assert found["roost-gateway"]["ROOST_RATE_LOGINS"]["value"] == "7"
    assert found["roost-user"]["ROOST_RATE_LOGINS"]["value"] == "7"

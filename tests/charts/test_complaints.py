"""What operators complain about in charts of such platforms, and what this chart does instead."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.chassis.runtime.manifest import deployed
from tests.charts.lint import CHART
from tests.charts.rendering import (
    SETS,
    environment,
    hooks,
    of_kind,
    pods,
    rendered,
    template,
)

every_set = pytest.mark.parametrize("name", SETS)

SWITCHES = (
    "services.notification.enabled=false",
    "services.media.enabled=false",
    "services.search.enabled=false",
    "migrations.enabled=false",
    "kafka.topics.create=false",
    "podDisruptionBudgets.enabled=false",
    "topologySpread.enabled=false",
    'workerScaling="none"',
    "envoy.autoscaling.enabled=false",
    "gateway.autoscaling.enabled=false",
    "serviceDefaults.serve.autoscaling.enabled=false",
    'tls.edge.existingSecret=""',
    'tls.mesh.existingSecret=""',
)


# 1 ------------------------------------------------------------------------------------------------
@every_set
def test_hooks_need_nothing_that_the_chart_makes(name: str) -> None:
    objects = rendered(name)
    made = {
        each["metadata"]["name"]
        for each in objects
        if each["kind"] in ("ConfigMap", "Secret", "ServiceAccount")
    }
    for hook in hooks(objects, "pre-install"):
        spec = hook["spec"]["template"]["spec"]
        named = {
            source.get("secretName", source.get("name"))
            for volume in spec["volumes"]
            for kind, source in volume.items()
            if kind in ("secret", "configMap")
        }
        assert "serviceAccountName" not in spec
        assert not named & made


# 2 ------------------------------------------------------------------------------------------------
@every_set
def test_the_chart_makes_no_secret_so_an_upgrade_changes_none(name: str) -> None:
    assert of_kind(rendered(name), "Secret") == {}


def test_no_template_uses_a_random_value_or_reads_the_cluster() -> None:
    for file in (CHART / "templates").rglob("*"):
        if file.is_file():
            text = file.read_text()
            for function in ("rand", "genCA", "genSelfSigned", "genPrivateKey", "lookup", "now"):
                assert f" {function}" not in text.replace("`", ""), f"{file.name}: {function}"


# 3 ------------------------------------------------------------------------------------------------
@every_set
def test_no_database_is_installed(name: str) -> None:
    objects = rendered(name)
    images = {
        container["image"].partition("@")[0].rpartition("/")[2].partition(":")[0]
        for pod in pods(objects)
        for container in pod.containers
    }

    assert images <= {"roost", "roost-media", "roost-migrate", "envoy", "ratelimit"}
    assert not of_kind(objects, "StatefulSet")


# 4 ------------------------------------------------------------------------------------------------
def test_search_may_be_an_external_opensearch() -> None:
    found = {pod.name: environment(pod.containers[0]) for pod in pods(rendered("everything"))}

    for process in ("town-search", "town-search-work"):
        assert found[process]["ROOST_SEARCH"]["value"] == "opensearch"
        assert found[process]["ROOST_OPENSEARCH_URL"]["value"] == "https://opensearch.search:9200"
        assert found[process]["ROOST_OPENSEARCH_PASSWORD"]["valueFrom"]["secretKeyRef"] == {
            "name": "town-search",
            "key": "opensearch-password",
        }


# 5 ------------------------------------------------------------------------------------------------
def test_every_deployment_is_scaled_by_default() -> None:
    objects = rendered("smallest")
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]
        for each in of_kind(objects, "HorizontalPodAutoscaler").values()
    }

    assert scaled == of_kind(objects, "Deployment").keys()


@every_set
def test_what_an_autoscaler_owns_has_no_number_of_replicas(name: str) -> None:
    objects = rendered(name)
    scalers = [
        *of_kind(objects, "HorizontalPodAutoscaler").values(),
        *of_kind(objects, "ScaledObject").values(),
    ]
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in scalers}

    for deployment, each in of_kind(objects, "Deployment").items():
        assert ("replicas" in each["spec"]) == (deployment not in scaled), deployment


def test_workers_are_scaled_by_the_lag_of_each_of_their_groups() -> None:
    scalers = of_kind(rendered("smallest"), "HorizontalPodAutoscaler")

    for service in deployed():
        metrics = scalers[f"roost-{service.noun}-work"]["spec"]["metrics"]
        assert {
            each["external"]["metric"]["selector"]["matchLabels"]["group"] for each in metrics
        } == {group.name for group in service.consumer_groups}
        assert {each["external"]["metric"]["name"] for each in metrics} == {
            "roost_consumer_lag_events"
        }


def test_keda_asks_for_the_lag_of_each_group_with_kafkas_credentials() -> None:
    objects = rendered("everything")
    (authentication,) = of_kind(objects, "TriggerAuthentication").values()
    triggers = of_kind(objects, "ScaledObject")["town-notification-work"]["spec"]["triggers"]

    assert {each["metadata"]["consumerGroup"] for each in triggers} == {
        "notification.events",
        "notification.log",
    }
    for each in triggers:
        assert each["authenticationRef"] == {"name": authentication["metadata"]["name"]}
        assert (each["metadata"]["sasl"], each["metadata"]["tls"]) == ("scram_sha512", "enable")
    assert {
        (each["parameter"], each["name"], each["key"])
        for each in authentication["spec"]["secretTargetRef"]
    } == {
        ("username", "town-kafka", "username"),
        ("password", "town-kafka", "password"),
        ("ca", "town-kafka", "ca.crt"),
        ("cert", "town-kafka", "tls.crt"),
        ("key", "town-kafka", "tls.key"),
    }


# 6 ------------------------------------------------------------------------------------------------
def test_no_chart_of_others_is_needed() -> None:
    described = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert "dependencies" not in described
    assert not (CHART / "charts").exists()


# 7 ------------------------------------------------------------------------------------------------
@every_set
def test_no_volume_ties_a_pod_to_a_node(name: str) -> None:
    objects = rendered(name)

    assert not of_kind(objects, "PersistentVolumeClaim")
    for pod in pods(objects):
        for volume in pod.spec.get("volumes", []):
            assert not volume.keys() & {"persistentVolumeClaim", "hostPath", "ephemeral"}
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"]


# 8 ------------------------------------------------------------------------------------------------
def test_migrations_and_topics_come_before_the_new_version() -> None:
    objects = rendered("smallest")
    names = {"roost-migrate", "roost-topics"}

    for hook in ("pre-install", "pre-upgrade"):
        assert {each["metadata"]["name"] for each in hooks(objects, hook)} == names
    for hook in ("post-install", "post-upgrade", "pre-rollback", "post-rollback"):
        assert hooks(objects, hook) == []


def test_tables_are_distributed_after_the_migrations() -> None:
    jobs = of_kind(rendered("everything"), "Job")
    weights = {
        name: int(job["metadata"]["annotations"].get("helm.sh/hook-weight", 0))
        for name, job in jobs.items()
    }

    assert weights["town-distribute"] > weights["town-migrate"]


def test_a_failed_migration_keeps_its_log_until_the_next_try() -> None:
    for job in of_kind(rendered("smallest"), "Job").values():
        found = job["metadata"]["annotations"]
        assert found["helm.sh/hook-delete-policy"] == "before-hook-creation"
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


# 9 ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("switched", SWITCHES)
def test_each_part_can_be_switched_off(switched: str) -> None:
    assert template(SETS["everything"], sets=(switched,)).returncode == 0


def test_every_pair_of_services_can_be_switched_off() -> None:
    for pair in combinations(SWITCHES[:3], 2):
        assert template(SETS["everything"], sets=pair).returncode == 0


def test_a_service_that_is_switched_off_leaves_nothing() -> None:
    left = [
        each["metadata"]["name"]
        for each in rendered("switched-off")
        if {"search", "media", "notification"} & set(each["metadata"]["name"].split("-"))
    ]

    assert left == []


def test_the_sets_of_values_name_all_values(tmp_path: Path) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    everything: dict[str, Any] = yaml.safe_load(SETS["everything"].read_text())
    switched_off: dict[str, Any] = yaml.safe_load(SETS["switched-off"].read_text())

    assert values.keys() - everything.keys() - switched_off.keys() <= {"nameOverride"}

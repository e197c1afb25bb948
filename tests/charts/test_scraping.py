"""Prometheus gives a process the same labels on one machine, in Compose and on Kubernetes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local import compose
from local.process_runner import PartStatus
from local.prometheus import configuration, targets_of
from services.chassis.runtime.manifest import Process, deployed
from tests.charts.rendering import Pod, of_kind, pods, rendered, selected

Labels = Mapping[str, str]


def part(name: str, *, admin: str | None = "127.0.0.1:1") -> PartStatus:
    return PartStatus(
        name=name,
        state="ready",
        pid=1,
        address="127.0.0.1:2",
        restarts=0,
        log="",
        stop_signal=15,
        admin=admin,
    )


def kinds(labels: Iterator[Labels]) -> set[tuple[str, str | None]]:
    return {(each["job"], each.get("process")) for each in labels}


def labels_of(text: str) -> Iterator[Labels]:
    """The labels of every target of a configuration."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for job in json.loads("\n".join(lines))["scrape_configs"]:
        for each in job["static_configs"]:
            yield each["labels"]


def kubernetes(*sets: str) -> Iterator[Labels]:
    """The labels of every pod of the ServiceMonitor."""
    objects = rendered("everything", *sets)
    (monitor,) = of_kind(objects, "ServiceMonitor").values()
    (service,) = [
        each
        for each in of_kind(objects, "Service").values()
        if monitor["spec"]["selector"]["matchLabels"].items() <= each["metadata"]["labels"].items()
    ]
    ports = {each["name"]: each["targetPort"] for each in service["spec"]["ports"]}
    for endpoint in monitor["spec"]["endpoints"]:
        for pod in pods(objects):
            names = {port["name"] for each in pod.containers for port in each.get("ports", [])}
            if selected(service, pod) and ports[endpoint["port"]] in names:
                yield relabeled(pod, endpoint["relabelings"])


def relabeled(pod: Pod, rules: list[dict[str, Any]]) -> Labels:
    """The labels after the rules, all of which replace."""
    labels = {"__meta_kubernetes_pod_name": f"{pod.name}-x"}
    for name, value in pod.labels.items():
        labels["__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", name)] = value
    for rule in rules:
        value = ";".join(labels[name] for name in rule.get("sourceLabels", []))
        matched = re.fullmatch(rule.get("regex", "(.*)"), value)
        if matched:
            replacement = re.sub(r"\$(\d)", r"\\\1", rule.get("replacement", "$1"))
            labels[rule["targetLabel"]] = matched.expand(replacement)
    return labels


def test_the_three_topologies_have_the_same_jobs_and_processes() -> None:
    parts = [part("envoy"), part("gateway"), part("postgres", admin=None)]
    for service in deployed():
        for process in service.processes:
            work = process is Process.WORK
            parts.append(part(f"{service.noun}-work" if work else service.noun))
    local = kinds(labels_of(configuration(targets_of(parts), interval="5s")))

    assert ("roost-post", "work") in local
    assert ("roost-envoy", None) in local
    assert kinds(labels_of(compose.prometheus())) == local
    assert kinds(kubernetes("rateLimits.global.enabled=false")) == local
    # Only the chart can start it.
    assert kinds(kubernetes()) - local == {("roost-rate-limits", "serve")}


def test_an_instance_is_the_name_that_the_platform_gives() -> None:
    local = labels_of(configuration(targets_of([part("post-work-2")]), interval="5s"))

    assert [dict(each) for each in local] == [
        {"job": "roost-post", "process": "work", "instance": "post-work-2"}
    ]
    compose_instances = {each["instance"] for each in labels_of(compose.prometheus())}
    assert {"post-work", "gateway", "envoy"} <= compose_instances
    assert "town-post-work-x" in {each["instance"] for each in kubernetes()}


def test_the_joined_processes_of_a_small_stack_have_a_job_of_their_own() -> None:
    parts = [part("services"), part("services-work")]

    local = labels_of(configuration(targets_of(parts), interval="5s"))

    assert kinds(local) == {("roost-services", "serve"), ("roost-services", "work")}


def test_parts_without_metrics_are_no_targets() -> None:
    assert targets_of([part("postgres"), part("post", admin=None)]) == []

"""Every set of values makes objects that Kubernetes takes and that fit together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.charts.lint import schema
from tests.charts.rendering import (
    SETS,
    Pod,
    annotations,
    environment,
    of_kind,
    pods,
    rendered,
    selected,
    template,
)

every_set = pytest.mark.parametrize("name", SETS)


@every_set
def test_every_object_is_valid(name: str) -> None:
    assert [wrong for each in rendered(name) for wrong in schema(each, name)] == []


@every_set
def test_no_two_objects_have_the_same_name(name: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in rendered(name)]

    assert len(names) == len(set(names))


@every_set
def test_two_renders_are_equal(name: str) -> None:
    assert template(SETS[name]).stdout == template(SETS[name]).stdout


@every_set
def test_every_pod_satisfies_the_restricted_profile(name: str) -> None:
    for pod in pods(rendered(name)):
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for volume in pod.spec.get("volumes", []):
            assert volume.keys() - {"name"} <= {"configMap", "emptyDir", "secret"}
        for container in pod.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@every_set
def test_every_pod_runs_as_the_user_of_the_images_and_without_a_token(name: str) -> None:
    for pod in pods(rendered(name)):
        security = pod.spec["securityContext"]
        assert {security[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {65532}
        assert pod.spec["automountServiceAccountToken"] is False
        # Kubernetes' variables of Services, such as ROOST_MESH_PORT, would look like settings.
        assert pod.spec["enableServiceLinks"] is False


@every_set
def test_every_container_requests_resources_and_has_a_limit_of_memory(name: str) -> None:
    for pod in pods(rendered(name)):
        for container in pod.containers:
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


@every_set
def test_every_probe_and_port_of_a_service_is_a_port_of_its_pods(name: str) -> None:
    objects = rendered(name)
    for pod in pods(objects):
        for container in pod.containers:
            ports = ports_of(container)
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                probe = container.get(kind, {})
                for way in ("httpGet", "tcpSocket"):
                    assert probe.get(way, {}).get("port", next(iter(ports), None)) in {*ports, None}
    for service in of_kind(objects, "Service").values():
        chosen = [pod for pod in pods(objects) if selected(service, pod)]
        for port in service["spec"]["ports"]:
            having = [pod for pod in chosen if port["targetPort"] in all_ports(pod)]
            assert having, f"{service['metadata']['name']}: no pod has {port['targetPort']}"
            if service["spec"]["clusterIP" if "clusterIP" in service["spec"] else "type"] == "None":
                numbers = {all_ports(pod)[port["targetPort"]] for pod in having}
                assert numbers == {port["port"]}


@every_set
def test_processes_listen_on_the_ports_that_their_pods_name(name: str) -> None:
    for pod in pods(rendered(name)):
        for container in pod.containers:
            variables, ports = environment(container), ports_of(container)
            if "ROOST_ADMIN_LISTEN" not in variables:
                continue
            listening = {variables["ROOST_ADMIN_LISTEN"]["value"]}
            if "ROOST_LISTEN" in variables:
                listening.add(variables["ROOST_LISTEN"]["value"])
            assert listening == {f"0.0.0.0:{number}" for number in ports.values()}


@every_set
def test_every_process_has_all_probes_and_time_to_end(name: str) -> None:
    for deployment in of_kind(rendered(name), "Deployment").values():
        spec = deployment["spec"]["template"]["spec"]
        for container in spec["containers"]:
            if "ROOST_ADMIN_LISTEN" in environment(container):
                paths = {
                    kind: container[f"{kind}Probe"]["httpGet"]["path"]
                    for kind in ("startup", "liveness", "readiness")
                }
                assert paths == {
                    "startup": "/livez",
                    "liveness": "/livez",
                    "readiness": "/readyz",
                }
                assert spec["terminationGracePeriodSeconds"] == 40


@every_set
def test_selectors_choose_the_pods_of_one_deployment(name: str) -> None:
    objects = rendered(name)
    everything = list(pods(objects))
    for deployment in of_kind(objects, "Deployment").values():
        wanted = deployment["spec"]["selector"]["matchLabels"]
        chosen = [pod.name for pod in everything if wanted.items() <= pod.labels.items()]
        assert chosen == [deployment["metadata"]["name"]]


@every_set
def test_new_pods_are_ready_before_old_ones_end(name: str) -> None:
    for deployment in of_kind(rendered(name), "Deployment").values():
        rolling = deployment["spec"]["strategy"]["rollingUpdate"]
        assert rolling == {"maxSurge": 1, "maxUnavailable": 0}


@every_set
def test_volumes_and_mounts_match(name: str) -> None:
    for pod in pods(rendered(name)):
        volumes = {each["name"] for each in pod.spec.get("volumes", [])}
        mounted = {
            mount["name"] for each in pod.containers for mount in each.get("volumeMounts", [])
        }
        assert volumes == mounted


def test_envoy_ends_after_it_has_drained() -> None:
    (pod,) = [
        each for each in pods(rendered("smallest", "envoy.drainSeconds=30")) if "envoy" in each.name
    ]
    envoy, drain = pod.containers
    seconds = environment(drain)["ROOST_DRAIN_SECONDS"]["value"]

    assert drain["args"] == ["services.chassis.deployment", "drain"]
    assert "lifecycle" not in drain
    assert seconds == "30"
    assert envoy["lifecycle"]["preStop"] == {"sleep": {"seconds": 32}}
    assert envoy["args"][envoy["args"].index("--drain-time-s") + 1] == "30"
    assert pod.spec["terminationGracePeriodSeconds"] > 32


def test_a_changed_configuration_replaces_envoys_pods() -> None:
    def checksum(*sets: str) -> str:
        deployment = of_kind(rendered("smallest", *sets), "Deployment")["roost-envoy"]
        return annotations(deployment["spec"]["template"])["checksum/configuration"]

    assert checksum('envoy.settings.RATE_READS="601"') != checksum()


def test_the_smallest_values_are_the_only_required_ones() -> None:
    named: dict[str, Any] = {}
    for each in rendered("smallest"):
        named.setdefault(each["kind"], []).append(each["metadata"]["name"])

    assert "roost-timeline-work" in named["Deployment"]
    assert not named.keys() & {"NetworkPolicy", "Ingress", "ServiceMonitor", "PrometheusRule"}


def ports_of(container: dict[str, Any]) -> dict[str, int]:
    return {each["name"]: each["containerPort"] for each in container.get("ports", [])}


def all_ports(pod: Pod) -> dict[str, int]:
    return {name: port for each in pod.containers for name, port in ports_of(each).items()}

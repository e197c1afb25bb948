"""Serves metrics.k8s.io and external.metrics.k8s.io with values that tests choose.

A load of CPU is divided between the pods of its component, so that more pods have less each.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.ports import HOST
from local.secret_store import SecretStore

COMPONENT = "app.kubernetes.io/component"
LAG = "roost_consumer_lag_events"
VERSIONS = ("v1beta1.metrics.k8s.io", "v1beta1.external.metrics.k8s.io")
NAMESPACE = "metrics"

_PODS = re.compile(r"/apis/metrics.k8s.io/v1beta1/namespaces/([^/]+)/pods")
_EXTERNAL = re.compile(r"/apis/external.metrics.k8s.io/v1beta1/namespaces/[^/]+/([^/]+)")
_RESOURCES = {
    "/apis/metrics.k8s.io/v1beta1": ("pods", "PodMetrics"),
    "/apis/external.metrics.k8s.io/v1beta1": (LAG, "ExternalMetricValueList"),
}


class Metrics:
    """The values, and the server. `millicores` is the load of each component; `lag` the events that
    each consumer group has not handled, by partition; `pods` the pods that the nodes have."""

    def __init__(self, *, port: int, secrets: SecretStore) -> None:
        self.millicores: dict[str, int] = {}
        self.lag: dict[str, list[int]] = {}
        self.pods: Sequence[dict[str, Any]] = ()
        self._port = port
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                selector = parse_qs(url.query).get("labelSelector", [""])[0]
                found = metrics.answer(url.path, selector)
                status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}
                body = json.dumps(status if found is None else found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """The log of the API server has the requests."""

        self._server = ThreadingHTTPServer((HOST, port), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = secrets.certificate("metrics")
        context.load_cert_chain(certificate, secrets.signing_key("metrics"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics")

    def __enter__(self) -> Metrics:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def clear(self) -> None:
        """Remove the load and all series of the lag."""
        self.millicores.clear()
        self.lag.clear()

    def objects(self) -> list[dict[str, Any]]:
        """Return what registers both APIs with the API server."""
        ports = [{"port": self._port}]
        # The API server resolves the name itself: there is no network of pods.
        service = {"type": "ExternalName", "externalName": "localhost", "ports": ports}
        name = {"name": "metrics", "namespace": NAMESPACE}
        registered = {
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {**name, "port": self._port},
        }
        return [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": service},
            *(
                {
                    "apiVersion": "apiregistration.k8s.io/v1",
                    "kind": "APIService",
                    "metadata": {"name": version},
                    "spec": {
                        "group": version.partition(".")[2],
                        "version": version.partition(".")[0],
                        **registered,
                    },
                }
                for version in VERSIONS
            ),
        ]

    def answer(self, path: str, selector: str) -> dict[str, Any] | None:
        """Return the object at this path, or None."""
        if path in _RESOURCES:
            return _resources(path)
        if found := _PODS.fullmatch(path):
            return self._pods(found[1], selector)
        if found := _EXTERNAL.fullmatch(path):
            return self._external(found[1], selector)
        return None

    def _pods(self, namespace: str, selector: str) -> dict[str, Any]:
        wanted = _labels(selector)
        pods = [
            each
            for each in self.pods
            if each["metadata"]["namespace"] == namespace
            and each["status"]["phase"] == "Running"
            and wanted.items() <= each["metadata"].get("labels", {}).items()
        ]
        components = [each["metadata"]["labels"].get(COMPONENT, "") for each in pods]
        return {
            "kind": "PodMetricsList",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {},
            "items": [
                self._pod(pod, self.millicores.get(component, 0) // components.count(component))
                for pod, component in zip(pods, components, strict=True)
            ],
        }

    def _pod(self, pod: dict[str, Any], millicores: int) -> dict[str, Any]:
        """The first container has all of the load."""
        names = [each["name"] for each in pod["spec"]["containers"]]
        usage = [f"{millicores}m", *("0" for _ in names[1:])]
        return {
            "metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "labels")},
            "timestamp": _now(),
            "window": "10s",
            "containers": [
                {"name": name, "usage": {"cpu": cpu, "memory": "150Mi"}}
                for name, cpu in zip(names, usage, strict=True)
            ],
        }

    def _external(self, metric: str, selector: str) -> dict[str, Any]:
        wanted = _labels(selector)
        series = [
            ({"group": group, "partition": str(partition)}, lag)
            for group, partitions in self.lag.items()
            for partition, lag in enumerate(partitions)
        ]
        return {
            "kind": "ExternalMetricValueList",
            "apiVersion": "external.metrics.k8s.io/v1beta1",
            "metadata": {},
            "items": [
                {"metricName": LAG, "metricLabels": labels, "timestamp": _now(), "value": str(lag)}
                for labels, lag in series
                if metric == LAG and wanted.items() <= labels.items()
            ],
        }


def _labels(selector: str) -> dict[str, str]:
    """Return the labels that a selector of equalities names."""
    return dict(each.split("=", 1) for each in selector.split(",") if each)


def _resources(path: str) -> dict[str, Any]:
    name, kind = _RESOURCES[path]
    resource = {"name": name, "singularName": "", "namespaced": True, "kind": kind}
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": path.removeprefix("/apis/"),
        "resources": [{**resource, "verbs": ["get", "list"]}],
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""A Kubernetes control plane on loopback: real API server and controllers, simulated nodes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from local.ports import Ports
from local.secret_store import SecretStore
from local.supervisor import Supervisor
from tests.kube.kubelet import Kubelet
from tests.kube.metrics import VERSIONS, Metrics
from tests.kube.parts import ApiServer, Controllers, Etcd
from tests.kube.tools import FOLDER
from tests.waiting import LIMIT

T = TypeVar("T")

Completed = subprocess.CompletedProcess[str]


class ControlPlane:
    """The processes, the kubelet and the metrics.

    They run in a thread with a loop of its own; every method blocks until done. All of it ends with
    `close`. The processes end with this one, too.
    """

    def __init__(self, folder: Path) -> None:
        self._exits = ExitStack()
        self._home = folder / "home"
        self._home.mkdir()
        self._ports = Ports(folder / "ports.json")
        self._exits.callback(self._ports.release)
        (folder / "secrets").mkdir(mode=0o700)
        secrets = SecretStore(folder / "secrets")
        etcd = Etcd(folder / "etcd", ports=self._ports)
        self._server = ApiServer(folder, ports=self._ports, secrets=secrets, etcd=etcd)
        controllers = Controllers(folder / "controllers", ports=self._ports, server=self._server)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="control plane")
        self._thread.start()
        self._exits.callback(self._end_loop)
        try:
            self.metrics = Metrics(port=self._ports.port("metrics"), secrets=secrets)
            self._exits.enter_context(self.metrics)
            self._start(Supervisor([etcd, self._server, controllers], logs=folder / "logs"))
            self._register_metrics()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops everything."""
        self._exits.close()

    def kubectl(self, *arguments: str, given: str | None = None) -> Completed:
        """Runs kubectl, with this text as its input."""
        return self._command("kubectl", *arguments, given=given)

    def helm(self, *arguments: str) -> Completed:
        """Runs Helm. Its own limit of 5 requests a second would slow its waiting down: that lists
        the pods of every ReplicaSet, those of earlier revisions too."""
        return self._command("helm", *arguments, "--qps=200", "--burst-limit=1000")

    def apply(self, *objects: dict[str, Any]) -> None:
        """Creates or replaces these objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        applied = self.kubectl("apply", "--server-side", "-f", "-", given=json.dumps(listed))
        assert applied.returncode == 0, applied.stderr

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Returns what is at a path of the API."""
        self._check()
        answer = self.api.get(path, params=query)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def watch(self, path: str, *, since: str) -> list[dict[str, Any]]:
        """Returns each state of the objects at a path after this version, in order."""
        query = {"watch": "true", "resourceVersion": since, "timeoutSeconds": "1"}
        answer = self.api.get(path, params=query)
        answer.raise_for_status()
        return [json.loads(line)["object"] for line in answer.text.splitlines()]

    def _command(self, program: str, *arguments: str, given: str | None = None) -> Completed:
        self._check()
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "KUBECONFIG": str(self._server.kubeconfig),
        }
        return subprocess.run(
            [str(FOLDER / program), *arguments],
            env=settings,
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def _check(self) -> None:
        """Raises what ended the kubelet: without it every test would wait until its limit."""
        if self._played.done():
            self._played.result()

    def _start(self, supervisor: Supervisor) -> None:
        self._run(supervisor.__aenter__())
        self._exits.callback(lambda: self._run(supervisor.__aexit__()))
        self._run(supervisor.start())
        client = {
            "base_url": self._server.url,
            "headers": {"authorization": f"Bearer {self._server.token}"},
            "verify": self._server.tls(),
            "trust_env": False,
            "timeout": LIMIT,
        }
        self.api = self._exits.enter_context(httpx2.Client(**client))
        nodes = httpx2.AsyncClient(**client)
        self._exits.callback(lambda: self._run(nodes.aclose()))
        self.kubelet = Kubelet(nodes, metrics=self.metrics)
        self._played = asyncio.run_coroutine_threadsafe(self.kubelet.run(), self._loop)
        self._exits.callback(self._played.cancel)

    def _register_metrics(self) -> None:
        self.apply(*self.metrics.objects())
        path = "/apis/apiregistration.k8s.io/v1/apiservices/"
        for version in VERSIONS:
            wait(lambda version=version: _is_available(self.get(path + version)))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def wait(look: Callable[[], T], *, limit: float = LIMIT) -> T:
    """Returns the result once it is true. Fails past the limit, in seconds."""
    deadline = time.monotonic() + limit
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {limit:.0f} s"
        time.sleep(0.1)
    return found


def _is_available(service: dict[str, Any]) -> bool:
    conditions = service.get("status", {}).get("conditions", ())
    return any(each["type"] == "Available" and each["status"] == "True" for each in conditions)

"""Plays the scheduler and the kubelets of a cluster without nodes.

Nothing runs in the pods. A pod whose Secrets and ConfigMaps exist is started and ready at once, one
that is to complete succeeds, and a deleted one stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2

from tests.kube.metrics import Metrics

Pod = dict[str, Any]

PERIOD = 0.2  # seconds between two looks at the pods
# Nothing may be bound in a namespace that is ending.
OVERTAKEN = (httpx2.codes.NOT_FOUND, httpx2.codes.CONFLICT, httpx2.codes.FORBIDDEN)
NODES = ("node-1", "node-2", "node-3")


class Kubelet:
    """Moves all pods on. Tests say what fails.

    `failing` has arguments: a pod that is to complete fails if one of its containers has one of
    them. No container starts whose image is in `missing_images`. Nothing happens while it is
    `paused`. `started` has the namespace and the arguments of each started container, in this
    order.
    """

    def __init__(self, api: httpx2.AsyncClient, *, metrics: Metrics) -> None:
        self.failing: set[str] = set()
        self.missing_images: set[str] = set()
        self.paused = False
        self.started: list[tuple[str, tuple[str, ...]]] = []
        self._api = api
        self._metrics = metrics
        self._scheduled = 0

    def heal(self) -> None:
        """Let nothing fail any more."""
        self.failing.clear()
        self.missing_images.clear()
        self.paused = False

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            if not self.paused:
                self._metrics.pods = await self._list("/api/v1/pods")
                await asyncio.gather(*(self._move(pod) for pod in self._metrics.pods))
            await asyncio.sleep(PERIOD)

    async def _move(self, pod: Pod) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            await self._send("DELETE", _path(pod), {"gracePeriodSeconds": 0})
        elif "nodeName" not in pod["spec"]:
            await self._schedule(pod)
        elif pod["status"]["phase"] == "Pending":
            reason = await self._obstacle(pod)
            if reason is None:
                await self._start(pod)
            elif reason != _waiting_for(pod):
                await self._report(pod, _waiting(pod, reason))

    async def _schedule(self, pod: Pod) -> None:
        node = NODES[self._scheduled % len(NODES)]
        self._scheduled += 1
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"metadata": {"name": pod["metadata"]["name"]}, "target": target}
        binding |= {"apiVersion": "v1", "kind": "Binding"}
        await self._send("POST", f"{_path(pod)}/binding", binding)

    async def _obstacle(self, pod: Pod) -> str | None:
        """Return why a kubelet would not start the pod yet."""
        for image in (each["image"] for each in _containers(pod)):
            if image in self.missing_images:
                return f"ErrImagePull: {image}"
        namespace = pod["metadata"]["namespace"]
        for kind in ("secrets", "configmaps"):
            needed = dict(_needed(pod, kind))
            if not needed:
                continue
            objects = await self._list(f"/api/v1/namespaces/{namespace}/{kind}")
            there = {each["metadata"]["name"]: each for each in objects}
            for name, keys in needed.items():
                if name not in there:
                    return f"CreateContainerConfigError: {kind} has no {name}"
                values = {**there[name].get("data", {}), **there[name].get("binaryData", {})}
                missing = sorted(keys - values.keys())
                if missing:
                    return f"CreateContainerConfigError: {name} of {kind} has no {missing[0]}"
        return None

    async def _start(self, pod: Pod) -> None:
        arguments = [(*each.get("command", ()), *each.get("args", ())) for each in _containers(pod)]
        namespace = pod["metadata"]["namespace"]
        if pod["spec"]["restartPolicy"] == "Always":
            status = _running(pod)
        else:
            fails = any(word in self.failing for words in arguments for word in words)
            status = _completed(pod, failed=fails)
        if await self._report(pod, status):
            self.started += [(namespace, words) for words in arguments]

    async def _report(self, pod: Pod, status: dict[str, Any]) -> bool:
        patch = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        return await self._send("PATCH", f"{_path(pod)}/status", patch)

    async def _send(self, method: str, path: str, body: dict[str, Any]) -> bool:
        """Send a change; return False if the pod, or its namespace, was changed or deleted at the
        same time."""
        headers = {"content-type": "application/json"}
        if method == "PATCH":
            headers["content-type"] = "application/merge-patch+json"
        answer = await self._api.request(method, path, json=body, headers=headers)
        if answer.status_code in OVERTAKEN:
            return False
        answer.raise_for_status()
        return True

    async def _list(self, path: str) -> list[dict[str, Any]]:
        answer = await self._api.get(path)
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def _path(pod: Pod) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _containers(pod: Pod) -> list[dict[str, Any]]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def _needed(pod: Pod, kind: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the Secrets or ConfigMaps that the pod cannot start without, with their keys."""
    found: dict[str, set[str]] = {}

    def need(reference: dict[str, Any], name: str, keys: set[str]) -> None:
        if not reference.get("optional", False):
            found.setdefault(name, set()).update(keys)

    singular = {"secrets": "secret", "configmaps": "configMap"}[kind]
    for container in _containers(pod):
        for variable in container.get("env", ()):
            reference = variable.get("valueFrom", {}).get(f"{singular}KeyRef")
            if reference:
                need(reference, reference["name"], {reference["key"]})
        for source in container.get("envFrom", ()):
            reference = source.get(f"{singular}Ref")
            if reference:
                need(reference, reference["name"], set())
    for volume in pod["spec"].get("volumes", ()):
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            reference = source.get(singular)
            if reference:
                name = reference.get("secretName") or reference["name"]
                need(reference, name, {item["key"] for item in reference.get("items", ())})
    yield from found.items()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _waiting(pod: Pod, reason: str) -> dict[str, Any]:
    name, _, message = reason.partition(": ")
    waiting = {"waiting": {"reason": name, "message": message}}
    return {"containerStatuses": _statuses(pod, waiting, ready=False)}


def _waiting_for(pod: Pod) -> str | None:
    statuses = pod["status"].get("containerStatuses")
    if not statuses:
        return None
    waiting = statuses[0]["state"]["waiting"]
    return f"{waiting['reason']}: {waiting['message']}"


def _running(pod: Pod) -> dict[str, Any]:
    now = _now()
    return {
        "phase": "Running",
        "startTime": now,
        "conditions": _conditions(pod, now, ready=True),
        "containerStatuses": _statuses(pod, {"running": {"startedAt": now}}, ready=True),
    }


def _completed(pod: Pod, *, failed: bool) -> dict[str, Any]:
    now = _now()
    end = {"exitCode": int(failed), "startedAt": now, "finishedAt": now}
    end["reason"] = "Error" if failed else "Completed"
    return {
        "phase": "Failed" if failed else "Succeeded",
        "startTime": now,
        "conditions": _conditions(pod, now, ready=False),
        "containerStatuses": _statuses(pod, {"terminated": end}, ready=False),
    }


def _conditions(pod: Pod, now: str, *, ready: bool) -> list[dict[str, str]]:
    scheduled = [each for each in pod["status"].get("conditions", ()) if each["status"] == "True"]
    names = ("Initialized", "ContainersReady", "Ready")
    status = {"Initialized": "True"}
    return scheduled + [
        {"type": name, "status": status.get(name, str(ready)), "lastTransitionTime": now}
        for name in names
    ]


def _statuses(pod: Pod, state: dict[str, Any], *, ready: bool) -> list[dict[str, Any]]:
    return [
        {
            "name": each["name"],
            "image": each["image"],
            "imageID": "",
            "ready": ready,
            "started": ready,
            "restartCount": 0,
            "state": state,
        }
        for each in pod["spec"]["containers"]
    ]

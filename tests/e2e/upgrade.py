"""A stack that an older checkout runs, whose processes are replaced by those of this one, and load.

Each service has places for three processes, of which two are used: a new process starts in the free
place, becomes healthy, and an old one gets SIGTERM, as a Deployment with one surplus pod does.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from local.edge import Edge, Json
from local.graphql import execute
from local.parts.envoy import admin_socket
from local.ports import Ports
from local.secret_store import SecretStore
from local.stack import Stack
from local.state import State
from services.chassis.deployment.drain import EnvoyAdmin, drain
from services.chassis.runtime.manifest import Process, deployed
from tests.e2e.clients import Clients
from tests.envoy.balancer import Balancer
from tests.waiting import LIMIT, eventually

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("older_stack.py")

SERVICES = [each.noun for each in deployed() if Process.SERVE in each.processes]
WORKERS = [each.noun for each in deployed() if Process.WORK in each.processes]
SERVERS = ("gateway", *SERVICES)
# A second place is for the second process, a third one for the surplus one. A checkout that cannot
# run two workers of a service runs one.
PLACES = {
    **{f"ROOST_REPLICAS_{noun.upper()}": "3" for noun in SERVERS},
    **{f"ROOST_WORKERS_{noun.upper()}": "2" for noun in WORKERS},
}
# The ports that the new Envoy has for itself. Processes know the mesh by one address: the kernel
# distributes its new connections between the Envoys that listen there.
OWN_PORTS = ("edge", "envoy.admin", "envoy.media", "envoy.probes", "envoy.purges")
STOP_SECONDS = 60.0
DRAIN_SECONDS = 5.0
# The operations of all users in a second, and the acknowledged writes after each step.
OPERATIONS = 16
WRITES = 25
# Tokens are valid for 15 minutes, and an upgrade on a busy machine takes longer.
RENEWAL_SECONDS = 300.0

# What an older gateway logs of an Envoy that ends; this checkout's ends the tasks of its stream.
KNOWN = ("Task was destroyed but it is pending!", "Task exception was never retrieved")

HOME = (ROOT / "docs/graphql/home.graphql").read_text()


class Unusable(Exception):
    """The older revision cannot be run here; the message says why."""


def older_revision() -> str:
    """The revision to upgrade from: ROOST_UPGRADE_FROM, else where this branch left main, else the
    commit before this one. Raises Unusable."""
    if given := os.environ.get("ROOST_UPGRADE_FROM"):
        return given
    head = _git("rev-parse", "HEAD")
    for main in ("origin/main", "main"):
        try:
            base = _git("merge-base", "HEAD", main)
        except Unusable:
            continue
        return base if base != head else _git("rev-parse", "HEAD^")
    raise Unusable("no main branch is here")


def check_out(revision: str, folder: Path) -> None:
    """Write the tree of a revision into a new folder. Raises Unusable."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    _git("archive", f"--output={archive}", revision)
    subprocess.run(["tar", "-x", "-f", archive, "-C", folder], check=True)
    modules = [
        "local.stack",
        "gateway.__main__",
        *(f"services.{each}.compose" for each in SERVICES),
    ]
    ran = subprocess.run(
        [sys.executable, "-P", "-c", f"import {', '.join(modules)}"],
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise Unusable(
            f"{revision} does not run with these packages: {ran.stderr.splitlines()[-1]}"
        )


def _git(*words: str) -> str:
    ran = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise Unusable(f"git {words[0]} failed: {ran.stderr.strip()}")
    return ran.stdout.strip()


def _environment(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{tree}:{tree / 'gen'}"}


class OlderStack:
    """A running stack of another checkout; made by `running`."""

    def __init__(
        self, process: asyncio.subprocess.Process, *, edge: str, admin: str, parts: list[str]
    ) -> None:
        self._process = process
        self.edge = edge
        # The admin page of its Envoy.
        self.admin = admin
        self.parts = parts

    async def stop(self, part: str) -> None:
        """SIGTERM, and wait until the part has ended."""
        await self._act(f"stop {part}")

    async def start(self, part: str) -> None:
        """Start a part that was stopped, and wait until it is ready."""
        await self._act(f"start {part}")

    async def _act(self, line: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(STOP_SECONDS):
            said = await self._process.stdout.readline()
        assert said.decode().strip() == line, f"{line}: the older stack has ended"


@asynccontextmanager
async def running(
    tree: Path, folder: Path, settings: Mapping[str, str]
) -> AsyncIterator[OlderStack]:
    """Run the stack of a checkout, with all its places filled, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(DRIVER), str(folder)),
        cwd=tree,
        env={**_environment(tree), **settings},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = await process.stdout.readline()
        assert said, "the older stack did not start"
        yield OlderStack(process, **json.loads(said))
    finally:
        process.stdin.close()
        await process.wait()


class NewParts(Stack):
    """The parts of this checkout, at the addresses and with the secrets of a running stack.

    Its engines are the other stack's. An async context manager; leaving stops the started parts.
    """

    def __init__(self, of: State, folder: Path, settings: Mapping[str, str]) -> None:
        state = State(folder)
        super().__init__(state, environ={**os.environ, **settings}, usual_ports={})
        state.create_folders()
        shutil.copytree(of.secrets, state.secrets)
        shared = json.loads(of.ports.read_text())
        kept = {name: port for name, port in shared.items() if name not in OWN_PORTS}
        state.ports.write_text(json.dumps(kept))
        self._ports = _SharedPorts(state.ports)
        self._compose(self._ports, SecretStore(state.secrets))

    async def __aenter__(self) -> NewParts:
        await self.supervisor.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.__aexit__()
        self._ports.release()

    async def migrate(self) -> None:
        """Apply what this checkout has added to databases and topics."""
        await self.postgres.after_start()
        await self.broker.after_start()

    async def start(self, part: str) -> None:
        """Start a part, and wait until it is ready."""
        await self.supervisor.start([part], with_needs=False)

    async def stop(self, part: str) -> None:
        """SIGTERM, and wait until the part has ended."""
        await self.supervisor.stop([part])

    def address(self, part: str) -> str:
        """Where a part listens."""
        return next(each.address for each in self.supervisor.statuses() if each.name == part)

    def workers(self, noun: str) -> list[str]:
        """The names of the work processes of a service."""
        named = re.compile(rf"{noun}-work(-\d+)?")
        return [each.name for each in self.supervisor.statuses() if named.fullmatch(each.name)]


class _SharedPorts(Ports):
    """Ports that another stack has claimed, by the same numbers."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self._shared = set(json.loads(file.read_text()).values())

    def _claim(self, port: int) -> bool:
        return port in self._shared or super()._claim(port)


class WatchedEdge(Edge):
    """A client of the edge that records every request and every failure."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.statuses: Counter[int] = Counter()
        self.failed: list[str] = []

    async def send(self, method: str, path: str, **fields: Any) -> httpx2.Response:
        try:
            answer = await super().send(method, path, **fields)
        except httpx2.TransportError as error:
            self.failed.append(f"{time.strftime('%X')} {method} {path}: {error!r}")
            raise
        self.statuses[answer.status_code] += 1
        if not answer.is_success:
            said = f"{answer.status_code} {answer.text[:300]}"
            self.failed.append(f"{time.strftime('%X')} {method} {path}: {said}")
        return answer


@asynccontextmanager
async def load(edge: Edge, clients: Clients) -> AsyncIterator[None]:
    """Users who write, like, follow and read, by REST and GraphQL, until the block ends."""
    done = asyncio.Event()

    async def perform() -> None:
        while not done.is_set():
            # Few enough for the workers of one machine, which start and stop, to keep up.
            await asyncio.gather(clients.perform(OPERATIONS), asyncio.sleep(1))

    async def query(who: int) -> None:
        while not done.is_set():
            home: Json = await execute(edge, HOME, by=clients.accounts[who])
            assert "nodes" in home["homeTimeline"]
            await asyncio.sleep(0.2)

    async with asyncio.TaskGroup() as group:
        group.create_task(perform())
        for who in range(2):
            group.create_task(query(who))
        try:
            yield
        finally:
            done.set()


@asynccontextmanager
async def fresh_tokens(clients: Clients) -> AsyncIterator[None]:
    """Signs all users in again and again, until the block ends."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            await clients.sign_in_again()

    async with asyncio.TaskGroup() as group:
        renewing = group.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()


class Upgrade:
    """Replaces the processes of an older stack by those of this checkout, under load."""

    def __init__(
        self, older: OlderStack, new: NewParts, clients: Clients, balancer: Balancer
    ) -> None:
        self._older = older
        self._new = new
        self._clients = clients
        self._balancer = balancer
        # The admin pages of the Envoys that run.
        self._admins = [older.admin]
        # Seconds in which both versions of a kind of process ran.
        self.side_by_side: dict[str, float] = {}

    async def empty_places(self) -> None:
        """Leave two processes of each kind."""
        for noun in SERVERS:
            await self._older.stop(f"{noun}-3")

    async def roll(self) -> None:
        """Replace every process, kind by kind: servers, workers, and Envoy."""
        for noun in SERVERS:
            begun = time.monotonic()
            await self._start(self._new, f"{noun}-3")
            await self._older.stop(noun)
            await self._start(self._new, noun)
            await self._older.stop(f"{noun}-2")
            self.side_by_side[noun] = time.monotonic() - begun
        for noun in WORKERS:
            begun = time.monotonic()
            names = self._new.workers(noun)
            for name in (each for each in names if each not in self._older.parts):
                await self._start(self._new, name)
            for name in (each for each in names if each in self._older.parts):
                await self._older.stop(name)
                await self._start(self._new, name)
            self.side_by_side[f"{noun}-work"] = time.monotonic() - begun
        await self._start_envoy(self._new, self._new.envoy.admin)
        await self._end_envoy(self._older, self._older.admin, successor=self._new.envoy.address)

    async def roll_back(self) -> None:
        """The other way, on the new schema."""
        await self._start_envoy(self._older, self._older.admin)
        for noun in SERVERS:
            await self._start(self._older, f"{noun}-2")
            await self._new.stop(noun)
            await self._start(self._older, noun)
            await self._new.stop(f"{noun}-3")
        for noun in WORKERS:
            for name in self._new.workers(noun):
                await self._new.stop(name)
                if name in self._older.parts:
                    await self._start(self._older, name)
        await self._end_envoy(self._new, self._new.envoy.admin, successor=self._older.edge)

    async def _start(self, version: OlderStack | NewParts, name: str) -> None:
        """Start a process and wait until every Envoy has found it and clients have used it."""
        await version.start(name)
        if "-work" not in name:
            await eventually(lambda: self._is_healthy(name))
        await self._work()

    async def _start_envoy(self, version: OlderStack | NewParts, admin: str) -> None:
        self._admins.append(admin)
        await version.start("envoy")
        for name in self._serving():
            await eventually(lambda name=name: self._is_healthy(name))
        await self._work()

    async def _end_envoy(
        self, version: OlderStack | NewParts, admin: str, *, successor: str
    ) -> None:
        """Drain an Envoy, as the command of the deployment does, and end it."""
        self._balancer.backends = [successor]
        socket = admin_socket(int(admin.rpartition(":")[2]))
        await asyncio.to_thread(drain, EnvoyAdmin(socket), DRAIN_SECONDS)
        self._admins.remove(admin)
        await version.stop("envoy")
        await self._work()

    def _serving(self) -> list[str]:
        """The processes of this checkout that serve."""
        names = {f"{noun}{place}" for noun in SERVERS for place in ("", "-2", "-3")}
        return [
            each.name
            for each in self._new.supervisor.statuses()
            if each.name in names and each.state == "ready"
        ]

    async def _is_healthy(self, name: str) -> bool:
        address = self._new.address(name)
        return all([await is_healthy(admin, address) for admin in self._admins])

    async def _work(self) -> None:
        """Wait until some more writes were acknowledged."""
        enough = self._clients.acknowledged.total() + WRITES
        await eventually(lambda: self._clients.acknowledged.total() >= enough)


async def is_healthy(admin: str, address: str) -> bool:
    """Whether an endpoint passed every health check of an Envoy."""
    async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT) as client:
        said = (await client.get(f"http://{admin}/clusters")).text
    flags = re.findall(rf"^[^:]+::{re.escape(address)}::health_flags::(.*)$", said, re.MULTILINE)
    return bool(flags) and set(flags) == {"healthy"}


def errors(folder: Path, *, known: bool = False) -> list[str]:
    """The errors in the logs of a state folder, and the answers of the edge from 500; without the
    known ones of an older gateway, if that wrote them."""
    found = []
    for file in sorted((folder / "logs").glob("*.log")):
        for line in file.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            said, status = str(entry.get("event", "")), int(entry.get("status") or 0)
            failed = entry.get("level") in ("error", "critical") or status >= 500
            if failed and not (known and said.startswith(KNOWN)):
                found.append(f"{file.stem}: {line[:600]}")
    return found

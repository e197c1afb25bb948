"""`make chaos`: kills parts of a stack while users write, and checks what it acknowledged.

Each round has 60 concurrent operations, some of them with pictures. At a random moment one part,
sometimes two, is killed by SIGKILL. Its supervisor starts it again, and clients repeat their
requests. On Citus, all sessions of one node are ended as well in most rounds, and in some a worker
is killed and started again after some seconds. Each user follows the stream on two devices. After
every twenty kills, everything that was acknowledged must exist, every device must have the state
that REST shows, the object store must have the files of the media, and no other ones, and searches
must find every post by those who may see it, in an index that equals a rebuilt one. The parts,
moments and operations follow from the seed; their scheduling does not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.edge import Edge
from local.graph import make_graph
from local.process_runner import PartStatus
from tests.citus import Node, StackOnCitus
from tests.e2e.audit import Audit, Findings
from tests.e2e.clients import EVERYTHING
from tests.e2e.history import History
from tests.e2e.media_audit import MediaAudit, auditing_media
from tests.e2e.media_clients import MEDIA, MediaClients
from tests.e2e.oracle import SETTLE_SECONDS, load
from tests.e2e.search_audit import SearchAudit, auditing_search
from tests.e2e.stacks import TestStack
from tests.e2e.streams import Streams, following
from tests.waiting import eventually

PEOPLE, FOLLOWS_EACH = 16, 4
OPERATIONS = 60  # of a round
TWO_AT_ONCE = 0.2  # of the rounds kill two parts
WORKER_TOO = 0.3  # of the rounds kill a worker of Citus
SESSIONS_TOO = 0.6  # of the rounds end the sessions of a node of Citus instead
AWAY_SECONDS = (1.0, 6.0)  # how long a killed worker is away
# The object store, which the broker uses too, has no replica on one machine: it is not killed.
EXCLUDED = ("seaweedfs",)
# A device may reconnect to another process.
SETTINGS = {"ROOST_REPLICAS_GATEWAY": "2", "ROOST_REPLICAS_NOTIFICATION": "2"}
KILLS_PER_AUDIT = 20  # kills between two audits


class Killer:
    """Kills parts of one stack, each by the process id that its supervisor reports."""

    def __init__(self, stack: TestStack, *, seed: int) -> None:
        self._stack = stack
        self._rng = random.Random(seed)
        self._parts = [part.name for part in self._statuses() if part.name not in EXCLUDED]
        self._returns: list[asyncio.Task[None]] = []
        self.seconds: dict[str, list[float]] = {name: [] for name in self._parts}
        self._ends: list[asyncio.Task[None]] = []
        self.ended_sessions: Counter[Node] = Counter()
        self.ends: Counter[Node] = Counter()
        # By the killed worker: the seconds until it answered, from its start.
        self.worker_seconds: dict[Node, list[float]] = {}
        # Those whose processes are not this user's on this machine: they are not killed.
        self.unreachable_workers: set[Node] = set()
        self._one_node_at_once = asyncio.Lock()

    @property
    def kills(self) -> int:
        """The number of kills."""
        return len(self._returns)

    async def draw(self, at_most: int) -> list[str]:
        """Chooses the next parts to kill, among running ones."""
        count = min(at_most, 2 if self._rng.random() < TWO_AT_ONCE else 1)
        chosen = self._rng.sample(self._parts, count)
        await eventually(lambda: all(map(self._is_ready, chosen)), limit=SETTLE_SECONDS)
        return chosen

    def moment(self) -> int:
        """Chooses the number of acknowledged writes in a round before the kill."""
        return self._rng.randrange(1, OPERATIONS // 3)

    def kill(self, name: str) -> None:
        """Kills a part, and measures the time until it is ready."""
        part = self._status(name)
        if part.pid is not None:
            os.kill(part.pid, signal.SIGKILL)
            self._returns.append(asyncio.create_task(self._time_return(part)))

    def disturb_citus(self) -> None:
        """Kills a random worker of Citus, or ends all sessions of the stack on a random node, in
        most calls."""
        citus = self._stack.on_citus
        if citus is None:
            return
        kind = self._rng.random()
        if kind < WORKER_TOO:
            worker, away = self._rng.choice(citus.nodes[1:]), self._rng.uniform(*AWAY_SECONDS)
            self._ends.append(asyncio.create_task(self._kill_worker(citus, worker, away)))
        elif kind < WORKER_TOO + SESSIONS_TOO:
            node = self._rng.choice(citus.nodes)
            self._ends.append(asyncio.create_task(self._end_sessions(citus, node)))

    async def all_back(self) -> None:
        """Waits until every part runs and is healthy in Envoy."""
        await asyncio.gather(*self._returns, *self._ends)
        await eventually(
            lambda: all(map(self._is_ready, (part.name for part in self._statuses()))),
            limit=SETTLE_SECONDS,
        )
        await eventually(self._is_healthy, limit=SETTLE_SECONDS)

    async def _time_return(self, killed: PartStatus) -> None:
        begun = time.monotonic()

        def is_back() -> bool:
            now = self._status(killed.name)
            return now.state == "ready" and now.restarts > killed.restarts

        await eventually(is_back, limit=SETTLE_SECONDS)
        self.seconds[killed.name].append(time.monotonic() - begun)

    async def _kill_worker(self, citus: StackOnCitus, worker: Node, away: float) -> None:
        async with self._one_node_at_once:
            process = await citus.cluster.process_of(worker)
            if process is None:
                self.unreachable_workers.add(worker)
                return
            await process.kill()
            await asyncio.sleep(away)
            self.worker_seconds.setdefault(worker, []).append(await process.start())

    async def _end_sessions(self, citus: StackOnCitus, node: Node) -> None:
        async with self._one_node_at_once:
            self.ended_sessions[node] += await citus.end_sessions(node)
        self.ends[node] += 1

    async def _is_healthy(self) -> bool:
        return not await self._stack.stack.envoy.unhealthy_upstreams()

    def _is_ready(self, name: str) -> bool:
        part = self._status(name)
        return part.state == "ready" and part.pid is not None

    def _status(self, name: str) -> PartStatus:
        return next(part for part in self._statuses() if part.name == name)

    def _statuses(self) -> list[PartStatus]:
        return self._stack.stack.supervisor.statuses()


class Chaos:
    """One run: the kills, the operations and the findings."""

    def __init__(
        self,
        killer: Killer,
        clients: MediaClients,
        audit: Audit,
        media_audit: MediaAudit,
        search_audit: SearchAudit,
        streams: Streams,
    ) -> None:
        self.killer = killer
        self.clients = clients
        self.streams = streams
        self.findings = Findings()
        self._audit = audit
        self._media_audit = media_audit
        self._search_audit = search_audit

    @property
    def faults(self) -> list[str]:
        """All faults."""
        return self.clients.faults + self.findings.faults

    async def run(self, kills: int, report: Callable[[str], None] = lambda _: None) -> None:
        """Kills that many times. Audits after every KILLS_PER_AUDIT kills and at the end."""
        while self.killer.kills < kills:
            before, acknowledged = self.killer.kills, len(self.clients.faults)
            while self.killer.kills < min(kills, before + KILLS_PER_AUDIT):
                await self._round(min(kills, before + KILLS_PER_AUDIT) - self.killer.kills)
            await self.killer.all_back()
            found = await self._audit.check()
            found.stream_faults = await self.streams.check()
            found.media_faults = await self._media_audit.check()
            found.search_faults = await self._search_audit.check()
            self.findings.add(found)
            report(
                f"{self.killer.kills} kills, {self.clients.acknowledged.total()} writes: "
                f"all caught up after {found.seconds:.1f} s, {len(self.faults)} faults"
            )
            for fault in self.clients.faults[acknowledged:] + found.faults:
                report(f"  {fault}")

    async def _round(self, at_most: int) -> None:
        victims = await self.killer.draw(at_most)
        before = self.clients.acknowledged.total()
        moment, other_moment = before + self.killer.moment(), before + self.killer.moment()

        def kill() -> None:
            while victims:
                self.killer.kill(victims.pop())

        def at_the_moment(acknowledged: int) -> None:
            if acknowledged >= moment:
                kill()
            if acknowledged == other_moment:
                self.killer.disturb_citus()

        self.clients.answered = at_the_moment
        await self.clients.perform(OPERATIONS, EVERYTHING | MEDIA)
        kill()  # if too few writes were acknowledged in this round

    def table(self) -> Table:
        """The kills by part."""
        table = Table("part", "kills", "ready after, median", "at most", box=None)
        for name, seconds in self.killer.seconds.items():
            if seconds:
                middle, most = statistics.median(seconds), max(seconds)
                table.add_row(name, str(len(seconds)), f"{middle:.1f} s", f"{most:.1f} s")
        return table

    def figures(self) -> dict[str, str]:
        """All other figures."""
        clients, found = self.clients, self.findings
        met = ", ".join(f"{n} {kind}" for kind, n in sorted(self.streams.counts.items()))
        events = sum(len(device.received) for device in self.streams.devices)
        acknowledged = ", ".join(f"{n} {kind}" for kind, n in sorted(clients.acknowledged.items()))
        refusals = ", ".join(f"{n} {reason}" for reason, n in sorted(clients.refusals.items()))
        ends = ", ".join(
            f"{self.killer.ended_sessions[node]} of {node} at {times} moments"
            for node, times in sorted(self.killer.ends.items())
        )
        workers = ", ".join(
            f"{node} {len(seconds)} times, back after at most {max(seconds):.1f} s"
            for node, seconds in sorted(self.killer.worker_seconds.items())
        )
        unreachable = ", ".join(map(str, sorted(self.killer.unreachable_workers)))
        return {
            "kills": str(self.killer.kills),
            **({"ended sessions of Citus": ends} if ends else {}),
            **({"killed workers of Citus": workers} if workers else {}),
            **({"workers of Citus out of reach": unreachable} if unreachable else {}),
            "writes acknowledged": f"{clients.acknowledged.total()} ({acknowledged})",
            "not answered at first": f"{clients.refusals.total()} ({refusals})",
            "posts in doubt": f"{found.unconfirmed}, of which {found.happened} were there, whole",
            "slowest answer": f"{clients.slowest:.1f} s, asked for until it came",
            "lost": str(len(found.lost)),
            "doubled": str(len(found.doubled)),
            "half there": str(len(found.half)),
            "out of order": str(len(found.disorder)),
            "wrong answers": str(len(clients.faults)),
            "devices": f"{len(self.streams.devices)}, {events} events",
            "device events": met,
            "wrong events of streams": str(len(found.stream_faults)),
            "pictures": self._media_audit.figure(),
            "wrong media": str(len(found.media_faults)),
            "searches": self._search_audit.figure(),
            "wrong searches": str(len(found.search_faults)),
            "all caught up": "no" if found.late else f"{found.seconds:.1f} s after the last return",
        }


async def sign_up_users(edge: Edge, *, seed: int) -> MediaClients:
    """Registers a small group of users, with its follows."""
    graph = make_graph(PEOPLE, FOLLOWS_EACH)
    accounts = (await load(edge, graph)).accounts
    history = History(graph, [account.user_id for account in accounts])
    return MediaClients(edge, accounts, history, seed=seed)


async def run_chaos(
    folder: Path,
    *,
    kills: int,
    seed: int,
    durable: bool = True,
    report: Callable[[str], None] = lambda _: None,
) -> Chaos:
    """Starts a stack, kills that many times, and returns the run."""
    async with TestStack(folder, SETTINGS, durable=durable) as stack, stack.edge() as edge:
        clients = await sign_up_users(edge, seed=seed)
        mesh, secrets = stack.stack.envoy.mesh, stack.state.secrets
        async with (
            following(mesh, secrets, edge, clients, seed=seed) as streams,
            auditing_media(stack, clients) as media_audit,
            auditing_search(stack, clients) as search_audit,
        ):
            killer, audit = Killer(stack, seed=seed), Audit(edge, clients)
            chaos = Chaos(killer, clients, audit, media_audit, search_audit, streams)
            await chaos.run(kills, report)
            return chaos


def main() -> None:
    """Runs with the options of the command line; exits with 1 if there are faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="keep the stack's data and logs here")
    arguments = parser.parse_args()
    console = Console()
    report = partial(console.print, markup=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="roost-chaos-") as folder:
        where = arguments.state or Path(folder)
        chaos = asyncio.run(
            run_chaos(where, kills=arguments.kills, seed=arguments.seed, report=report)
        )
    console.print(chaos.table())
    for name, figure in chaos.figures().items():
        console.print(f"{name}: {figure}", highlight=False, soft_wrap=True)
    sys.exit(bool(chaos.faults))


if __name__ == "__main__":
    main()

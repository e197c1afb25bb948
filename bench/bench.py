"""What a scenario works with: the stack, its users, and results of earlier scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

from bench import jobs, sample_requests
from bench.jobs import Kind, Listen, Load, Once, Probe
from bench.measuring import Run, put
from bench.prewarmed_users import PrewarmedUser, PrewarmedUsers
from bench.stack import BenchStack
from local.graph import Graph

# Posts of each user before the scenarios that share the users of the graph.
POSTS_EACH = 3
FILLING_CONNECTIONS = 16


@dataclass
class Bench:
    """One run of the bench."""

    stack: BenchStack
    prewarmed_users: PrewarmedUsers
    graph: Graph
    console: Console
    # Requests a second that the mix reached, if it was measured.
    saturation: float | None = None
    _users: list[PrewarmedUser] = field(default_factory=list)

    async def users(self) -> list[PrewarmedUser]:
        """The users of the graph, each with a few posts and a home timeline that is built."""
        if not self._users:
            self.say(f"{self.graph.people} people, {len(self.graph.follows)} follows, posts …")
            self._users = await self.prewarmed_users.create("users", self.graph)
            await self.once(sample_requests.posts_by(self._users, each=POSTS_EACH))
        # Read each time: a restart of Valkey drops the homes.
        await self.once(sample_requests.homes(self._users))
        return self._users

    async def once(self, requests: list[bytes]) -> jobs.Outcome:
        """Make each request once. Raises GeneratorFailed if any was refused."""
        return _all_answered(await jobs.run(self._once(requests)))

    async def once_measured(self, requests: list[bytes]) -> Run:
        """Make each request once, with the CPU of each process. Raises like `once`."""
        measured = await put(self.stack, self._once(requests))
        _all_answered(measured.outcome)
        return measured

    async def closed(
        self,
        kinds: list[Kind],
        *,
        connections: int,
        seconds: float,
        also: dict[str, int] | None = None,
        warm_seconds: float = 2.0,
    ) -> Run:
        """Load by a closed loop."""
        host, port = self.stack.address
        job = Load(host, port, kinds, seconds, connections, warm_seconds=warm_seconds)
        return await put(self.stack, job, also=also)

    async def opened(
        self,
        kinds: list[Kind],
        *,
        rate: float,
        seconds: float,
        also: dict[str, int] | None = None,
        connections: int = 128,
        warm_seconds: float = 1.5,
    ) -> Run:
        """Load by an open loop."""
        host, port = self.stack.address
        job = Load(host, port, kinds, seconds, connections, rate, warm_seconds)
        return await put(self.stack, job, also=also)

    async def listen(self, job: Listen, *, also: dict[str, int] | None = None) -> Run:
        """Measure frames of listening sockets, and the memory when all are open."""
        return await put(self.stack, job, also=also, memory=True)

    async def probe(
        self,
        pairs: list[tuple[PrewarmedUser, PrewarmedUser]],
        *,
        seconds: float,
        every_seconds: float = 0.0,
    ) -> jobs.Outcome:
        """The time from a post of the first user of a pair to the home of the second.

        A pair writes at most one post in ``every_seconds``.
        """
        host, port = self.stack.address
        requests = [
            (sample_requests.compose(author), sample_requests.home(reader))
            for author, reader in pairs
        ]
        return await jobs.run(Probe(host, port, requests, seconds, every_seconds=every_seconds))

    def _once(self, requests: list[bytes]) -> Once:
        host, port = self.stack.address
        return Once(host, port, requests, connections=min(FILLING_CONNECTIONS, len(requests)))

    def say(self, text: str) -> None:
        """Print a progress message."""
        self.console.print(f"  {text}", style="dim", highlight=False)


def _all_answered(outcome: jobs.Outcome) -> jobs.Outcome:
    if outcome.refused:
        raise jobs.GeneratorFailed(f"refused: {outcome.measured['once'].refusals}")
    return outcome

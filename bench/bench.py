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
        host, port = self.stack.address
        outcome = await jobs.run(
            Once(host, port, requests, connections=min(FILLING_CONNECTIONS, len(requests)))
        )
        if outcome.refused:
            raise jobs.GeneratorFailed(f"refused: {outcome.measured['once'].refusals}")
        return outcome

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
        """Measure frames of listening sockets."""
        return await put(self.stack, job, also=also)

    async def probe(
        self, pairs: list[tuple[PrewarmedUser, PrewarmedUser]], *, seconds: float
    ) -> jobs.Outcome:
        """The time from a post of the first user of a pair to the home of the second."""
        host, port = self.stack.address
        requests = [
            (sample_requests.compose(author), sample_requests.home(reader))
            for author, reader in pairs
        ]
        return await jobs.run(Probe(host, port, requests, seconds))

    def say(self, text: str) -> None:
        """Print a progress message."""
        self.console.print(f"  {text}", style="dim", highlight=False)

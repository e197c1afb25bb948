"""What a scenario works with: the stack, its people, and what earlier scenarios found."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

from bench import asking, jobs
from bench.jobs import Kind, Listen, Load, Once, Probe
from bench.measuring import Run, put
from bench.prewarmed_users import Person, PrewarmedUsers
from bench.stack import BenchStack
from local.graph import Graph

# What several scenarios share is filled with so many posts of everybody.
POSTS_EACH = 3
FILLING_CONNECTIONS = 16


@dataclass
class Bench:
    """One run of the bench."""

    stack: BenchStack
    prewarmed_users: PrewarmedUsers
    graph: Graph
    console: Console
    # Requests a second that the mix reached, where it has been measured.
    saturation: float | None = None
    _town: list[Person] = field(default_factory=list)

    async def town(self) -> list[Person]:
        """The people of the graph, each with a few posts and a home that is ready."""
        if not self._town:
            self.say(f"{self.graph.people} people, {len(self.graph.follows)} follows, posts …")
            self._town = await self.prewarmed_users.settle("town", self.graph)
            await self.once(asking.posts_by(self._town, each=POSTS_EACH))
        # Asked each time: a restart of Valkey has taken the homes away.
        await self.once(asking.homes(self._town))
        return self._town

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
        """Let sockets be told of acts."""
        return await put(self.stack, job, also=also)

    async def probe(self, pairs: list[tuple[Person, Person]], *, seconds: float) -> jobs.Outcome:
        """How long posts of each first person take into the home of the second."""
        host, port = self.stack.address
        requests = [(asking.compose(author), asking.home(reader)) for author, reader in pairs]
        return await jobs.run(Probe(host, port, requests, seconds))

    def say(self, text: str) -> None:
        """Tell whoever waits what is being done."""
        self.console.print(f"  {text}", style="dim", highlight=False)

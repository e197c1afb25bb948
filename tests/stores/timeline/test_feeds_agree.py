"""Whatever is done to feeds, memory and Valkey say and hold the same."""

import random
from typing import Any

import pytest

from services.chassis.cache import redis_client
from services.chassis.runtime.clock import SystemClock
from services.timeline.adapters.feeds_memory import MemoryFeeds
from services.timeline.adapters.feeds_valkey import ValkeyFeeds, change_log
from services.timeline.domain.feeds import Feeds
from services.timeline.domain.model import TOP, Entry, home_of
from tests.waiting import LIMIT

ROUNDS = 40
ACTS_A_ROUND = 40
MAX = 6


class Dice:
    """Draws acts on one feed; ids and actors are few, so that acts meet."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def entry(self) -> Entry:
        entry_id, actor = self._random.randint(1, 30), self._random.randint(1, 4)
        return Entry(entry_id * 10 + actor, actor, entry_id, 9)

    def entries(self, *, actor: int | None = None) -> list[Entry]:
        drawn = {self.entry() for _ in range(self._random.randint(1, 8))}
        if actor is not None:
            drawn = {Entry(each.post_id * 10 + actor, actor, each.post_id, 9) for each in drawn}
        return sorted(drawn, reverse=True)

    def act(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        roll = self._random
        builder = roll.choice([b"a" * 16, b"b" * 16])
        actor = roll.randint(1, 4)
        acts: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
            ("read", (), {"before": roll.choice([TOP, 150]), "limit": roll.randint(1, 8)}),
            ("begin", (builder,), {"rebuild": roll.random() < 0.2}),
            (
                "finish",
                (builder, self.entries()),
                {
                    "complete": roll.random() < 0.5,
                    "hidden": roll.sample([1, 2, 3, 4], roll.randint(0, 1)),
                    "merge_note": roll.choice([b"", b"n1"]),
                },
            ),
            ("merge", (self.entries(actor=actor),), {"complete": roll.random() < 0.5}),
            ("show", (actor,), {"muted_too": roll.random() < 0.5}),
            ("hide", (actor,), {"for_good": roll.random() < 0.3}),
            ("set_merge_note", (b"n2",), {}),
            ("renew_merge_note", (), {"seen": roll.choice([b"n1", b"n2"]), "merge_note": b"n3"}),
            ("drop", (), {}),
            ("add", (self.entry(),), {}),
            ("remove", (self.entry(),), {}),
        ]
        weights = [3, 4, 4, 2, 2, 2, 1, 1, 0.3, 10, 2]
        return roll.choices(acts, weights)[0]


async def do(
    feeds: Feeds, feed: str, act: tuple[str, tuple[Any, ...], dict[str, Any]]
) -> tuple[Any, Any]:
    name, arguments, options = act
    if name in {"add", "remove"}:
        result = await getattr(feeds, name)(*arguments, [feed])
    else:
        result = await getattr(feeds, name)(feed, *arguments, **options)
    return result, await feeds.read(feed, before=TOP, limit=100)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_memory_and_valkey_agree(valkey_servers: str, seed: int) -> None:
    dice = Dice(seed)
    memory = MemoryFeeds(clock=SystemClock(), max_entries=MAX)
    async with redis_client.connect(valkey_servers, call_seconds=LIMIT) as client:
        real = ValkeyFeeds(client, changes=change_log(client), max_entries=MAX)
        for number in range(ROUNDS):
            feed = home_of(number)
            done = []
            for _ in range(ACTS_A_ROUND):
                done.append(dice.act())
                expected = await do(memory, feed, done[-1])
                assert await do(real, feed, done[-1]) == expected, done

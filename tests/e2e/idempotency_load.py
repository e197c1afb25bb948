"""The same request many times at once, round after round: `make same-key ROUNDS=1000`."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx2

from local.edge import Account, Edge
from tests.e2e.stacks import TestStack

AT_ONCE = 50
REFRESH_ROUNDS = 100  # they take less than an access token lasts, on any machine


async def repeat(edge: Edge, author: Account, rounds: int) -> Counter[int]:
    """Requests a post `AT_ONCE` times concurrently with one key, in each round.

    Every response is either the same post, byte for byte, or says that the first request is still
    in flight. A later request returns the post. In the end the author has one post per round.
    Returns the counts of the statuses.
    """
    statuses: Counter[int] = Counter()
    for number in range(rounds):
        key = f"round-{number}"
        if number % REFRESH_ROUNDS == REFRESH_ROUNDS - 1:
            author = await edge.refresh(author)

        async def post(key: str = key, by: Account = author) -> httpx2.Response:
            return await edge.send("POST", "/v1/posts", by=by, body={"text": key}, key=key)

        answers = await asyncio.gather(*(post() for _ in range(AT_ONCE)))
        replay = await post()
        statuses.update(answer.status_code for answer in answers)

        made = {answer.content for answer in answers if answer.status_code == 201}
        waited = [answer for answer in answers if answer.status_code != 201]
        assert replay.status_code == 201, replay.text
        assert made == {replay.content}, f"round {number}: {len(made)} different answers"
        assert {(each.status_code, each.json()["reason"]) for each in waited} <= {
            (409, "IDEMPOTENCY_KEY_IN_FLIGHT")
        }
    posts = [each["post"]["text"] async for each in edge.walk(f"/v1/users/{author.user_id}/posts")]
    assert sorted(posts) == sorted(f"round-{number}" for number in range(rounds))
    return statuses


async def run(rounds: int, folder: Path) -> None:
    """Starts a stack and runs the load there."""
    async with TestStack(folder) as stack, stack.edge() as edge:
        author = await edge.register("repeater", "zebra lamp 9")
        begun = time.monotonic()
        statuses = await repeat(edge, author, rounds)
        took = time.monotonic() - begun
    print(
        f"{rounds} rounds of {AT_ONCE} in {took:.0f} s: {rounds} posts, "
        f"{statuses[201]} equal answers, {statuses[409]} in flight, no other"
    )


def main() -> None:
    """Runs with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roost-same-key-") as folder:
        asyncio.run(run(arguments.rounds, Path(folder)))


if __name__ == "__main__":
    main()

"""Compares every home timeline at the public edge of a whole stack with the reference model."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.graph import make_graph
from tests.e2e.oracle import load, main_phases
from tests.e2e.stacks import TestStack

pytestmark = pytest.mark.e2e


async def test_every_home_timeline_equals_the_reference_model(tmp_path: Path) -> None:
    graph = make_graph(40, 5)
    most_followed = max(map(len, graph.followers().values()))
    celebrity = most_followed + 2
    settings = {"ROOST_CELEBRITY_FOLLOWERS": str(celebrity)}

    async with TestStack(tmp_path, settings, durable=False) as stack, stack.edge() as edge:
        scenario = await load(edge, graph)

        await main_phases(
            scenario,
            posts=200,
            drop_homes=stack.drop_homes,
            restart=stack.restart,
            celebrity=celebrity,
        )

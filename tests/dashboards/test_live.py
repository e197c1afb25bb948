"""Every query of every panel returns data from a stack under load."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from local.dashboards.catalogue import DASHBOARDS
from local.dashboards.queries import filled
from tests.dashboards.load import rebuild_the_index, running
from tests.dashboards.prometheus import Prometheus, prometheus
from tests.e2e.stacks import TestStack
from tests.mail import mail_server
from tests.push import push_server
from tests.waiting import eventually

pytestmark = [pytest.mark.soak, pytest.mark.e2e]

# A rate needs two scrapes, and rare acts and jobs have to happen first.
LIMIT_SECONDS = 300.0


async def test_no_panel_is_empty(tmp_path: Path) -> None:
    async with mail_server() as box, push_server() as pushes:
        settings = {
            "ROOST_PUSH_LOOPBACK_ALLOWED": "true",
            "ROOST_SMTP_URL": f"smtp://127.0.0.1:{box.port}",
        }
        async with (
            TestStack(tmp_path / "stack", settings) as stack,
            prometheus(stack.stack.status(), tmp_path / "prometheus") as scraping,
            running(stack, pushes),
        ):
            await rebuild_the_index(stack)
            waiting = [
                (f"{described.name}, {panel.title}", query.expr)
                for described in DASHBOARDS
                for panel in described.panels
                for query in panel.queries
            ]

            async def all_have_data() -> bool:
                waiting[:] = [each for each in waiting if not await _has_data(scraping, each[1])]
                return not waiting

            try:
                await eventually(all_have_data, limit=LIMIT_SECONDS)
            except TimeoutError:
                pytest.fail("\n".join(["No data:", *(f"{name}: {expr}" for name, expr in waiting)]))


async def _has_data(scraping: Prometheus, expr: str) -> bool:
    found = await scraping.query(filled(expr, interval="1m", whole="5m"))
    return any(math.isfinite(float(series["value"][1])) for series in found)

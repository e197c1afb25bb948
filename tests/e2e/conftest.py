"""One stack for the tests that do not disturb it. A stack takes longer to start than most of them
to run. Each test registers its own accounts.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.api.schema import SCHEMA
from gateway.protocols.graphql.trusted_documents import manifest_of
from tests.collector import SETTING, Collector, collecting, in_front_of
from tests.e2e.stacks import TestStack
from tests.mail import Mailbox, mail_server
from tests.push import PushServer, push_server

DOCUMENTS = Path(__file__).parents[2] / "docs" / "graphql"
# Two gateways for sockets.
TWO_GATEWAYS = {"ROOST_REPLICAS_GATEWAY": "2", "ROOST_DRAIN_SECONDS": "1"}


@dataclass(frozen=True)
class Shared:
    """The stack, and the servers that it sends to."""

    stack: TestStack
    box: Mailbox
    pushes: PushServer
    collector: Collector


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    """A stack with two gateways, email, push, traces of every request and trusted documents."""
    folder = tmp_path_factory.mktemp("shared")
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest_of([DOCUMENTS], SCHEMA))
    async with (
        mail_server() as box,
        push_server() as pushes,
        collecting() as collector,
        AsyncExitStack() as others,
    ):
        endpoint = collector.endpoint
        if built := os.environ.get(SETTING):
            endpoint = await others.enter_async_context(in_front_of(collector, Path(built), folder))
        settings = TWO_GATEWAYS | {
            "ROOST_PUSH_LOOPBACK_ALLOWED": "true",
            "ROOST_SMTP_URL": f"smtp://127.0.0.1:{box.port}",
            "ROOST_GRAPHQL_MANIFEST": str(manifest),
            "ROOST_OTLP_ENDPOINT": endpoint,
            "ROOST_TRACE_RATIO": "1",
        }
        async with TestStack(folder / "stack", settings, durable=False) as stack:
            yield Shared(stack, box, pushes, collector)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the tests of the shared stack one after another, so that it does not idle. Those in a
    browser come last, because they let the stack serve a web client."""
    folder = Path(__file__).parent
    places = [place for place, item in enumerate(items) if item.path.is_relative_to(folder)]
    here = sorted((items[place] for place in places), key=_order)
    for place, item in zip(places, here, strict=True):
        items[place] = item


def _order(item: pytest.Item) -> tuple[bool, bool]:
    fixtures = getattr(item, "fixturenames", ())
    return "shared" in fixtures, "origin" in fixtures

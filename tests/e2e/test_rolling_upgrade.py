"""A rolling upgrade from an older checkout under load, and back, fails no request.

`make upgrade-test FROM=REV` runs it; without FROM, from where this branch left main.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from local.rate_limits import GENEROUS
from local.state import State
from tests.e2e.audit import Audit
from tests.e2e.chaos import sign_up_users
from tests.e2e.stacks import QUICK
from tests.e2e.streams import following
from tests.e2e.upgrade import (
    PLACES,
    NewParts,
    Unusable,
    Upgrade,
    WatchedEdge,
    check_out,
    errors,
    fresh_tokens,
    load,
    older_revision,
    running,
)
from tests.envoy.balancer import balancing

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

# The workers of one machine may have a backlog at the end, which takes them minutes. Each audit
# waits a minute or two for them.
CATCHING_UP = 8
# What the devices of a stream may meet: they connect, and a process or Envoy that ends closes
# their connections, with or without a code. On a busy machine a connection may take longer than
# they wait.
MET = {"connections", "1006", "1012", "TimeoutError"}


@pytest.fixture
def older_tree(tmp_path: Path) -> Path:
    """The older checkout, without its history."""
    try:
        check_out(older_revision(), tmp_path / "older")
    except Unusable as reason:
        pytest.skip(str(reason))
    return tmp_path / "older"


async def test_an_upgrade_and_a_rollback_under_load_fail_no_request_and_lose_nothing(
    older_tree: Path, tmp_path: Path
) -> None:
    settings = {**GENEROUS, **QUICK, **PLACES}
    state = State(tmp_path / "stack")
    async with AsyncExitStack() as stack:
        older = await stack.enter_async_context(running(older_tree, state.folder, settings))
        new = await stack.enter_async_context(NewParts(state, tmp_path / "new", settings))
        balancer = await stack.enter_async_context(balancing(older.edge))
        edge = await stack.enter_async_context(WatchedEdge(f"http://{balancer.address}"))
        clients = await sign_up_users(edge, seed=23)
        await stack.enter_async_context(fresh_tokens(clients))
        streams = await stack.enter_async_context(
            following(new.envoy.mesh, state.secrets, edge, clients, seed=23)
        )
        upgrade = Upgrade(older, new, clients, balancer)
        async with load(edge, clients):
            await upgrade.empty_places()
            await new.migrate()
            await upgrade.roll()
            await upgrade.roll_back()
        findings = await Audit(edge, clients).check()
        for _ in range(CATCHING_UP):
            if not findings.late:
                break
            findings = await Audit(edge, clients).check()
        findings.stream_faults = await streams.check()
        met = dict(streams.counts)
        events = sum(len(device.received) for device in streams.devices)

    print(f"\n{sum(edge.statuses.values())} requests: {dict(edge.statuses)}")
    print(f"{clients.acknowledged.total()} writes: {dict(clients.acknowledged)}")
    print(f"{len(streams.devices)} devices: {events} events, {met}")
    print({kind: f"{seconds:.0f} s" for kind, seconds in upgrade.side_by_side.items()})
    assert edge.failed == []
    assert clients.faults == []
    assert findings.faults == []
    assert set(met) <= MET
    assert errors(state.folder, known=True) + errors(tmp_path / "new") == []

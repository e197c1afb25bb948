"""Compares the devices of all users with the event log and with REST after faults."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from roost.notification.v1.event_service_pb2 import ReadEventsRequest
from roost.notification.v1.event_service_pb2_grpc import EventServiceStub
from roost.notification.v1.notification_pb2 import UserEvent

from gateway.protocols.stream.backlog import topic_of
from local.edge import Edge
from local.secret_store import SecretStore
from services.chassis.auth.tokens import ServiceIdentity, SigningKey
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.clock import SystemClock
from services.eventlog.domain.model import MAX_EVENTS
from tests.e2e.audit import POLL_SECONDS
from tests.e2e.clients import Clients
from tests.e2e.devices import Device
from tests.e2e.oracle import SETTLE_SECONDS

if TYPE_CHECKING:
    from roost.notification.v1.event_service_pb2_grpc import EventServiceAsyncStub

# Any service may read a log.
READER = "gateway"
PAGE = 1_000


class Streams:
    """Two devices per user: one stays connected, one reconnects at random."""

    def __init__(self, clients: Clients, devices: list[Device], log: EventServiceAsyncStub) -> None:
        self._clients = clients
        self.devices = devices
        self._log = log

    @property
    def counts(self) -> Counter[str]:
        """What all devices counted."""
        return sum((device.counts for device in self.devices), Counter())

    async def check(self) -> list[str]:
        """The faults after all events had time to arrive. No client may write during this."""
        found: dict[Device, list[str]] = {}

        deadline = time.monotonic() + SETTLE_SECONDS

        async def until_equal(device: Device) -> None:
            while differing := await device.differences():
                if time.monotonic() > deadline:
                    found[device] = differing
                    return
                await asyncio.sleep(POLL_SECONDS)

        await asyncio.gather(*map(until_equal, self.devices))
        wrong = [each for device in self.devices for each in found.get(device, [])]
        for device in self.devices:
            wrong += device.faults
            device.faults.clear()
            logged = await self._logged(device)
            wrong += self._mismatches(device, logged)
            # The next comparison starts there: the log keeps 2,000 events, and a long run has more.
            device.compared = max([device.compared, *(each.sequence for each in logged)])
        return wrong

    async def _logged(self, device: Device) -> list[UserEvent]:
        """The events of the log that were not compared yet."""
        events: list[UserEvent] = []
        after = device.compared
        while True:
            page = await self._log.ReadEvents(
                ReadEventsRequest(
                    user_id=int(device.account.user_id), after_sequence=after, page_size=PAGE
                )
            )
            events += page.events
            if not page.events:
                return events
            after = page.events[-1].sequence

    def _mismatches(self, device: Device, logged: list[UserEvent]) -> list[str]:
        """Events that were not received, or with another topic, unless a rule permits that."""
        sequences = [event.sequence for event in logged]
        # A full log has lost its oldest events, which the devices have received.
        first = sequences[0] if len(logged) >= MAX_EVENTS else device.compared + 1
        if sequences != list(range(first, first + len(logged))):
            return [f"the log of {device} has a hole after {device.compared}"]
        wrong = []
        for event in logged:
            topic, received_topic = topic_of(event), device.received.get(event.sequence)
            if received_topic != topic and not (
                received_topic is None and self._may_be_left_out(device, event)
            ):
                wrong.append(f"{device} received {received_topic} for {topic} {event.sequence}")
        return wrong

    def _may_be_left_out(self, device: Device, event: UserEvent) -> bool:
        """Arrivals of unfollowed or blocked users and of deleted posts, and activities of users
        with a block."""
        if event.HasField("home"):
            post_id = str(event.home.post_id)
            deleted = any(
                post.deleted for post in self._clients.history.posts if post.id == post_id
            )
            return deleted or str(event.home.author_id) in device.since
        me = device.account.user_id
        return event.HasField("notification") and any(
            verb == "block" and (who == device.who or whom == me)
            for verb, who, whom in self._clients.history.relations
        )


@asynccontextmanager
async def following(
    mesh_address: str, secrets: Path, edge: Edge, clients: Clients, *, seed: int
) -> AsyncIterator[Streams]:
    """The devices of all users, connected within the context. The log of events is read through
    the mesh, with an identity of the folder of secrets."""
    rng = random.Random(seed)
    devices = [
        Device(edge, clients, who, rng=random.Random(rng.getrandbits(64)), restless=restless)
        for who in range(len(clients.accounts))
        for restless in (False, True)
    ]
    key = SigningKey.from_pem(READER, SecretStore(secrets).identity(READER).read_bytes())
    identity = ServiceIdentity(key, clock=SystemClock())
    async with (
        Mesh(mesh_address, identity=identity) as mesh,
        asyncio.TaskGroup() as group,
    ):
        # An unexpected error of a device ends the run.
        running = [group.create_task(device.run()) for device in devices]
        await asyncio.gather(*(device.ready.wait() for device in devices))
        yield Streams(clients, devices, mesh.as_service(EventServiceStub))
        for each in running:
            each.cancel()

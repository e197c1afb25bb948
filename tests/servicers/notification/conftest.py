"""The Notification service and the services that it calls, each behind a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceStub

from services.chassis.auth.caller import ANONYMOUS, Caller, UserCaller
from services.chassis.auth.tokens import ServiceIdentity
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import ManualClock, SystemClock
from services.notification import compose
from services.notification.adapters.clients import MeshPosts, MeshProfiles, MeshVisibility
from services.notification.adapters.memory import MemoryNotificationStore
from tests.servicers.grpc_server import SERVICE_KEYS, Served, serving
from tests.servicers.notification.peers import Peers
from tests.stores.notification.scenario import Scenario


@dataclass
class NotificationStack:
    """The running service and its parts."""

    served: Served
    peers: Peers
    store: MemoryNotificationStore
    scenario: Scenario
    clock: ManualClock
    mounts: list[MountedServicer]

    def stub(self, caller: Caller = ANONYMOUS) -> NotificationServiceStub:
        return self.served.stub(NotificationServiceStub, caller=caller)

    def of(self, user_id: int) -> NotificationServiceStub:
        """The service, called by a user."""
        return self.stub(UserCaller(user_id=user_id, session_id=1))


@pytest.fixture
async def stack() -> AsyncIterator[NotificationStack]:
    clock = ManualClock()
    store = MemoryNotificationStore(clock=clock)
    peers = Peers()
    identity = ServiceIdentity(SERVICE_KEYS["notification"], clock=SystemClock())
    async with (
        serving(*peers.mounts()) as others,
        Mesh(others.address, identity=identity) as mesh,
    ):
        mounts = compose.mounts(
            store=store,
            profiles=MeshProfiles(mesh),
            posts=MeshPosts(mesh),
            visibility=MeshVisibility(mesh),
            page_token_key=b"k" * 32,
            clock=clock,
        )
        async with serving(*mounts) as served:
            yield NotificationStack(served, peers, store, Scenario(store, clock), clock, mounts)

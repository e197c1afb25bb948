"""The Notification service behind a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceStub

from services.chassis.caller import ANONYMOUS, Caller, UserCaller
from services.chassis.clock import ManualClock
from services.chassis.server import Mount
from services.notification import compose
from services.notification.store_memory import MemoryNotificationStore
from tests.servicers.serving import Served, serving


@dataclass
class House:
    """What a test holds in hand."""

    served: Served
    store: MemoryNotificationStore
    clock: ManualClock
    mounts: list[Mount]

    def stub(self, caller: Caller = ANONYMOUS) -> NotificationServiceStub:
        return self.served.stub(NotificationServiceStub, caller=caller)

    def of(self, user_id: int) -> NotificationServiceStub:
        """The service as a person sees it."""
        return self.stub(UserCaller(user_id=user_id, session_id=1))


@pytest.fixture
async def house() -> AsyncIterator[House]:
    clock = ManualClock()
    store = MemoryNotificationStore(clock=clock)
    mounts = compose.mounts(store=store, clock=clock)
    async with serving(*mounts) as served:
        yield House(served, store, clock, mounts)

"""DeliveryService behind a real channel, and two users."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from roost.notification.v1 import delivery_service_pb2 as pb
from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceStub

from services.chassis.auth.caller import ANONYMOUS, Caller, UserCaller
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.ids import FixedWorker, IdGenerator
from services.delivery import compose
from services.delivery.adapters import mail, push
from services.delivery.adapters.memory import MemoryDeliveryStore
from services.notification.adapters.memory import MemoryNotificationStore
from services.notification.settings import NotificationSettings
from tests.builders.notifications import settings
from tests.push import Browser
from tests.servicers.grpc_server import Served, serving
from tests.waiting import LIMIT

ALICE, BOB = 1001, 1002


@dataclass
class NotificationStack:
    """The running service and its parts."""

    served: Served
    store: MemoryNotificationStore
    deliveries: MemoryDeliveryStore[Any]
    clock: ManualClock
    configured: NotificationSettings
    mounts: list[MountedServicer]

    def stub(self, caller: Caller = ANONYMOUS) -> Any:
        return self.served.stub(DeliveryServiceStub, caller=caller)

    def of(self, user_id: int, session_id: int = 1) -> Any:
        """The service, called by a user."""
        return self.stub(UserCaller(user_id=user_id, session_id=session_id))


@pytest.fixture(autouse=True)
def patient_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivers may be slow. A test of a receiver that hangs lets the limit pass."""
    for module in (push, mail):
        monkeypatch.setattr(module, "SEND_SECONDS", LIMIT)


def device(number: int = 1, **fields: str) -> pb.CreatePushSubscriptionRequest:
    """The registration of a browser."""
    browser = Browser()
    usual = {
        "endpoint": f"https://push.example/{number}",
        "p256dh": browser.p256dh,
        "auth": browser.auth,
    }
    return pb.CreatePushSubscriptionRequest(**(usual | fields))


@pytest.fixture(name="mail")
def mail_settings() -> dict[str, str]:
    """The settings of the mail server; a module without a mail server overrides it."""
    return {"smtp_url": "smtp://127.0.0.1:1"}


@pytest.fixture
async def stack(tmp_path: Path, mail: dict[str, str]) -> AsyncIterator[NotificationStack]:
    clock = ManualClock()
    store = MemoryNotificationStore(clock=clock)
    deliveries = MemoryDeliveryStore(store.database)
    configured = settings(tmp_path, **mail)
    ids = IdGenerator(clock=clock, worker=FixedWorker())
    mounts = [
        compose.mount(configured, begin=store.transaction, store=deliveries, clock=clock, ids=ids)
    ]
    async with serving(*mounts, clock=clock) as served:
        yield NotificationStack(served, store, deliveries, clock, configured, mounts)

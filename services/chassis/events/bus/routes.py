"""Which handler takes which event."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from services.chassis.events import bodies
from services.chassis.events.records import Event

M = TypeVar("M", bound=Message)
Handler = Callable[[Event], Awaitable[None]]
BatchHandler = Callable[[Sequence[Event]], Awaitable[None]]


class Routes:
    """Handlers by type of event. Types without one are skipped: newer publishers may send more."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def on(self, body: type[M], handle: Callable[[Event, M], Awaitable[None]]) -> None:
        """Sends events that carry a `body` to `handle`, one at a time and in order within a key.

        An event may come again, so `handle` asks `first_seen` or has an effect that can be
        repeated. An error that passes (Unavailable and its like) makes it run again until it
        succeeds; one that does not, a few times, then the event is parked.
        """

        async def decoded(event: Event) -> None:
            await handle(event, bodies.read(event, body))

        self._handlers[body.DESCRIPTOR.full_name] = decoded

    def __call__(self, type_name: str) -> Handler | None:
        """The handler of a type, if there is one."""
        return self._handlers.get(type_name)

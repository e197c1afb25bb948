"""Which handler takes which event."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

from google.protobuf.message import Message

from services.chassis.events import bodies
from services.chassis.events.records import Event

M = TypeVar("M", bound=Message)
R = TypeVar("R")
Handler = Callable[[Event], Awaitable[None]]
BatchHandler = Callable[[Sequence[Event]], Awaitable[None]]


class EventRoutes(Generic[R]):
    """Handlers by type of event; each returns an `R`.

    A consumer of single events has coroutine functions as handlers (`Routes`), and its `Subscriber`
    gets the routes. A consumer of batches calls `results`; its handlers may be functions of the
    body alone:

        _CHANGES = EventRoutes.of_bodies({FollowCreated: _created, FollowRemoved: _removed})

    An event may come again, so a handler calls `first_seen` or has an effect that can be repeated.
    After a transient error (TRANSIENT_ERRORS) it runs again until it succeeds; after another error
    it runs a few times more, then the event becomes a dead letter. Types without a handler are
    skipped: newer publishers may send more.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, Callable[[Event], R]] = {}

    @classmethod
    def of_bodies(cls, handlers: Mapping[type[Message], Callable[[Any], R]]) -> Self:
        """Routes whose handlers need the body alone, by the class of the body."""
        made = cls()
        for body, handle in handlers.items():
            made.on(body, _without_event(handle))
        return made

    def on(self, body: type[M], handle: Callable[[Event, M], R]) -> None:
        """Sends events that carry a `body` to `handle`."""
        name = body.DESCRIPTOR.full_name
        self._handlers[name] = lambda event: handle(event, bodies.read(event, body))

    def __call__(self, type_name: str) -> Callable[[Event], R] | None:
        """The handler of a type, if there is one. It raises Undecodable."""
        return self._handlers.get(type_name)

    def results(self, events: Iterable[Event]) -> list[tuple[Event, R]]:
        """The events of a batch that have a handler, in their order, each with its result.

        Raises Undecodable.
        """
        return [
            (event, handle(event))
            for event in events
            if (handle := self._handlers.get(event.type)) is not None
        ]


Routes = EventRoutes[Awaitable[None]]


def _without_event(handle: Callable[[M], R]) -> Callable[[Event, M], R]:
    return lambda _, body: handle(body)

"""Which handler takes which event, and reading its body.

A body that no publisher of ours can have meant is refused. A payload of other bytes may decode by
chance, and a faulty publisher writes what no rule of a contract forbids in an event. Both would
stay in stores: an id of the far future is the newest for good.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, NamedTuple, Self, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.events.records import Event, Undecodable
from services.chassis.runtime import ids

M = TypeVar("M", bound=Message)
R = TypeVar("R")
Handler = Callable[[Event], Awaitable[None]]
BatchHandler = Callable[[Sequence[Event]], Awaitable[None]]

# Ten times what any publisher puts into one event.
MAX_ENTRIES = 10_000
# By how much ids and times of an event may be ahead of it: clocks of machines differ.
AHEAD = timedelta(days=1)

# The subjects of an event. Any other id may be 0, and any other part absent: a newer publisher may
# send more than this consumer reads. The subject of a medium's event is the medium: it may belong
# to no post.
_REQUIRED_IDS = frozenset(
    {
        "id",
        "author_id",
        "blocked_id",
        "blocker_id",
        "entry_id",
        "followee_id",
        "follower_id",
        "medium_id",
        "muted_id",
        "muter_id",
        "post_id",
        "session_id",
        "user_id",
    }
)
_OPTIONAL_IDS = frozenset({"roost.media.v1.Medium.post_id", "roost.media.v1.MediumDeleted.post_id"})
_REQUIRED_PARTS = frozenset({"entry", "medium", "post", "user"})
# Chosen by clients: any position of a list, not only an id that exists.
_POSITIONS = frozenset({"last_read_id"})

_TIMESTAMP = Timestamp.DESCRIPTOR.full_name


class _Rules(NamedTuple):
    """The fields to check in messages of one type."""

    ids: tuple[FieldDescriptor, ...]
    lists: tuple[FieldDescriptor, ...]
    times: tuple[FieldDescriptor, ...]
    messages: tuple[FieldDescriptor, ...]


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
        self._handlers[name] = lambda event: handle(event, read(event, body))

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


def read(event: Event, kind: type[M]) -> M:
    """The payload of the event as a `kind`. Raises Undecodable, which names the field."""
    try:
        body = kind.FromString(event.payload)
    except DecodeError as wrong:
        raise Undecodable(str(wrong)) from wrong
    for field in _rules(kind.DESCRIPTOR).messages:
        if field.name in _REQUIRED_PARTS and not _is_list(field) and not body.HasField(field.name):
            raise Undecodable(f"{field.name} is missing")
    _check(body, event.time, "")
    return body


def _check(message: Message, time: datetime, path: str) -> None:
    rules = _rules(message.DESCRIPTOR)
    for field in rules.lists:
        count = len(getattr(message, field.name))
        if count > MAX_ENTRIES:
            raise Undecodable(f"{path}{field.name} has {count} entries")
    for field in rules.ids:
        value = getattr(message, field.name)
        for number in value if _is_list(field) else (value,):
            if number == 0 and (_is_list(field) or _is_required(field)):
                raise Undecodable(f"{path}{field.name} is 0")
            _check_id(number, field.name, time, path)
    for field in rules.times:
        if message.HasField(field.name):
            try:
                getattr(message, field.name).ToDatetime()
            except (ValueError, OverflowError) as wrong:
                raise Undecodable(f"{path}{field.name} is no time: {wrong}") from wrong
    for field in rules.messages:
        if _is_list(field):
            for each in getattr(message, field.name):
                _check(each, time, f"{path}{field.name}.")
        elif message.HasField(field.name):
            _check(getattr(message, field.name), time, f"{path}{field.name}.")


def _check_id(number: int, name: str, time: datetime, path: str) -> None:
    if number < 0:
        raise Undecodable(f"{path}{name} is {number}")
    if name not in _POSITIONS and number > _newest(time):
        raise Undecodable(f"{path}{name} is {number}, an id of the future")


@lru_cache(maxsize=1_024)
def _newest(time: datetime) -> int:
    """The largest id that an event of that time may name."""
    try:
        return ids.first_id_at(time + AHEAD)
    except OverflowError:
        return ids.MAX_ID


@lru_cache(maxsize=256)
def _rules(kind: Descriptor) -> _Rules:
    fields = kind.fields
    messages = [each for each in fields if each.message_type is not None]
    return _Rules(
        ids=tuple(each for each in fields if _is_id(each)),
        lists=tuple(each for each in fields if _is_list(each)),
        times=tuple(each for each in messages if _is_time(each)),
        messages=tuple(each for each in messages if not _is_time(each)),
    )


def _is_id(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_INT64 and (
        field.name == "id" or field.name.endswith(("_id", "_ids"))
    )


def _is_required(field: FieldDescriptor) -> bool:
    return field.name in _REQUIRED_IDS and field.full_name not in _OPTIONAL_IDS


def _is_list(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)


def _is_time(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.full_name == _TIMESTAMP and not field.is_repeated

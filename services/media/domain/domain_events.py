"""Domain events of media; `rpc/events.py` converts them to protobuf."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.chassis.events.records import OutboxMessage
from services.media.domain.model import Medium


@dataclass(frozen=True, slots=True)
class MediumProcessed:
    """The processing of a medium ended: it is READY or FAILED."""

    medium: Medium


@dataclass(frozen=True, slots=True)
class MediumUpdated:
    """A medium changed after its processing; the fields have the names of the contract. Without
    fields: its claim was confirmed."""

    medium: Medium
    changed_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MediumDeleted:
    """A medium was deleted; it is as it was before."""

    medium: Medium
    delete_time: datetime


DomainEvent: TypeAlias = MediumProcessed | MediumUpdated | MediumDeleted

# Converts a domain event to the message that the outbox stores.
Describe: TypeAlias = Callable[[DomainEvent], OutboxMessage]

"""What all things with a global id have in common."""

from abc import ABC, abstractmethod
from typing import ClassVar

import strawberry

from gateway.protocols.graphql.fields import computed
from gateway.protocols.graphql.global_ids import global_id


@strawberry.interface(description="A thing with a global id, which `node` and `nodes` find.")
class Node(ABC):
    """What `node` finds; a subclass is named as its `kind` says."""

    kind: ClassVar[str]

    @abstractmethod
    def number(self) -> int:
        """The id within its kind."""

    @computed("The global id: opaque, for good, good for `node`.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(global_id(self.kind, self.number()))

    @computed("The id that REST and the stream know it by: a decimal number.")
    def rest_id(self) -> strawberry.ID:
        return strawberry.ID(str(self.number()))

"""What a response was made from, as the services name it."""

from collections.abc import Collection

from roost.post.v1.post_service_pb2 import Dependencies as PartDependencies


class Dependencies:
    """Collected from the responses of services while one response of the gateway is made."""

    __slots__ = ("ids", "since", "unknown")

    def __init__(self, since: int) -> None:
        # The number of the last change that was known when reading began.
        self.since = since
        self.ids: set[int] = set()
        # Whether a service could not tell: the response cannot be kept.
        self.unknown = False

    def add(self, ids: Collection[int]) -> None:
        """Adds those of a response, or of a part of it. No ids: the service could not tell."""
        if not ids:
            self.unknown = True
        self.ids.update(ids)

    def add_all(self, parts: Collection[PartDependencies], *, of: int) -> None:
        """Adds those of each part of a response that has so many."""
        if len(parts) != of:
            self.unknown = True
        for each in parts:
            self.add(each.ids)

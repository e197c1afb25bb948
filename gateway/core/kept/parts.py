"""What a response consists of: parts, each with its dependencies."""

from array import array
from collections.abc import Collection, Hashable, Mapping
from typing import Any, NamedTuple

from gateway.core.kept.changes import Changes


class Part(NamedTuple):
    """A part of a kept response."""

    value: Any
    dependencies: "array[int]"
    # On the monotonic clock.
    expires: float


class Earlier(NamedTuple):
    """The parts of the response that was kept under the same key before."""

    parts: Mapping[Hashable, Part]
    # The number of the last change that is known not to affect them.
    since: int
    changes: Changes
    # The time, on the monotonic clock.
    now: float


class Parts:
    """The parts of one response of the gateway, collected while it is made.

    A part whose dependencies did not change since the same response was made before is taken over,
    others are read. Where nothing may be kept, `wanted` is false: then services are not asked
    for dependencies, and the parts serve this one response.
    """

    __slots__ = ("_dependencies", "_earlier", "_values", "since", "taken", "wanted")

    def __init__(
        self, since: int = 0, *, wanted: bool = False, earlier: Earlier | None = None
    ) -> None:
        # The number of the last change that was known when reading began.
        self.since = since
        self.wanted = wanted
        self._earlier = earlier
        # Those that were taken over.
        self.taken: dict[Hashable, Part] = {}
        self._values: dict[Hashable, Any] = {}
        self._dependencies: dict[Hashable, Collection[int]] = {}

    def find(self, key: Hashable) -> Any | None:
        """The value of a part: one of this response, or a current one of the response before."""
        value = self._values.get(key)
        if value is None and self._earlier is not None:
            parts, since, changes, now = self._earlier
            part = parts.get(key)
            if part is None or part.expires <= now or changes.affect(part.dependencies, since):
                return None
            self.taken[key] = part
            value = self._values[key] = part.value
        return value

    def add(self, key: Hashable, value: Any, dependencies: Collection[int]) -> None:
        """Adds a part that was read. Its value is not None. No dependencies: a service could not
        tell them."""
        self._values[key] = value
        self._dependencies[key] = dependencies

    def read(self, *, expires: float) -> dict[Hashable, Part]:
        """The parts that were added."""
        return {
            key: Part(self._values[key], array("Q", dependencies), expires)
            for key, dependencies in self._dependencies.items()
        }

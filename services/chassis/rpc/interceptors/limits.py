"""How long a call may take, and how many may run at once."""

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import TooMany

# For callers who name no deadline or a distant one, in seconds. A call that takes longer is lost
# anyway: the edge has given up on it.
MAX_SECONDS = 15.0


class Overloaded(TooMany):
    """The process has as many calls in hand as it can serve in time."""

    reason = "OVERLOADED"
    message = "The service is busy; try again in a moment."


class Gate:
    """Lets a limited number of calls in. The others learn at once, while that is still cheap:
    before their token is checked and their request parsed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = 0

    def enter(self) -> None:
        """Takes a place, or raises Overloaded."""
        if self._inside >= self._limit:
            raise Overloaded(retry_after=1.0)
        self._inside += 1

    def leave(self) -> None:
        """Gives the place back."""
        self._inside -= 1


def begin_deadline(time_remaining: float | None) -> bool:
    """Notes when the caller stops waiting, MAX_SECONDS at most.

    Tells whether that cap applies. If it does, nobody but us will end the call in time; if not,
    gRPC cancels it at the caller's own deadline.
    """
    capped = time_remaining is None or time_remaining > MAX_SECONDS
    deadline.begin(MAX_SECONDS if capped or time_remaining is None else time_remaining)
    return capped

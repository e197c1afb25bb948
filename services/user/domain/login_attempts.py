"""How attempts to prove a password are counted: buckets, and tallies with growing pauses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.chassis.runtime.backoff import doubled


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many tokens, filled up within so many seconds."""

    size: int
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """After `free` failures each further one doubles the pause, from `first` to `longest` seconds.
    A tally is forgotten `forget` seconds after its last failure."""

    free: int
    first: float
    longest: float
    forget: float

    def after(self, failures: int) -> float:
        """The pause after so many failures, in seconds."""
        past = failures - self.free
        return 0.0 if past < 0 else doubled(self.first, self.longest, past)


class Counted(NamedTuple):
    """An attempt: the seconds to wait where it is refused, else 0; how much each tally counts."""

    wait: float
    failures: Sequence[int]


class Attempts(Protocol):
    """Counters that all processes of the service share."""

    async def take(self, name: str, bucket: Bucket) -> float:
        """Takes a token of the bucket of that name; the seconds until there is one, 0 if taken."""
        ...

    async def begin(self, account: str, tallies: Sequence[tuple[str, Backoff]]) -> Counted:
        """Counts an attempt as failed on each of an account's tallies, unless one is in its pause.
        It is counted before the password is compared, so attempts at once do not slip through."""
        ...

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        """Counts one attempt less, and ends the pause."""
        ...

    async def clear(self, account: str, tally: str) -> None: ...

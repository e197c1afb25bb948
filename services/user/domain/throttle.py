"""How often passwords may be tried: by the network of the caller, by the user, by the account.

Each password check takes a token of its network's bucket, which REST and GraphQL share. In
addition, wrong passwords for one account count on two tallies with growing pauses:

- the tally of the attempt's origin: a network, or a session that shows its token;
- the tally of all origins together, without those where the account has signed in before. So
  others can slow down sign-ins from new networks, and cannot lock the owner out of networks and
  devices that the account was used on. The idea is that of OWASP's "Slow Down Online Guessing
  Attacks with Device Cookies".

Responses, and what they cost, are the same whether the account exists or not.
"""

import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.chassis.runtime import deadline
from services.chassis.runtime.backoff import doubled
from services.user.domain.errors import CredentialsWrong, RateLimited, TooManyPasswordAttempts

DEFAULT_LOGINS = 20
DEFAULT_GUESSES = 20

_FIRST_PAUSE = 2.0
# With it an attack of any size gets about a hundred guesses a day at one account.
_LONGEST_PAUSE = 15 * 60.0
_FORGET = 24 * 3600.0
# One origin may fail a quarter as often as all origins together.
_SHARE = 4
_EVERYWHERE = "everywhere"
_PURPOSE = b"roost password attempts"
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of `size` tokens that fills within `seconds`."""

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
    """A counted attempt: the seconds to wait if it is refused, else 0; the count of each tally."""

    wait: float
    failures: Sequence[int]


class Attempts(Protocol):
    """Counters that all processes of the service share."""

    async def take(self, name: str, bucket: Bucket) -> float:
        """Takes a token of the bucket of that name. Returns 0, or the seconds until there is a
        token if there is none."""
        ...

    async def begin(self, account: str, tallies: Sequence[tuple[str, Backoff]]) -> Counted:
        """Counts an attempt as failed on each of an account's tallies, unless one is in its pause.
        It is counted before the password is compared, so concurrent attempts do not slip
        through."""
        ...

    async def take_back(self, account: str, tallies: Sequence[str]) -> None:
        """Counts one attempt less, and ends the pause."""
        ...

    async def clear(self, account: str, tally: str) -> None:
        """Forgets a tally and its pause."""
        ...


@dataclass(frozen=True, slots=True)
class AttemptOrigin:
    """Where an attempt comes from. `known`: the account has proved its password from there."""

    name: str
    known: bool


class Throttle:
    """Admits and counts attempts. `key` derives the names of accounts and networks in the counters,
    so that the counters hold neither handles nor addresses."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        key: bytes,
        logins: int = DEFAULT_LOGINS,
        guesses: int = DEFAULT_GUESSES,
    ) -> None:
        self._attempts = attempts
        self._key = key
        self._bucket = Bucket(logins)
        self._of_origin = _backoff(max(1, guesses // _SHARE))
        self._of_account = _backoff(guesses)

    async def admit(self, *, network: str, user_id: int = 0) -> None:
        """Takes a token of the network's bucket, and of the user's if one is signed in.

        Callers without a network share one bucket. Raises RateLimited.
        """
        await self._take(f"network {network}")
        if user_id:
            await self._take(f"person {user_id}")

    @asynccontextmanager
    async def attempt(self, account: str, origin: AttemptOrigin) -> AsyncIterator[int]:
        """Counts the outcome of the block, which compares the password. Yields how many attempts
        failed lately, this one included.

        CredentialsWrong leaves the attempt counted; any other error takes it back, and success
        forgets the origin's failures. Raises TooManyPasswordAttempts.
        """
        account, here = self.name(account), self.name(f"place {origin.name}")
        tallies = [(here, self._of_origin)]
        if not origin.known:
            tallies.append((_EVERYWHERE, self._of_account))
        counted = await self._attempts.begin(account, tallies)
        if counted.wait:
            raise TooManyPasswordAttempts(retry_after=counted.wait)
        try:
            yield max(counted.failures)
        except CredentialsWrong:
            raise
        except Exception:
            with deadline.none():
                await self._attempts.take_back(account, [name for name, _ in tallies])
            raise
        await self._attempts.clear(account, here)
        if not origin.known:
            await self._attempts.take_back(account, [_EVERYWHERE])

    def name(self, of: str) -> str:
        """A keyed hash, as the name of something that must not be readable."""
        mac = hmac.digest(self._key, _PURPOSE + of.encode(), "sha256")
        return mac[:_NAME_BYTES].hex()

    async def _take(self, whose: str) -> None:
        wait = await self._attempts.take(self.name(whose), self._bucket)
        if wait:
            raise RateLimited(retry_after=wait)


def _backoff(free: int) -> Backoff:
    return Backoff(free, _FIRST_PAUSE, _LONGEST_PAUSE, _FORGET)

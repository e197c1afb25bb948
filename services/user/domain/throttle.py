"""How often passwords may be tried: by the network of the caller, by the person, by the account.

Each proof of a password takes a token of its network's bucket, which REST and GraphQL share. Beside
that, wrong passwords for one account count on two tallies with growing pauses:

- one of the place that the attempt comes from: a network, or a session that shows its token;
- one of all places together, which leaves out places where the account has signed in before. So
  others can slow down sign-ins from new networks, and cannot lock the person out of the networks
  and devices that are theirs. The idea is that of OWASP's "Slow Down Online Guessing Attacks with
  Device Cookies".

The answers, and what they cost, are the same whether the account exists or not.
"""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.chassis.runtime import deadline
from services.user.domain.errors import CredentialsWrong, RateLimited, TooManyPasswordAttempts
from services.user.domain.login_attempts import Attempts, Backoff, Bucket

DEFAULT_LOGINS = 20
DEFAULT_GUESSES = 20

_FIRST_PAUSE = 2.0
# With it an attack of any size gets about a hundred guesses a day at one account.
_LONGEST_PAUSE = 15 * 60.0
_FORGET = 24 * 3600.0
# A place may fail a quarter as often as all places together.
_SHARE = 4
_EVERYWHERE = "everywhere"
_PURPOSE = b"roost password attempts"
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class AttemptOrigin:
    """Where an attempt comes from. `known`: this account has proved its password from there."""

    name: str
    known: bool


class Throttle:
    """Admits and counts attempts. `key` makes names of accounts and networks out of themselves, so
    that the counters hold neither handles nor addresses."""

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
        self._at_a_place = self._pauses(max(1, guesses // _SHARE))
        self._in_all = self._pauses(guesses)

    async def admit(self, *, network: str, person_id: int = 0) -> None:
        """Takes a token of the network's bucket, and of the person's where one is signed in.

        Callers without a network share one bucket. Raises RateLimited.
        """
        await self._take(f"network {network}")
        if person_id:
            await self._take(f"person {person_id}")

    @asynccontextmanager
    async def attempt(self, account: str, origin: AttemptOrigin) -> AsyncIterator[int]:
        """Counts what happens in the block, where the password is compared; gives how many attempts
        failed lately, this one included.

        CredentialsWrong leaves the attempt counted; any other error takes it back, and success
        forgets the place's failures. Raises TooManyPasswordAttempts.
        """
        account, here = self.name(account), self.name(f"place {origin.name}")
        tallies = [(here, self._at_a_place)]
        if not origin.known:
            tallies.append((_EVERYWHERE, self._in_all))
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
        """What something is called where it must not be read."""
        mac = hmac.digest(self._key, _PURPOSE + of.encode(), "sha256")
        return mac[:_NAME_BYTES].hex()

    async def _take(self, whose: str) -> None:
        wait = await self._attempts.take(self.name(whose), self._bucket)
        if wait:
            raise RateLimited(retry_after=wait)

    def _pauses(self, free: int) -> Backoff:
        return Backoff(free, _FIRST_PAUSE, _LONGEST_PAUSE, _FORGET)

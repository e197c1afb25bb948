"""Hashing of passwords with Argon2id in a bounded pool of threads with low priority."""

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Gauge, Histogram

from services.chassis.runtime import deadline
from services.user.domain.hash_queue import HashQueue, HashRequest
from services.user.domain.password_rule import normalized

T = TypeVar("T")

# RFC 9106 §4, the second recommended option: 3 passes, 4 lanes, 64 MiB (see settings for the
# last), a salt of 128 and a tag of 256 bits.
ARGON2_PASSES = 3
ARGON2_LANES = 4
DEFAULT_MEMORY_MIB = 64
# How many of each priority may wait for one worker: about 3 s of work. Deadlines refuse sooner.
WAITING_PER_WORKER = 16
_DUMMY_HASH = HashRequest()
# On a busy processor other calls get about three times the share of hashing: enough to keep reads
# fast in a burst of logins, and not so much that logins starve.
_NICENESS = 5

_waiting = Gauge("roost_user_password_hash_jobs", "Password hashes that run or wait")
_seconds = Histogram(
    "roost_user_password_hash_seconds",
    "Time of one password hash on its worker.",
    buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password is right, and the hash to store in place of the old one: of its
    replacement, or of itself if the parameters have changed since."""

    right: bool
    new_hash: str | None = None


class Passwords:
    """Hashes and verifies passwords in a pool of threads. Close it by leaving the block."""

    def __init__(
        self,
        *,
        memory_mib: int = DEFAULT_MEMORY_MIB,
        workers: int | None = None,
        waiting: int | None = None,
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=ARGON2_PASSES, memory_cost=memory_mib * 1024, parallelism=ARGON2_LANES
        )
        count = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(count, "password", initializer=_yield_to_others)
        began = time.monotonic()
        # Passwords of unknown users are compared with this hash. It is made on a worker, whose
        # priority is low, to measure what others will take.
        self._nobody = self._pool.submit(self._hasher.hash, secrets.token_hex(16)).result()
        self._queue = HashQueue(
            self._pool,
            workers=count,
            waiting=WAITING_PER_WORKER * count if waiting is None else waiting,
            seconds=time.monotonic() - began,
        )

    async def __aenter__(self) -> "Passwords":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @property
    def jobs(self) -> int:
        """The number of passwords that are hashed or wait for it."""
        return self._queue.jobs

    def close(self) -> None:
        """Cancels waiting jobs, and waits for running ones."""
        self._queue.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def hash(self, password: str, hash_request: HashRequest = _DUMMY_HASH) -> str:
        """The hash to store (PHC string). Raises PasswordPoolBusy if it is not finished before the
        caller's deadline."""
        return await self._run(lambda: self._hash(normalized(password)), hash_request)

    async def verify(
        self,
        password: str,
        kept: str | None,
        hash_request: HashRequest = _DUMMY_HASH,
        *,
        replacement: str | None = None,
    ) -> Verdict:
        """Compares a password with the stored hash. None is an unknown user, and takes as long. If
        it is right, hashes the replacement too, so that no caller who passed is refused after.

        Raises PasswordPoolBusy, as `hash` does.
        """
        if replacement is not None:
            hash_request = replace(hash_request, hashes=2)
            replacement = normalized(replacement)
        return await self._run(
            lambda: self._verify(normalized(password), kept, replacement), hash_request
        )

    def _verify(self, password: str, kept: str | None, replacement: str | None) -> Verdict:
        try:
            with self._measured():
                self._hasher.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return Verdict(False)
        if kept is None:
            return Verdict(False)
        if replacement is not None:
            return Verdict(True, self._hash(replacement))
        if self._hasher.check_needs_rehash(kept):
            return Verdict(True, self._hash(password))
        return Verdict(True)

    def _hash(self, password: str) -> str:
        with self._measured():
            return self._hasher.hash(password)

    @contextlib.contextmanager
    def _measured(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - began
            _seconds.observe(seconds)
            self._queue.measured(seconds)

    async def _run(self, work: Callable[[], T], hash_request: HashRequest) -> T:
        with _waiting.track_inprogress():
            return await self._queue.run(work, hash_request, left=deadline.remaining())


def _yield_to_others() -> None:
    # On Linux niceness is per thread, and Argon2's lanes inherit it. Elsewhere it would change the
    # whole process.
    if os.uname().sysname == "Linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

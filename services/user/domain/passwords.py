"""Hashing passwords with Argon2id, a few at a time, without slowing down anything else."""

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Gauge

from services.chassis.runtime import deadline
from services.user.domain.hash_queue import HashQueue, HashRequest
from services.user.domain.password_rule import normalized

T = TypeVar("T")

# RFC 9106 §4, the second recommended option: 3 passes, 4 lanes, 64 MiB (see settings for the
# last), a salt of 128 and a tag of 256 bits.
ARGON2_PASSES = 3
ARGON2_LANES = 4
DEFAULT_MEMORY_MIB = 64
# How many of each lane may wait for one worker: about 3 s of work. Deadlines refuse sooner.
WAITING_PER_WORKER = 16
_DUMMY_HASH = HashRequest()
# Answering other calls goes before hashing, about three to one where processors are short: enough
# to keep reads prompt in a burst of logins, and not so much that logins starve on a busy machine.
_NICENESS = 5

_waiting = Gauge("roost_password_jobs", "Passwords that are being hashed or wait for it")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password is right, and its new hash where parameters have changed since."""

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
        # What the passwords of people who do not exist are compared with.
        self._nobody = self._hasher.hash(secrets.token_hex(16))
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

    def close(self) -> None:
        """Ends what waits, and waits for what is being hashed."""
        self._queue.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def hash(self, password: str, hash_request: HashRequest = _DUMMY_HASH) -> str:
        """The hash to keep (PHC string). Raises PasswordPoolBusy where it would not be finished
        before the caller's deadline."""
        return await self._run(lambda: self._hasher.hash(normalized(password)), hash_request)

    async def verify(
        self, password: str, kept: str | None, hash_request: HashRequest = _DUMMY_HASH
    ) -> Verdict:
        """Compares a password with what is kept; None stands for nobody, and takes as long.

        Raises PasswordPoolBusy, as `hash` does.
        """
        return await self._run(lambda: self._verify(normalized(password), kept), hash_request)

    def _verify(self, password: str, kept: str | None) -> Verdict:
        try:
            self._hasher.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return Verdict(False)
        if kept is None:
            return Verdict(False)
        if self._hasher.check_needs_rehash(kept):
            return Verdict(True, self._hasher.hash(password))
        return Verdict(True)

    async def _run(self, work: Callable[[], T], hash_request: HashRequest) -> T:
        with _waiting.track_inprogress():
            return await self._queue.run(work, hash_request, left=deadline.remaining())


def _yield_to_others() -> None:
    # On Linux niceness belongs to a thread, and Argon2's lanes inherit it. Elsewhere it would be
    # the whole process that steps back.
    if os.uname().sysname == "Linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

"""Bounds how many requests of one user run at once, of those that hold a place for long."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.chassis.runtime.token_buckets import RateLimited


class Concurrency:
    """The requests of one process that run now, by user and route."""

    def __init__(self) -> None:
        self._running: Counter[tuple[int, str]] = Counter()

    @contextmanager
    def place(self, user_id: int, route: str, *, most: int) -> Iterator[None]:
        """A place for as long as the block runs. Raises RateLimited where so many run already."""
        key = (user_id, route)
        if self._running[key] >= most:
            raise RateLimited(retry_after=1.0)
        self._running[key] += 1
        try:
            yield
        finally:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]

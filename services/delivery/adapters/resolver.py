"""Resolves the names of push services, in a thread pool of its own.

Anybody may choose the name, and with it a name server that never answers. So these look-ups use no
thread of the event loop's pool, which resolves the names of our mail server and stores, and the
number of look-ups for one domain is limited.
"""

import asyncio
import socket
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

from cachebox import LRUCache

from services.delivery.domain.mail_domains import registrable_domain

_THREADS = 64
# Running look-ups for names of one domain. A look-up that timed out counts until its thread ends.
_MAX_LOOKUPS_PER_DOMAIN = 8
# Most answers are valid for a minute or more; messages to one service come close together.
_KEPT_SECONDS = 30.0
_KEPT = 1_000


class TooManyLookUps(Exception):
    """The limit of running look-ups for the domain is reached."""


class Resolver:
    """Finds the addresses of hosts."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="push-names")
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._known: LRUCache[tuple[str, int], tuple[float, list[str]]] = LRUCache(_KEPT)

    async def addresses(self, host: str, port: int) -> list[str]:
        """Each address of the host once, the preferred one first. The result is cached for half a
        minute. Raises OSError or ValueError for an unknown name, TooManyLookUps."""
        loop = asyncio.get_running_loop()
        known = self._known.get((host, port))
        if known is not None and loop.time() < known[0]:
            return known[1]
        found = await asyncio.wrap_future(self._submit(host, port))
        self._known[host, port] = (loop.time() + _KEPT_SECONDS, found)
        return found

    def close(self) -> None:
        """Ends without waiting for running look-ups."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _submit(self, host: str, port: int) -> Future[list[str]]:
        domain = registrable_domain(host)
        with self._lock:
            if self._open[domain] >= _MAX_LOOKUPS_PER_DOMAIN:
                raise TooManyLookUps
            self._open[domain] += 1
        future = self._threads.submit(_look_up, host, port)
        future.add_done_callback(lambda _: self._release(domain))
        return future

    def _release(self, domain: str) -> None:
        with self._lock:
            self._open[domain] -= 1
            if not self._open[domain]:
                del self._open[domain]


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

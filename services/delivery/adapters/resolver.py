"""Names of push services, resolved in threads of their own.

A stranger chooses the name, and with it a name server that may never answer. So it gets no thread
of the event loop's pool, where the names of our own mail server and stores are resolved, and few of
these.
"""

import asyncio
import socket
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

from cachebox import LRUCache

from services.delivery.domain.mail_domains import registrable_domain

_THREADS = 64
# Look-ups under way for names of one domain. One that was given up counts until its thread is free.
_MAX_LOOKUPS_PER_DOMAIN = 8
# Most answers are good for a minute or more; messages to one service come close together.
_KEPT_SECONDS = 30.0
_KEPT = 1_000


class TooManyLookUps(Exception):
    """The name servers of the domain have as many questions open as they may."""


class Resolver:
    """Finds the addresses of hosts."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="push-names")
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._known: LRUCache[tuple[str, int], tuple[float, list[str]]] = LRUCache(_KEPT)

    async def addresses(self, host: str, port: int) -> list[str]:
        """Each address of the host once, the preferred one first; the same answer for half a
        minute. Raises OSError or ValueError for an unknown name, TooManyLookUps."""
        loop = asyncio.get_running_loop()
        known = self._known.get((host, port))
        if known is not None and loop.time() < known[0]:
            return known[1]
        found = await asyncio.wrap_future(self._ask(host, port))
        self._known[host, port] = (loop.time() + _KEPT_SECONDS, found)
        return found

    def close(self) -> None:
        """Waits for no look-up that is still under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, host: str, port: int) -> Future[list[str]]:
        domain = registrable_domain(host)
        with self._lock:
            if self._open[domain] >= _MAX_LOOKUPS_PER_DOMAIN:
                raise TooManyLookUps
            self._open[domain] += 1
        asked = self._threads.submit(_look_up, host, port)
        asked.add_done_callback(lambda _: self._release(domain))
        return asked

    def _release(self, domain: str) -> None:
        with self._lock:
            self._open[domain] -= 1
            if not self._open[domain]:
                del self._open[domain]


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

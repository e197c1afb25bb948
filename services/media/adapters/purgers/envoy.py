"""Purges the cache of Envoy, file by file, by its listener of purges."""

import asyncio
import socket
from collections.abc import Mapping, Sequence

import httpx2

from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.runtime.clock import Clock
from services.media.adapters.purgers import exchange
from services.media.domain.purging import PurgeFailed

CACHE = "Envoy"
# Requests at once: each makes Envoy look in the object store.
CONCURRENCY = 8
# Of a call with any number of files.
SECONDS = 60.0

_GONE = 404


class EnvoyPurger:
    """See `Purger`. `url` is the listener of purges; if its name has several addresses, each is an
    Envoy with a cache of its own, and all are purged.

    A purge is a GET that makes Envoy fetch the file again. The file was deleted, so 404 confirms.
    A file that Envoy is storing at that moment is served once more, and stays: the purge fails.
    """

    def __init__(
        self, client: httpx2.AsyncClient, *, url: str, paths: SignedPaths, clock: Clock
    ) -> None:
        self._client = client
        self._url = httpx2.URL(url)
        self._paths = paths
        self._clock = clock
        self._places = asyncio.Semaphore(CONCURRENCY)

    async def purge(self, folders: Mapping[str, Sequence[str]]) -> None:
        """See `Purger.purge`. It takes at most SECONDS."""
        purges = [
            self._purge(address, folder, file)
            for address in await self._addresses()
            for folder, files in folders.items()
            for file in files
        ]
        # All are tried, so that one broken file leaves no other one in the cache.
        try:
            async with asyncio.timeout(SECONDS):
                outcomes = await asyncio.gather(*purges, return_exceptions=True)
        except TimeoutError:
            raise PurgeFailed(f"{CACHE} did not confirm all files within {SECONDS:.0f} s") from None
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _purge(self, address: str, folder: str, file: str) -> None:
        request = self._client.build_request(
            "GET",
            self._url.copy_with(host=address, path=self._paths.address(folder, file)),
            headers={"host": self._url.netloc.decode("ascii")},
        )
        async with self._places:
            response = await exchange.send(
                self._client, request, cache=CACHE, expected=(200, _GONE), clock=self._clock
            )
        if response.status_code != _GONE:
            raise PurgeFailed(f"{folder}/{file} is still served")

    async def _addresses(self) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._url.host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise PurgeFailed(f"{CACHE} has no address: {error.strerror}") from None
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

"""Purges Fastly by surrogate keys, which Envoy sets to the folder of a file.

https://www.fastly.com/documentation/reference/api/purging/
"""

from collections.abc import Mapping, Sequence

import httpx2

from services.chassis.runtime.clock import Clock
from services.media.adapters.purgers import exchange

CACHE = "Fastly"
MAX_KEYS = 256  # of a call


class FastlyPurger:
    """See `Purger`. The token needs the scope purge_select of the service."""

    def __init__(
        self, client: httpx2.AsyncClient, *, url: str, service: str, token: str, clock: Clock
    ) -> None:
        self._client = client
        self._url = f"{url}/service/{service}/purge"
        self._headers = {"fastly-key": token, "accept": "application/json"}
        self._clock = clock

    async def purge(self, folders: Mapping[str, Sequence[str]]) -> None:
        """See `Purger.purge`."""
        keys = list(folders)
        for start in range(0, len(keys), MAX_KEYS):
            request = self._client.build_request(
                "POST",
                self._url,
                headers=self._headers,
                json={"surrogate_keys": keys[start : start + MAX_KEYS]},
            )
            await exchange.send(
                self._client, request, cache=CACHE, expected=(200,), clock=self._clock
            )

"""Purges Cloudflare by cache tags, which Envoy sets to the folder of a file.

https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/
"""

from collections.abc import Mapping, Sequence

import httpx2

from services.chassis.runtime.clock import Clock
from services.media.adapters.purgers import exchange
from services.media.domain.purging import PurgeFailed

CACHE = "Cloudflare"
MAX_TAGS = 100  # of a call


class CloudflarePurger:
    """See `Purger`. The token needs the permission to purge the cache of the zone."""

    def __init__(
        self, client: httpx2.AsyncClient, *, url: str, zone: str, token: str, clock: Clock
    ) -> None:
        self._client = client
        self._url = f"{url}/zones/{zone}/purge_cache"
        self._headers = {"authorization": f"Bearer {token}"}
        self._clock = clock

    async def purge(self, folders: Mapping[str, Sequence[str]]) -> None:
        """See `Purger.purge`."""
        tags = list(folders)
        for start in range(0, len(tags), MAX_TAGS):
            request = self._client.build_request(
                "POST",
                self._url,
                headers=self._headers,
                json={"tags": tags[start : start + MAX_TAGS]},
            )
            response = await exchange.send(
                self._client, request, cache=CACHE, expected=(200,), clock=self._clock
            )
            if exchange.members(response).get("success") is not True:
                raise PurgeFailed(f"{CACHE} answered without success")

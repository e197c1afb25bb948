"""The caches that an installation has in front of its object store, and their purges."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx2

from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.runtime.clock import Clock
from services.media.adapters.purgers.cloudflare import CloudflarePurger
from services.media.adapters.purgers.envoy import EnvoyPurger
from services.media.adapters.purgers.fastly import FastlyPurger
from services.media.adapters.purgers.settings import PurgerSettings
from services.media.domain.purging import Purger

_CONNECTIONS = 16


class PurgersInOrder:
    """Purges one cache after another, from the one at the object store to the one at the clients:
    otherwise the outer one would fetch the files from the inner one again."""

    def __init__(self, purgers: Sequence[Purger]) -> None:
        self._purgers = purgers

    async def purge(self, folders: Mapping[str, Sequence[str]]) -> None:
        """See `Purger.purge`."""
        for each in self._purgers:
            await each.purge(folders)


@asynccontextmanager
async def connect(settings: PurgerSettings, *, clock: Clock) -> AsyncIterator[Purger]:
    """The purger of an installation, with connections for the duration of the block."""
    limits = httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    async with httpx2.AsyncClient(limits=limits, trust_env=False) as client:
        yield from_settings(settings, client=client, clock=clock)


def from_settings(
    settings: PurgerSettings, *, client: httpx2.AsyncClient, clock: Clock
) -> PurgersInOrder:
    """Envoy, and the CDN in front of it if there is one."""
    paths = SignedPaths("", key=settings.media_path_key, clock=clock)
    purgers: list[Purger] = [
        EnvoyPurger(client, url=settings.media_purge_url, paths=paths, clock=clock)
    ]
    if settings.media_purger == "fastly":
        purgers.append(
            FastlyPurger(
                client,
                url=settings.fastly_url,
                service=settings.fastly_service,
                token=settings.fastly_token,
                clock=clock,
            )
        )
    elif settings.media_purger == "cloudflare":
        purgers.append(
            CloudflarePurger(
                client,
                url=settings.cloudflare_url,
                zone=settings.cloudflare_zone,
                token=settings.cloudflare_token,
                clock=clock,
            )
        )
    return PurgersInOrder(purgers)

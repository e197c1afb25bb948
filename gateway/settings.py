"""Settings of the gateway, beside those of every process."""

from math import ceil
from pathlib import Path
from typing import Literal

from pydantic import Field

from gateway.protocols.graphql.costs import MAX_COST, MAX_READING
from services.chassis.runtime.settings import IdentifiedSettings, Key32

# What the costliest document costs that is not known yet.
COSTLIEST = MAX_COST + MAX_READING


class GatewaySettings(IdentifiedSettings):
    """The gateway's settings. Its port `listen` has probes beside the API: the edge's."""

    # Where clients reach the API, for the OpenAPI document, previews and the origin of cookie
    # sessions; empty for where that is read.
    public_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    # Where the files of media are served: the media listener, or the CDN in front of it.
    media_base_url: str = Field(pattern=r"^https?://[^\s/]+$")
    # Where clients put the parts of uploads: the object store, as the Media service has it; empty
    # where the web client is not served, or uploads by forms alone.
    s3_public_endpoint: str = Field(default="", pattern=r"^(https?://[^\s/]+/?)?$")
    # The folder with the build of the web client (gateway/web/builds.py); none without a client.
    web_folder: Path | None = None
    # Signs the addresses of files that are not public; the media listener has the same key.
    media_path_key: Key32 = Field(repr=False)
    # Beyond this many requests at once a process answers 503 instead of queueing. An edge lets in
    # fewer, of all families of routes together, so that none of them fills the process.
    max_in_flight: int = Field(default=500, ge=1)
    # Beyond this many WebSockets at once a process refuses more: with 10 KiB each and as many
    # messages for all as it can send within a second.
    max_sockets: int = Field(default=10_000, ge=1)
    # How much of finished pages a process keeps (gateway/core/kept); 0 for none: about 3,000 homes.
    kept_bytes: int = Field(default=64 * 1024 * 1024, ge=0)
    # Which GraphQL documents are carried out: any, or only those of the manifest.
    graphql_documents: Literal["any", "trusted"] = "any"
    # The documents that are known by id (`make graphql-manifest`); none without.
    graphql_manifest: Path | None = None
    # Whether the schema may be asked for, and the page to try it is there.
    graphql_introspection: bool = False
    # Mutations a minute of one user, and sign-ins and sign-ups of one address, in GraphQL: the
    # edge's own numbers, since the edge cannot distinguish them from reads. So many refreshes of an
    # address may be refused in a minute, too, of REST and GraphQL together.
    rate_writes: int = Field(default=120, ge=1)
    rate_logins: int = Field(default=20, ge=1)
    # What all GraphQL documents of one user, or of one stranger's address, may cost in a minute:
    # 200 home screens, or 30 of the costliest documents. The costliest that is not known yet has to
    # fit.
    rate_cost: int = Field(default=60_000, ge=COSTLIEST)
    # Gateway processes among which the edge spreads requests. They share no counts, so each has
    # buckets of this fraction.
    gateways: int = Field(default=1, ge=1)

    def bucket(self, rate: int, *, least: int = 1) -> int:
        """The size of this process's bucket, of ``rate`` requests of all processes together."""
        return max(least, ceil(rate / self.gateways))

"""Which caches are in front of the object store."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from services.chassis.runtime.settings import Key32, ServiceSettings

# What becomes part of a path, and what becomes the value of a header.
_NAME = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_TOKEN = re.compile(r"[!-~]+", re.ASCII)


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must be an address that starts with http:// or https://")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]


class PurgerSettings(ServiceSettings):
    """The caches of media files."""

    # Signs the addresses of closed files. Envoy and the gateway have the same.
    media_path_key: Key32 = Field(repr=False)
    # Envoy's listener of purges. Every address of a name is an Envoy with a cache of its own.
    media_purge_url: Url
    # The CDN in front of Envoy, if there is one.
    media_purger: Literal["envoy", "fastly", "cloudflare"] = "envoy"
    fastly_url: Url = "https://api.fastly.com"
    # The id of the service, and an API token with the scope purge_select.
    fastly_service: str = Field(default="", validate_default=True)
    fastly_token: str = Field(default="", validate_default=True, repr=False)
    cloudflare_url: Url = "https://api.cloudflare.com/client/v4"
    # The id of the zone, and an API token with the permission to purge its cache.
    cloudflare_zone: str = Field(default="", validate_default=True)
    cloudflare_token: str = Field(default="", validate_default=True, repr=False)

    @field_validator("fastly_service", "fastly_token", "cloudflare_zone", "cloudflare_token")
    @classmethod
    def _of_the_purger(cls, value: str, info: ValidationInfo) -> str:
        purger, _, part = (info.field_name or "").partition("_")
        if info.data.get("media_purger") != purger:
            return value
        form = _TOKEN if part == "token" else _NAME
        if form.fullmatch(value) is None:
            raise ValueError(f"must be set, because ROOST_MEDIA_PURGER is {purger}")
        return value

"""The settings of the Media service, besides those of every service."""

from typing import Annotated

from pydantic import AfterValidator, Field

from services.chassis.runtime.settings import Key32, ServiceSettings


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must be an address that starts with http:// or https://")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]


class MediaSettings(ServiceSettings):
    """Where files are stored, and from where they are served."""

    s3_endpoint: Url
    s3_region: str = Field(min_length=1)
    s3_access_key: str = Field(min_length=1)
    s3_secret_key: str = Field(min_length=1, repr=False)
    s3_bucket: str = Field(default="roost-media", min_length=3)
    # The origin that the addresses of uploads name: how clients reach the object store. The
    # signature covers its host. Without it, s3_endpoint.
    s3_public_endpoint: Url | None = None
    # The origin that media are served from; a CDN may be in front.
    media_base_url: Url
    # Signs the addresses of media that are not public. Envoy and the gateway have the same.
    media_path_key: Key32 = Field(repr=False)

    @property
    def upload_endpoint(self) -> str:
        """The origin that the addresses of uploads name."""
        return self.s3_public_endpoint or self.s3_endpoint

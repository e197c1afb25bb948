"""The settings of the Media service, besides those of every service."""

from pydantic import Field

from services.chassis.runtime.settings import RelaySettings
from services.media.adapters.purgers.settings import PurgerSettings, Url


class MediaSettings(PurgerSettings, RelaySettings):
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

    @property
    def upload_endpoint(self) -> str:
        """The origin that the addresses of uploads name."""
        return self.s3_public_endpoint or self.s3_endpoint

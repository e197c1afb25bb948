"""Settings of the Timeline service."""

from pydantic import Field

from services.chassis.runtime.settings import RelaySettings, ReplicaSettings


class TimelineSettings(RelaySettings, ReplicaSettings):
    """The chassis's settings, and from how many followers on an author is not fanned out."""

    celebrity_followers: int = Field(default=10_000, ge=1)

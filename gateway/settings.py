"""What the gateway is told by its environment, on top of what every process is."""

from pydantic import Field

from services.chassis.settings import ProcessSettings


class GatewaySettings(ProcessSettings):
    """The gateway's settings. It has one port, `listen`, for the API and for probes and metrics."""

    # Where clients reach the API, for the OpenAPI document; empty for where that is read.
    public_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    # Beyond this many requests at once a process answers 503 instead of queueing: at 1 ms of CPU
    # each, half a second of work.
    max_in_flight: int = Field(default=500, ge=1)

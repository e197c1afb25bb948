"""uvicorn's WebSocket protocol, as the gateway runs it."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Counts a handshake as complete once the application has refused it with an HTTP response.

    uvicorn itself does not, and logs each refused handshake as an error of the application.
    """

    async def send(self, message: Any) -> None:
        """Sends one ASGI message."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

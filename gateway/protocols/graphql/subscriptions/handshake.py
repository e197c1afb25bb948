"""The application of WebSockets at `/graphql`: who may subscribe."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.core.asgi import Receive, Scope, Send
from gateway.core.clients import Backends
from gateway.core.errors import ParameterInvalid
from gateway.protocols.graphql.requests import Find
from gateway.protocols.graphql.subscriptions import close_codes as ends
from gateway.protocols.graphql.subscriptions import messages
from gateway.protocols.graphql.subscriptions.close_codes import closing_of
from gateway.protocols.graphql.subscriptions.messages import read
from gateway.protocols.graphql.subscriptions.quota import SubscriptionQuota
from gateway.protocols.stream.close_codes import Closing
from gateway.protocols.stream.connection import Connection
from gateway.protocols.stream.endpoint import Stream
from services.chassis.runtime import telemetry
from services.chassis.runtime.errors import RoostError

# For the first message, in seconds.
_INIT_SECONDS = 10.0


class Subscriptions:
    """Lets connections in by the stream's tickets, and to the stream's hub."""

    def __init__(
        self,
        *,
        backends: Backends,
        find: Find,
        stream: Stream,
        socket: Callable[..., Connection[Any]],
    ) -> None:
        """With the class of connections that were let in."""
        self._socket = socket
        self._backends = backends
        self._find = find
        self._stream = stream
        self._quota = SubscriptionQuota()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection. A request without the subprotocol is refused before it is
        accepted; whatever comes later closes the connection with a code."""
        if messages.SUBPROTOCOL not in scope["subprotocols"]:
            raise ParameterInvalid(
                "Sec-WebSocket-Protocol", "subprotocol", f"must offer {messages.SUBPROTOCOL}"
            )
        await receive()  # the request
        with self._stream.counted():
            # A connection without a ticket counts, too.
            self._stream.check_room()
            await self._serve(receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        trace = telemetry.current()
        headers = [(b"traceresponse", trace.traceparent.encode())] if trace else []
        accept = {"type": "websocket.accept", "subprotocol": messages.SUBPROTOCOL}
        await send({**accept, "headers": headers})
        try:
            ticket = await _init(receive, send)
        except RoostError as error:
            ticket = closing_of(error)
        if ticket is None:
            return  # the client went away
        redeemed = ticket if isinstance(ticket, Closing) else await self._stream.admit(ticket)
        if isinstance(redeemed, Closing):
            closing = ends.translated(redeemed)
            await send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})
            return
        await self._socket(
            backends=self._backends,
            find=self._find,
            quota=self._quota,
            receive=receive,
            send=send,
            **self._stream.connection(redeemed),
        ).run()


async def _init(receive: Receive, send: Send) -> str | Closing | None:
    """The ticket of the first message, or why there is none; None where the client went away."""
    try:
        async with asyncio.timeout(_INIT_SECONDS):
            while (message := await receive())["type"] == "websocket.receive":
                match read(message):
                    case messages.ConnectionInit(payload=payload):
                        return payload.ticket if payload is not None else ""
                    case messages.Ping(payload=asked):
                        pong = messages.encode(messages.Pong(asked))
                        await send({"type": "websocket.send", "text": pong})
                    case messages.Pong():
                        pass
                    case _:
                        return ends.UNAUTHORIZED
    except TimeoutError:
        return ends.INIT_TOO_LATE
    return None

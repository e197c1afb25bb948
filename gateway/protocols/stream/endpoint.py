"""The application of `/v1/stream`: who may open a connection, and what all connections share."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Container, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from roost.user.v1.auth_service_pb2 import RedeemStreamTicketRequest, RedeemStreamTicketResponse

from gateway.core.asgi import Receive, Scope, Send
from gateway.core.clients import ServiceBackends
from gateway.core.errors import Overloaded, ParameterInvalid
from gateway.core.state import State
from gateway.core.upstream import Upstream
from gateway.protocols.stream.backlog import Backlog
from gateway.protocols.stream.close_codes import Closing, StreamTicketInvalid
from gateway.protocols.stream.frames import SUBPROTOCOL
from gateway.protocols.stream.hub import Hub
from gateway.protocols.stream.metrics import StreamMetrics
from gateway.protocols.stream.presenter import EventPresenter
from gateway.protocols.stream.socket import Socket
from gateway.protocols.stream.viewer import Viewer
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Invalid, RoostError
from services.chassis.runtime.logs import logger

# A ticket is offered as a subprotocol: browsers can set no other header, and it is not logged.
_TICKET = "roost.ticket."
_REDEEM_SECONDS = 4.0
# Sessions that ended, heartbeats, and what was put off are looked at this often.
_TICK_SECONDS = 0.5
# Time for the close frames of a process that stops.
_DRAIN_SECONDS = 5.0


class Stream:
    """All connections of a process. Made by `open_stream`."""

    def __init__(
        self,
        *,
        presenter: EventPresenter,
        own: ServiceBackends,
        hub: Hub,
        metrics: StreamMetrics,
        revoked: Container[int],
        state: State,
        max_sockets: int,
        clock: Clock,
    ) -> None:
        self._own = own
        self._hub = hub
        self._metrics = metrics
        self._revoked = revoked
        self._state = state
        self._max_sockets = max_sockets
        self._clock = clock
        self._presenter = presenter
        self._sockets = 0
        self._empty = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection. What is wrong with the request itself is raised before it is
        accepted; what the protocol has a close code for, closes it."""
        offered: list[str] = scope["subprotocols"]
        if SUBPROTOCOL not in offered:
            raise ParameterInvalid(
                "Sec-WebSocket-Protocol", "subprotocol", f"must offer {SUBPROTOCOL}"
            )
        await receive()  # the request
        with self.counted():
            await self._serve(offered, receive, send)

    def check_room(self) -> None:
        """Raises Overloaded where there are more connections than there may be."""
        if self._sockets > self._max_sockets:
            raise Overloaded(retry_after=5.0)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """A connection, of whichever protocol, for as long as it lasts."""
        self._sockets += 1
        try:
            yield
        finally:
            self._sockets -= 1
            if not self._sockets:
                self._empty.set()

    async def _serve(self, offered: list[str], receive: Receive, send: Send) -> None:
        ticket = next((each for each in offered if each.startswith(_TICKET)), _TICKET)
        redeemed = await self.admit(ticket.removeprefix(_TICKET))
        trace = telemetry.current()
        headers = [(b"traceresponse", trace.traceparent.encode())] if trace else []
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": headers})
        if isinstance(redeemed, Closing):
            self._metrics.closed.labels(str(redeemed.code)).inc()
            await send(
                {"type": "websocket.close", "code": redeemed.code, "reason": redeemed.reason}
            )
            return
        await Socket(
            presenter=self._presenter,
            receive=receive,
            send=send,
            **self.connection(redeemed),
        ).run()

    def connection(self, redeemed: RedeemStreamTicketResponse) -> dict[str, Any]:
        """What every connection of that user is made of."""
        trace = telemetry.current()
        connection_id = trace.trace_id if trace else secrets.token_hex(16)
        viewer = Viewer(redeemed, auth=self._own.auth, clock=self._clock)
        logger().debug("stream_opened", connection=connection_id, user_id=redeemed.user_id)
        return {
            "connection_id": connection_id,
            "viewer": viewer,
            "backlog": Backlog(events=self._own.events, viewer=viewer),
            "hub": self._hub,
            "metrics": self._metrics,
            "clock": self._clock,
        }

    async def admit(self, ticket: str) -> RedeemStreamTicketResponse | Closing:
        """The owner of the ticket, or why the connection is closed."""
        if self._state.stopping:
            return Closing.restart()
        try:
            self.check_room()
            return await self._redeem(ticket)
        except RoostError as error:
            return Closing.of(error)

    async def _redeem(self, ticket: str) -> RedeemStreamTicketResponse:
        if not ticket:
            raise StreamTicketInvalid
        try:
            with deadline.within(_REDEEM_SECONDS):
                return await self._own.auth.RedeemStreamTicket(
                    RedeemStreamTicketRequest(ticket=ticket)
                )
        except Invalid:
            raise StreamTicketInvalid from None  # too long to be one

    async def on_tick(self) -> None:
        """Closes connections of ended sessions and sends heartbeats, until it is cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = self._clock.monotonic()
            for socket in self._hub.sockets():
                if socket.session_id in self._revoked:
                    socket.end_session()
                else:
                    socket.on_tick(now)

    async def drain(self) -> None:
        """Closes every connection with 1012 and its own moment to come back; a process that stops
        takes no more. Returns when all are closed, or time is over."""
        for socket in self._hub.sockets():
            socket.close(Closing.restart())
        if self._sockets:
            self._empty.clear()
            try:
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await self._empty.wait()
            except TimeoutError:
                logger().warning("streams_not_drained", count=self._sockets)


@asynccontextmanager
async def open_stream(
    *,
    presenter: EventPresenter,
    own: ServiceBackends,
    revoked: Container[int],
    state: State,
    max_sockets: int,
    clock: Clock,
) -> AsyncIterator[Stream]:
    """The stream over its one upstream, which leaving the block ends."""
    metrics = StreamMetrics(state.registry)
    hub = Hub(metrics=metrics)
    upstream = Upstream(
        own.events.Attach,
        name="events",
        first_requests=hub.attached_requests,
        on_response=hub.on_response,
    )
    hub.connect(upstream)
    stream = Stream(
        presenter=presenter,
        own=own,
        hub=hub,
        metrics=metrics,
        revoked=revoked,
        state=state,
        max_sockets=max_sockets,
        clock=clock,
    )
    running = [asyncio.create_task(upstream.run()), asyncio.create_task(stream.on_tick())]
    try:
        yield stream
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

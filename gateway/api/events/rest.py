"""Opening the stream: the ticket that a WebSocket is opened with."""

from roost.user.v1.auth_service_pb2 import IssueStreamTicketRequest

from gateway.protocols.rest.context import (
    NoBody,
    NoQuery,
    RequestContext,
    Response,
)
from gateway.protocols.rest.routes import Routes
from gateway.views.sessions import StreamTicket

stream = Routes(
    "Stream", "What happens while it happens, over a WebSocket: see `/v1/asyncapi.json`."
)


@stream.change("POST", "/stream/tickets", keyed=False, reasons=("SESSION_REVOKED",))
async def issue_stream_ticket(context: RequestContext[NoQuery, NoBody]) -> Response[StreamTicket]:
    """Get a ticket for the stream.

    It opens one connection to `/v1/stream`, on behalf of the session that asks: offer the
    subprotocols `roost.v1` and `roost.ticket.` followed by the ticket.
    """
    response = await context.backends.auth.IssueStreamTicket(IssueStreamTicketRequest())
    return Response(StreamTicket(ticket=response.ticket, expires_in=response.expires_in))

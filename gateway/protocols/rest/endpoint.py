"""The REST application: finds the route, reads the request, asks its function, answers."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec
from opentelemetry.trace import SpanKind

from gateway.api.sessions.commands import Refreshing
from gateway.core import headers as header
from gateway.core.auth import Authenticator
from gateway.core.bodies import BodyReader, check_content_type, receive_body
from gateway.core.clients import Backends
from gateway.core.headers import Headers
from gateway.protocols.rest.context import NoContent, RequestContext, Response
from gateway.protocols.rest.paths import Paths, route_of
from gateway.protocols.rest.query_strings import QueryReader, with_cursor
from gateway.protocols.rest.routes import Route, takes_body
from gateway.views.version import Version
from services.chassis.runtime import deadline, telemetry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Where the frame around all applications finds what it counts by and what each answer is to carry,
# refusals too, and puts what it has read.
ROUTE = "roost.route"
PROBLEM = "roost.said"
HEADERS = "roost.headers"

_JSON_HEADER = (b"content-type", b"application/json")
# What belongs to one person is kept by nobody else; what has an ETag may be kept to ask again.
NO_STORE = (b"cache-control", b"no-store")
REVALIDATE = ((b"cache-control", b"private, no-cache"), (b"vary", b"authorization"))

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class _Reader:
    """What one route reads, made ready."""

    query: QueryReader[Any]
    body: BodyReader[Any] | None
    nothing: Any


class Rest:
    """Answers all routes of one version. Errors leave it as they are raised."""

    def __init__(
        self,
        version: Version,
        routes: Iterable[Route],
        *,
        backends: Backends,
        authenticator: Authenticator,
        refreshing: Refreshing,
    ) -> None:
        routes = tuple(routes)
        self._prefix = version.prefix
        self._presenter = version.presenter
        self._retirement = version.retirement
        self._paths = Paths(routes)
        self._backends = backends
        self._authenticator = authenticator
        self._refreshing = refreshing
        self._readers = {
            route.name: _Reader(
                QueryReader(route.query),
                BodyReader(route.body) if takes_body(route) else None,
                None if takes_body(route) else route.body(),
            )
            for route in routes
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        method: str = scope["method"]
        path: str = scope["path"]
        retirement = self._retirement
        if retirement is None:
            place, path_id = self._paths.find(path)
        else:
            scope[PROBLEM] = retirement.headers
            place, path_id = self._paths.find(path)
            # Only now: a path that leads somewhere holds nothing that a header could not.
            scope[PROBLEM] = (*retirement.headers, retirement.link(path.removeprefix(self._prefix)))
        if method == "OPTIONS":
            await send_answer(send, 204, [(b"allow", ", ".join(place.allowed()).encode())], b"")
            return
        route = route_of(place, method)
        scope[ROUTE] = route.path
        trace = telemetry.current()
        if trace is None or not trace.sampled:
            await self._serve(route, path_id, scope, receive, send)
            return
        with telemetry.span(f"{method} {route.path}", kind=SpanKind.SERVER):
            await self._serve(route, path_id, scope, receive, send)

    async def _serve(
        self, route: Route, path_id: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        deadline.begin(route.seconds)
        headers: Headers = scope[HEADERS]
        viewer_id = await self._authenticator.authenticate(headers, route.access)
        header.check_accept(headers)
        reader = self._readers[route.name]
        body = reader.nothing
        if reader.body is not None:
            check_content_type(headers.get(b"content-type"))
            body = reader.body.read(await receive_body(receive, headers.get(b"content-length")))
        answer = await route.handler(
            RequestContext(
                backends=self._backends,
                refresh=partial(self._refreshing.refresh, client_address(scope)),
                presenter=self._presenter,
                query=reader.query.read(scope["query_string"]),
                body=body,
                path_id=path_id,
                viewer_id=viewer_id,
                request_id="" if route.safe else header.idempotency_key(headers),
                expected_etag=header.expected_etag(headers) if route.etag else "",
            )
        )
        location = self._prefix + answer.location if answer.location else ""
        await _answer(route, answer, location, scope, send)


async def _answer(
    route: Route, answer: Response[Any], location: str, scope: Scope, send: Send
) -> None:
    value = answer.value
    if isinstance(value, NoContent):
        await send_answer(send, route.status, [NO_STORE], b"")
        return
    body = _encoder.encode(value)
    headers = [_JSON_HEADER, (b"content-length", b"%d" % len(body))]
    if location:
        headers.append((b"location", location.encode()))
    if answer.next_cursor:
        link = with_cursor(scope["path"], scope["query_string"], answer.next_cursor)
        headers.append((b"link", f'<{link}>; rel="next"'.encode()))
    status = route.status
    if answer.etag:
        # Weak, because a proxy that compresses would drop a strong one. The digest covers what the
        # service's etag does not: counts, the viewer's own state, the author's profile.
        digest = blake2b(body, digest_size=8).hexdigest()
        tag = f'W/"{answer.etag}.{digest}"'.encode()
        headers += [(b"etag", tag), *REVALIDATE]
        if route.safe and header.matches_none(scope[HEADERS], tag):
            status, body = 304, b""
            del headers[:2]
    else:
        headers.append(NO_STORE)
    await send_answer(send, status, headers, b"" if scope["method"] == "HEAD" else body)


def client_address(scope: Scope) -> str:
    """The IP address that a request came from: the edge says so, if there is one."""
    external: bytes | None = scope[HEADERS].get(b"x-envoy-external-address")
    if external is not None:
        return external.decode("latin-1")
    client = scope.get("client")
    return str(client[0]) if client else ""


async def send_answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Sends a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

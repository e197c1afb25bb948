"""The REST application: finds the route, reads the request, calls its function, responds."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from opentelemetry.trace import SpanKind

from gateway.core import media_addresses
from gateway.core.asgi import (
    HEADERS,
    NO_STORE,
    RESPONSE_HEADERS,
    REVALIDATE,
    ROUTE,
    Headers,
    Receive,
    Scope,
    Send,
    check_accept,
    client_address,
    expected_etag,
    idempotency_key,
    matches_none,
    send_answer,
)
from gateway.core.auth import Authenticator
from gateway.core.bodies import BodyReader, check_content_type, receive_body
from gateway.core.clients import Backends
from gateway.core.concurrency import Concurrency
from gateway.core.errors import MethodNotAllowed, ParameterInvalid, RouteNotFound
from gateway.core.ids import NO_ID, parse_id
from gateway.core.kept.pages import KeptPages
from gateway.core.kept.parts import Parts
from gateway.core.object_store import ObjectStore
from gateway.core.refresh_cookies import CLEARED, ENDED, RefreshCookie, RefreshCookies
from gateway.core.refresh_tokens import Refreshing
from gateway.protocols.rest.context import NoContent, RequestContext, Response
from gateway.protocols.rest.forms import FormMemory, FormReader
from gateway.protocols.rest.query_strings import QueryReader, with_cursor
from gateway.protocols.rest.routes import MAX_PATH_TEXT, Route, is_id, takes_body
from gateway.views.version import Version
from services.chassis.runtime import deadline, telemetry
from services.chassis.runtime.errors import Unauthenticated

_JSON_HEADER = (b"content-type", b"application/json")

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class _Reader:
    """The readers of one route's query and body."""

    query: QueryReader[Any]
    body: BodyReader[Any] | None
    form: FormReader[Any] | None
    nothing: Any


class Parameter(NamedTuple):
    """What stands in a path for its parameter: an id or a text."""

    id: int = NO_ID
    text: str = ""


class Rendered(NamedTuple):
    """A response, before what the request's method and condition make of it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    # The value of its ETag; empty without.
    tag: bytes = b""


class Rest:
    """Serves all routes of one version. The middleware handles its errors."""

    def __init__(
        self,
        version: Version,
        routes: Iterable[Route],
        *,
        backends: Backends,
        authenticator: Authenticator,
        refreshing: Refreshing,
        cookies: RefreshCookies,
        store: ObjectStore,
        form_memory: FormMemory,
        concurrency: Concurrency,
        kept: KeptPages[Rendered] | None,
    ) -> None:
        routes = tuple(routes)
        self._prefix = version.prefix
        self._presenter = version.presenter
        self._retirement = version.retirement
        self._paths = Paths(routes)
        self._backends = backends
        self._authenticator = authenticator
        self._refreshing = refreshing
        self._cookies = cookies
        self._store = store
        self._concurrency = concurrency
        self._kept = kept
        self._readers = {route.name: _reader(route, form_memory) for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        method: str = scope["method"]
        path: str = scope["path"]
        retirement = self._retirement
        if retirement is None:
            place, parameter = self._paths.find(path)
        else:
            scope[RESPONSE_HEADERS] = retirement.headers
            place, parameter = self._paths.find(path)
            # Only after the path was found.
            scope[RESPONSE_HEADERS] = (
                *retirement.headers,
                retirement.link(quote(path.removeprefix(self._prefix))),
            )
        if method == "OPTIONS":
            await send_answer(send, 204, [(b"allow", ", ".join(place.allowed()).encode())], b"")
            return
        route = route_of(place, method)
        scope[ROUTE] = route.path
        trace = telemetry.current()
        if trace is None or not trace.sampled:
            await self._serve(route, parameter, scope, receive, send)
            return
        with telemetry.span(f"{method} {route.path}", kind=SpanKind.SERVER):
            await self._serve(route, parameter, scope, receive, send)

    async def _serve(
        self, route: Route, parameter: Parameter, scope: Scope, receive: Receive, send: Send
    ) -> None:
        deadline.begin(route.seconds)
        headers: Headers = scope[HEADERS]
        viewer_id = await self._authenticator.authenticate(headers, route.access)
        if route.cookie:
            self._cookies.check_origin(headers)
        check_accept(headers)
        if not route.at_once:
            await self._read(route, parameter, scope, receive, send, viewer_id=viewer_id)
            return
        with self._concurrency.place(viewer_id, route.name, most=route.at_once):
            await self._read(route, parameter, scope, receive, send, viewer_id=viewer_id)

    async def _read(
        self,
        route: Route,
        parameter: Parameter,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        viewer_id: int,
    ) -> None:
        headers: Headers = scope[HEADERS]
        reader = self._readers[route.name]
        if reader.form is not None:
            async with reader.form.read(receive, headers) as form:
                await self._respond(route, scope, send, parameter, viewer_id=viewer_id, body=form)
            return
        body = reader.nothing
        if reader.body is not None:
            check_content_type(headers.get(b"content-type"))
            body = reader.body.read(await receive_body(receive, headers.get(b"content-length")))
        await self._respond(route, scope, send, parameter, viewer_id=viewer_id, body=body)

    async def _respond(
        self,
        route: Route,
        scope: Scope,
        send: Send,
        parameter: Parameter,
        *,
        viewer_id: int,
        body: Any,
    ) -> None:
        kept = self._kept if route.kept else None
        if kept is None:
            rendered = await self._render(route, scope, parameter, viewer_id=viewer_id, body=body)
            await _send(route, rendered, scope, send)
            return
        # The path begins with the version.
        key = scope["path"], scope["query_string"], viewer_id
        found = await kept.find(key)
        if found.response is not None:
            await _send(route, found.response, scope, send)
            return
        rendered = await self._render(
            route, scope, parameter, viewer_id=viewer_id, body=body, parts=found.parts
        )
        kept.keep(
            key,
            rendered,
            size=len(rendered.body),
            parts=found.parts,
            until=media_addresses.presented_until(),
        )
        await _send(route, rendered, scope, send)

    async def _render(
        self,
        route: Route,
        scope: Scope,
        parameter: Parameter,
        *,
        viewer_id: int,
        body: Any,
        parts: Parts | None = None,
    ) -> Rendered:
        headers: Headers = scope[HEADERS]
        context = RequestContext(
            backends=self._backends,
            refresh=partial(self._refreshing.refresh, client_address(scope)),
            refresh_cookie=partial(self._cookies.token, headers),
            store=self._store,
            presenter=self._presenter,
            query=self._readers[route.name].query.read(scope["query_string"]),
            body=body,
            path_id=parameter.id,
            path_text=parameter.text,
            viewer_id=viewer_id,
            request_id="" if route.safe else idempotency_key(headers),
            expected_etag=expected_etag(headers) if route.etag else "",
            parts=parts or Parts(),
        )
        try:
            answer = await route.handler(context)
        except Unauthenticated as error:
            if route.cookie and error.reason in ENDED:
                self._set_cookie(scope, CLEARED)
            raise
        if answer.cookie is not None:
            self._set_cookie(scope, answer.cookie)
        location = self._prefix + answer.location if answer.location else ""
        return _rendered(route, answer, location, scope)

    def _set_cookie(self, scope: Scope, cookie: RefreshCookie) -> None:
        header = self._cookies.header(scope[HEADERS], self._prefix, cookie)
        scope[RESPONSE_HEADERS] = (*scope.get(RESPONSE_HEADERS, ()), header)


def _reader(route: Route, memory: FormMemory) -> _Reader:
    query: QueryReader[Any] = QueryReader(route.query)
    if not takes_body(route):
        return _Reader(query, None, None, route.body())
    if route.form_file_bytes:
        form: FormReader[Any] = FormReader(route.body, most=route.form_file_bytes, memory=memory)
        return _Reader(query, None, form, None)
    return _Reader(query, BodyReader(route.body), None, None)


def _rendered(route: Route, answer: Response[Any], location: str, scope: Scope) -> Rendered:
    value = answer.value
    if isinstance(value, NoContent):
        return Rendered(route.status, [NO_STORE], b"")
    body = _encoder.encode(value)
    headers = [_JSON_HEADER, (b"content-length", b"%d" % len(body))]
    if location:
        headers.append((b"location", location.encode()))
    if answer.next_cursor:
        link = with_cursor(quote(scope["path"]), scope["query_string"], answer.next_cursor)
        headers.append((b"link", f'<{link}>; rel="next"'.encode()))
    if not answer.etag:
        return Rendered(route.status, [*headers, NO_STORE], body)
    # Weak, because a proxy that compresses would drop a strong one. The digest covers what the
    # service's etag does not: counts, the viewer's own state, the author's profile.
    digest = blake2b(body, digest_size=8).hexdigest()
    tag = f'W/"{answer.etag}.{digest}"'.encode()
    return Rendered(route.status, [*headers, (b"etag", tag), *REVALIDATE], body, tag)


async def _send(route: Route, rendered: Rendered, scope: Scope, send: Send) -> None:
    status, headers, body, tag = rendered
    if tag and route.safe and matches_none(scope[HEADERS], tag):
        # Without the type and the length of the body.
        status, headers, body = 304, headers[2:], b""
    await send_answer(send, status, headers, b"" if scope["method"] == "HEAD" else body)


class Place:
    """What there is at one path: its routes by method."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.below: dict[str, Place] = {}
        self.parameter: tuple[str, Place] | None = None

    def allowed(self) -> list[str]:
        """The methods that the path takes."""
        methods = set(self.routes) | {"OPTIONS"}
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)


class Paths:
    """All paths of a route table."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = Place()
        for route in routes:
            place = self._place(route.path)
            if route.method in place.routes:
                raise ValueError(f"{route.method} {route.path} is declared twice")
            place.routes[route.method] = route

    def _place(self, path: str) -> Place:
        place = self._root
        for segment in path.split("/")[1:]:
            if not segment.startswith("{"):
                place = place.below.setdefault(segment, Place())
                continue
            name = segment[1:-1]
            if place.parameter is None:
                place.parameter = (name, Place())
            elif place.parameter[0] != name:
                raise ValueError(f"{path} calls its parameter {name}, another route does not")
            place = place.parameter[1]
        return place

    def find(self, path: str) -> tuple[Place, Parameter]:
        """The place of a decoded path, and the id or the text in it.

        Raises RouteNotFound, or ParameterInvalid where an id should stand and does not. A fixed
        segment (`me`) goes before a parameter.
        """
        place = self._root
        parameter = Parameter()
        for segment in path.split("/")[1:]:
            below = place.below.get(segment)
            if below is not None:
                place = below
                continue
            if place.parameter is None or not segment:
                raise RouteNotFound
            name, place = place.parameter
            parameter = _parameter(name, segment)
        if not place.routes:
            raise RouteNotFound
        return place, parameter


def _parameter(name: str, segment: str) -> Parameter:
    if not is_id(name):
        if len(segment) > MAX_PATH_TEXT:
            raise ParameterInvalid(name, "length", f"must have at most {MAX_PATH_TEXT} characters")
        return Parameter(text=segment)
    number = parse_id(segment)
    if number is None:
        raise ParameterInvalid(name, "id", "must be a decimal id, such as 187649984473770")
    return Parameter(number)


def route_of(place: Place, method: str) -> Route:
    """The route of a method; HEAD is GET without its body. Raises MethodNotAllowed."""
    route = place.routes.get("GET" if method == "HEAD" else method)
    if route is None:
        raise MethodNotAllowed(method, place.allowed())
    return route

"""The middleware of every request: trace, load limit, problems, metrics, response headers."""

from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any

import msgspec
from prometheus_client import Counter, Gauge, Histogram
from starlette.exceptions import HTTPException

from gateway.core import client_gone, media_addresses, problems
from gateway.core.asgi import (
    HEADERS,
    KIND,
    RESPONSE_HEADERS,
    ROUTE,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    client_address,
    rate_limit_key,
    read_headers,
)
from gateway.core.bodies import ClientGone
from gateway.core.errors import MethodNotAllowed, Overloaded, RouteNotFound
from gateway.core.state import State
from services.chassis.auth import caller
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.rpc.metrics import BUCKETS
from services.chassis.runtime import telemetry
from services.chassis.runtime.logs import logger

# Probes are answered under any load.
_ALWAYS = frozenset(("/livez", "/readyz"))
_ELSEWHERE = "(none)"

# For browsers: no sniffing of types, no referrer to other sites. An
# answer that is no page of ours loads and runs nothing, and no site may frame it.
_FOR_BROWSERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
_CLOSE = (b"connection", b"close")
_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
_METHODS = _SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}

_encoder = msgspec.json.Encoder()


class HttpMetrics:
    """Counts and times HTTP requests by route, method, status and kind: read or write."""

    def __init__(self, state: State) -> None:
        registry = state.registry
        self._handled = Counter(
            "roost_http_handled",
            "HTTP requests that were answered, by status.",
            ["route", "method", "status", "kind"],
            registry=registry,
        )
        self._seconds = Histogram(
            "roost_http_seconds",
            "Time from the request's head to the end of its answer.",
            ["route", "kind"],
            buckets=BUCKETS,
            registry=registry,
        )
        # Finding a meter by its labels costs more than counting.
        self._meters: dict[tuple[str, str, int, str | None], tuple[Counter, Histogram]] = {}
        in_flight = Gauge("roost_http_in_flight", "Requests in progress.", registry=registry)
        in_flight.set_function(lambda: state.in_flight)
        most = Gauge(
            "roost_http_in_flight_max",
            "Requests in progress beyond which others are refused.",
            registry=registry,
        )
        most.set_function(lambda: state.max_in_flight)

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """Counts a request that has ended."""
        method: str = scope["method"]
        route: str = scope.get(ROUTE, _ELSEWHERE)
        kind: str | None = scope.get(KIND)
        meters = self._meters.get((method, route, status, kind))
        if meters is None:
            # Clients can send any method, but labels must stay few.
            shown = method if method in _METHODS else "(other)"
            labelled = kind or ("read" if method in _SAFE_METHODS else "write")
            meters = (
                self._handled.labels(route, shown, str(status), labelled),
                self._seconds.labels(route, labelled),
            )
            if shown == method:
                self._meters[method, route, status, kind] = meters
        handled, timed = meters
        handled.inc()
        timed.observe(seconds)


class RequestMiddleware:
    """The outermost application. Whatever happens inside, the client gets an answer."""

    def __init__(
        self, app: Any, *, sockets: Mapping[str, Any], state: State, media_paths: SignedPaths
    ) -> None:
        self._app = app
        self._media_paths = media_paths
        # The applications of WebSockets, by path.
        self._sockets = sockets
        self._state = state
        self._metrics = HttpMetrics(state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or one WebSocket."""
        media_addresses.begin(self._media_paths)
        if scope["type"] == "websocket":
            await self._open(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope[HEADERS] = read_headers(scope["headers"])
        caller.begin_network(rate_limit_key(client_address(scope)))
        client_gone.begin(receive)
        trace = _enter_trace(headers)
        state = self._state
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                traced = (b"traceresponse", trace.traceparent.encode())
                added = [
                    *_for_browsers(message["headers"]),
                    traced,
                    *scope.get(RESPONSE_HEADERS, ()),
                ]
                if state.stopping:
                    # So that the proxy's next request goes to a process that stays.
                    added.append(_CLOSE)
                message["headers"] = [*message["headers"], *added]
            await send(message)

        started = perf_counter()
        state.in_flight += 1
        try:
            if state.in_flight > state.max_in_flight and scope["path"] not in _ALWAYS:
                raise Overloaded(retry_after=1.0)
            await self._app(scope, receive, send_framed)
        except ClientGone:
            status = 499
        except Exception as error:
            if status:
                # The response has begun: all that is left is to end the connection.
                raise
            await _send_error(error, scope, send_framed)
        finally:
            state.in_flight -= 1
            self._metrics.note(scope, status, perf_counter() - started)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        _enter_trace(read_headers(scope["headers"]))
        accepted = False

        async def send_noted(message: Message) -> None:
            nonlocal accepted
            accepted = True
            await send(message)

        try:
            application = self._sockets.get(scope["path"])
            if application is None:
                raise RouteNotFound
            await application(scope, receive, send_noted)
        except Exception as error:
            if accepted:
                raise
            # Refused before the upgrade: the client gets an HTTP answer instead.
            await _send_error(error, {**scope, "method": "GET"}, send, prefix="websocket.")


def _enter_trace(headers: Headers) -> telemetry.Trace:
    traceparent, request_id = headers.get(b"traceparent"), headers.get(b"x-request-id", b"")
    return telemetry.enter(
        traceparent.decode("latin-1") if traceparent else None,
        request_id=request_id.decode("latin-1"),
    )


def _for_browsers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers that browsers need beside these: pages have policies of their own."""
    own = {name for name, _ in headers}
    return [each for each in _FOR_BROWSERS if each[0] not in own]


async def _send_error(error: Exception, scope: Scope, send: Send, *, prefix: str = "") -> None:
    shown = problems.known(_is_server_fault(error, scope))
    problem = problems.problem_of(shown, instance=scope["path"])
    what = {"method": scope["method"], "path": scope["path"], "reason": shown.reason}
    if problem.status == 500:
        logger().error("request_failed", **what, exc_info=error)
    elif problem.status > 500:
        logger().warning("request_failed", **what, error=repr(error))
    else:
        logger().debug("request_refused", **what, status=problem.status)
    body = _encoder.encode(problem)
    headers = [
        (b"content-type", problems.CONTENT_TYPE),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *problems.headers_of(shown),
    ]
    if prefix:
        # The middleware adds no headers to a response to a handshake.
        headers += _for_browsers(headers)
    await send(
        {"type": f"{prefix}http.response.start", "status": problem.status, "headers": headers}
    )
    body = b"" if scope["method"] == "HEAD" else body
    await send({"type": f"{prefix}http.response.body", "body": body})


def _is_server_fault(error: Exception, scope: Scope) -> Exception:
    """Starlette's own errors as ours."""
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return RouteNotFound()
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "").split(", ")
            return MethodNotAllowed(scope["method"], sorted({*allowed, "OPTIONS"}))
    return error

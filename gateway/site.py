"""What is served beside the API: its documents and pages, public keys, probes."""

from functools import cache
from hashlib import blake2b
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.api.routes import SECTIONS
from gateway.api.versions import VERSIONS
from gateway.core import problems
from gateway.core.asgi import HEADERS, ROUTE, matches_none
from gateway.core.errors import RouteNotFound
from gateway.core.state import State
from gateway.protocols.rest.openapi import document
from gateway.protocols.stream import asyncapi
from gateway.views.version import Version
from gateway.web.developer_pages import DeveloperPages
from services.chassis.auth.tokens import JwksSource
from services.chassis.runtime import deadline
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.errors import RoostError
from services.chassis.runtime.logs import logger

# A new key is published for 120 s before it signs. Proxies keep the set for 60 s and we for this
# long, which leaves time to spare.
_KEYS_SECONDS = 15.0
_FETCH_SECONDS = 2.0

# The page loads nothing from elsewhere, runs no inline script, and is framed by nobody.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The page of links in mails. It needs no build.
_UNSUBSCRIBE_PAGE = "unsubscribe.html"
_ASSETS = {
    "unsubscribe.css": "text/css; charset=utf-8",
    "unsubscribe.js": "text/javascript; charset=utf-8",
}
# Where a POST ends somebody's digest, as mail programs do (RFC 8058), a browser finds a page.
_UNSUBSCRIBE = "/email/unsubscribe"


class JwksDocument:
    """The public keys of access tokens, kept for a moment; the last known while none can be had."""

    def __init__(self, source: JwksSource, *, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._kept: bytes | None = None
        self._fetched = float("-inf")

    async def json(self) -> bytes:
        """The JSON Web Key Set. Raises a RoostError if it was never seen and cannot be had."""
        if self._kept is None or self._clock.monotonic() - self._fetched > _KEYS_SECONDS:
            try:
                with deadline.within(_FETCH_SECONDS):
                    keys = await self._source.fetch()
            except RoostError as error:
                if self._kept is None:
                    raise
                logger().warning("jwks_fetch_failed", error=repr(error))
            else:
                self._kept = msgspec.json.encode({"keys": list(keys)})
                self._fetched = self._clock.monotonic()
        return self._kept


class Site:
    """The routes of everything that is not the API itself."""

    def __init__(
        self,
        *,
        keys: JwksSource,
        state: State,
        developer_pages: DeveloperPages,
        public_url: str = "",
        clock: Clock | None = None,
    ) -> None:
        self._keys = JwksDocument(keys, clock=clock or SystemClock())
        self._state = state
        self._openapi = {
            f"{each.prefix}/openapi.json": _openapi(each, public_url) for each in VERSIONS
        }
        folder = files("gateway") / "pages"
        self._unsubscribe_page = (folder / _UNSUBSCRIBE_PAGE).read_bytes()
        self._assets = {name: (folder / name).read_bytes() for name in _ASSETS}
        self._asyncapi = _asyncapi(public_url)
        # Their paths are among the API's, so they are tried first.
        self.beside_the_api = [
            *(Route(path, self._document) for path in self._openapi),
            Route("/v1/asyncapi.json", self._stream_document),
            *(
                Route(each.prefix + _UNSUBSCRIBE, self._unsubscribe, methods=["GET"])
                for each in VERSIONS
            ),
        ]
        self.routes = [
            *(Route(path, developer_pages) for path in DeveloperPages.paths),
            *(Route(f"/docs/{name}", self._asset) for name in _ASSETS),
            Route("/problems/{reason}", self._problem),
            Route("/.well-known/jwks.json", self._jwks),
            Route("/livez", self._live),
            Route("/readyz", self._ready),
        ]

    async def _document(self, request: Request) -> Response:
        path = request.scope["path"]
        return _kept(request, path, self._openapi[path], "application/json")

    async def _stream_document(self, request: Request) -> Response:
        return _kept(request, "/v1/asyncapi.json", self._asyncapi, "application/json")

    async def _asset(self, request: Request) -> Response:
        path = request.scope["path"]
        name = path.rpartition("/")[2]
        return _kept(request, path, self._assets[name], _ASSETS[name])

    async def _unsubscribe(self, request: Request) -> Response:
        path = request.scope["path"]
        return _kept(request, path, self._unsubscribe_page, "text/html; charset=utf-8")

    async def _problem(self, request: Request) -> Response:
        request.scope[ROUTE] = "/problems/{reason}"
        reason = request.path_params["reason"]
        if reason not in problems.STATUS:
            raise RouteNotFound
        return RedirectResponse(f"/docs/problems.html#{reason}", status_code=303)

    async def _jwks(self, request: Request) -> Response:
        request.scope[ROUTE] = "/.well-known/jwks.json"
        headers = {"cache-control": "public, max-age=60"}
        kind = "application/jwk-set+json"
        return Response(await self._keys.json(), media_type=kind, headers=headers)

    async def _live(self, request: Request) -> Response:
        request.scope[ROUTE] = "/livez"
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    async def _ready(self, request: Request) -> Response:
        request.scope[ROUTE] = "/readyz"
        if self._state.stopping:
            return PlainTextResponse("stopping\n", 503, headers=_NO_STORE)
        return PlainTextResponse("ok\n", headers=_NO_STORE)


async def redirect_to_docs(request: Request) -> Response:
    """What is at / where there is no web client."""
    request.scope[ROUTE] = "/"
    return RedirectResponse("/docs")


_NO_STORE = {"cache-control": "no-store"}


@cache
def _openapi(version: Version, public_url: str) -> bytes:
    # Writing it takes most of the time that it takes to build an application.
    return msgspec.json.encode(document(version, SECTIONS, public_url=public_url))


@cache
def _asyncapi(public_url: str) -> bytes:
    return msgspec.json.encode(asyncapi.document(public_url=public_url))


def _kept(request: Request, route: str, body: bytes, kind: str) -> Response:
    """A file that changes with the release only."""
    request.scope[ROUTE] = route
    tag = f'W/"{blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"cache-control": "public, max-age=300", "etag": tag}
    if kind.startswith("text/html"):
        headers["content-security-policy"] = _POLICY
    if matches_none(request.scope[HEADERS], tag.encode()):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "content-type": kind})

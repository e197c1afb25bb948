"""Serves the web client: its files, its page for every path that is not the API's, and a page that
says why there is no client."""

import re

from gateway.core.asgi import ROUTE, Receive, Scope, Send, send_answer
from gateway.core.errors import MethodNotAllowed, RouteNotFound
from gateway.web.builds import ASSETS, INDEX, Build, Builds, File
from gateway.web.file_answers import ASK_AGAIN, FOREVER, METHODS, send_file
from gateway.web.notices import send_no_build
from gateway.web.paths import is_api
from gateway.web.policy import Headers
from gateway.web.previews import Previews

_HTML = b"text/html; charset=utf-8"

# The title of the page, and what stands in place of its preview.
_HEAD = re.compile(rb"<!--preview-->.*?<!--/preview-->|<title>[^<]*</title>", re.DOTALL)

# Of a build that is not there it is known that it has this folder.
_NO_BUILD = Build({}, frozenset((ASSETS,)))
_DOCUMENTATION = (("/docs", "The API and its documentation"),)


class WebClient:
    """The ASGI application of all paths that are not the API's."""

    def __init__(
        self, builds: Builds, *, previews: Previews, headers: Headers, public_url: str
    ) -> None:
        self._builds = builds
        self._previews = previews
        self._headers = headers
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        path: str = scope["path"]
        if is_api(path):
            raise RouteNotFound
        if scope["method"] not in METHODS:
            raise MethodNotAllowed(scope["method"], METHODS)
        build = await self._builds.current()
        if build is None:
            await self._absent(scope, send)
            return
        file = build.files.get(path)
        if path == INDEX or (file is None and not build.is_missing(path)):
            await self._page(build, scope, send)
            return
        if file is None:
            raise RouteNotFound
        await self._file(file, scope, send)

    async def _file(self, file: File, scope: Scope, send: Send) -> None:
        is_asset = scope["path"].startswith(ASSETS)
        scope[ROUTE] = f"{ASSETS}{{name}}" if is_asset else "/{file}"
        await send_file(file, FOREVER if is_asset else ASK_AGAIN, self._headers, scope, send)

    async def _page(self, build: Build, scope: Scope, send: Send) -> None:
        scope[ROUTE] = "/{page}"
        index = build.files[INDEX]
        preview = await self._previews.of(scope["path"])
        if preview is None:
            await send_file(index, ASK_AGAIN, self._headers, scope, send)
            return
        body = _with_head(index.body, preview.head(self._public_url).encode())
        headers = [
            (b"content-type", _HTML),
            (b"content-length", b"%d" % len(body)),
            ASK_AGAIN,
            *self._headers,
        ]
        await send_answer(send, 200, headers, b"" if scope["method"] == "HEAD" else body)

    async def _absent(self, scope: Scope, send: Send) -> None:
        if _NO_BUILD.is_missing(scope["path"]):
            raise RouteNotFound
        scope[ROUTE] = "/{page}"
        await send_no_build(await self._builds.progress(), scope, send, links=_DOCUMENTATION)


def _with_head(index: bytes, head: bytes) -> bytes:
    """The page with another title and with preview tags; as it is where it has no title."""
    before, *rest = _HEAD.split(index)
    return before + head + b"".join(rest) if rest else index

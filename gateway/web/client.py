"""Serves the web client: its files, its page for every path that is not the API's, and a page that
says why there is no client."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files

from gateway.core.asgi import HEADERS, ROUTE, Receive, Scope, Send, matches_none, send_answer
from gateway.core.errors import MethodNotAllowed, RouteNotFound
from gateway.web.builds import ASSETS, ENCODINGS, INDEX, Build, Builds, File
from gateway.web.paths import is_api
from gateway.web.policy import Headers
from gateway.web.previews import Previews

_METHODS = ("GET", "HEAD")
# A name in /assets/ has a hash of what is in it.
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
# Kept, and asked for again each time: by its ETag that costs no bytes.
_ASK_AGAIN = (b"cache-control", b"no-cache")
_NO_STORE = (b"cache-control", b"no-store")
_HTML = b"text/html; charset=utf-8"
_REFUSED = re.compile(rb"q\s*=\s*0(?:\.0*)?")

# The title of the page, and what stands in place of its preview.
_HEAD = re.compile(rb"<!--preview-->.*?<!--/preview-->|<title>[^<]*</title>", re.DOTALL)

# What the page says while there is no build.
_WHY = {
    "building": (
        "The web client is being built",
        "This takes a minute or two. The page opens by itself when it is done.",
    ),
    "failed": ("The web client could not be built", "The API works without. {reason}"),
    "interrupted": ("The web client is not there yet", "Its build was interrupted."),
    "absent": ("The web client is not there yet", "It has not been built."),
}
_STYLE = (files("gateway.web") / "absent.css").read_text()
_ABSENT = (files("gateway.web") / "absent.html").read_text()
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_ABSENT_POLICY = (
    b"content-security-policy",
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'".encode(),
)
# Of a build that is not there it is known that it has this folder.
_NO_BUILD = Build({}, frozenset((ASSETS,)))
_BUILD_AGAIN = "<p><code>make web</code> builds it; the page opens by itself then.</p>"


class WebClient:
    """The ASGI application of all paths that are not the API's."""

    def __init__(
        self, builds: Builds, *, previews: Previews, headers: Headers, public_url: str
    ) -> None:
        self._builds = builds
        self._previews = previews
        self._headers = list(headers)
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        path: str = scope["path"]
        if is_api(path):
            raise RouteNotFound
        if scope["method"] not in _METHODS:
            raise MethodNotAllowed(scope["method"], _METHODS)
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
        await self._send(file, _FOREVER if is_asset else _ASK_AGAIN, scope, send)

    async def _page(self, build: Build, scope: Scope, send: Send) -> None:
        scope[ROUTE] = "/{page}"
        index = build.files[INDEX]
        preview = await self._previews.of(scope["path"])
        if preview is None:
            await self._send(index, _ASK_AGAIN, scope, send)
            return
        body = _with_head(index.body, preview.head(self._public_url).encode())
        headers = [
            (b"content-type", _HTML),
            (b"content-length", b"%d" % len(body)),
            _ASK_AGAIN,
            *self._headers,
        ]
        await send_answer(send, 200, headers, b"" if scope["method"] == "HEAD" else body)

    async def _send(self, file: File, kept: tuple[bytes, bytes], scope: Scope, send: Send) -> None:
        headers = [
            (b"etag", file.tag.encode()),
            (b"vary", b"accept-encoding"),
            kept,
            *self._headers,
        ]
        if matches_none(scope[HEADERS], file.tag.encode()):
            await send_answer(send, 304, headers, b"")
            return
        body = file.body
        encoding = _encoding(file, scope[HEADERS].get(b"accept-encoding", b""))
        if encoding:
            body = file.encoded[encoding]
            headers.append((b"content-encoding", encoding.encode()))
        headers += [
            (b"content-type", file.kind.encode()),
            (b"content-length", b"%d" % len(body)),
        ]
        await send_answer(send, 200, headers, b"" if scope["method"] == "HEAD" else body)

    async def _absent(self, scope: Scope, send: Send) -> None:
        if _NO_BUILD.is_missing(scope["path"]):
            raise RouteNotFound
        scope[ROUTE] = "/{page}"
        progress = await self._builds.progress()
        title, text = _WHY[progress.state]
        body = _ABSENT.format(
            style=_STYLE,
            title=title,
            text=escape(text.format(reason=progress.reason)),
            how="" if progress.state == "building" else _BUILD_AGAIN,
        ).encode()
        headers = [
            (b"content-type", _HTML),
            (b"content-length", b"%d" % len(body)),
            _NO_STORE,
            _ABSENT_POLICY,
        ]
        await send_answer(send, 200, headers, b"" if scope["method"] == "HEAD" else body)


def _with_head(index: bytes, head: bytes) -> bytes:
    """The page with another title and with preview tags; as it is where it has no title."""
    before, *rest = _HEAD.split(index)
    return before + head + b"".join(rest) if rest else index


def _encoding(file: File, accepted: bytes) -> str:
    """The best encoding of the file that the client takes (RFC 9110, 12.5.3); empty for none."""
    weights = [each.partition(b";") for each in accepted.lower().split(b",")]
    taken = {
        name.strip().decode("latin-1")
        for name, _, weight in weights
        if not _REFUSED.fullmatch(weight.strip())
    }
    return next((each for each in ENCODINGS if each in taken and each in file.encoded), "")

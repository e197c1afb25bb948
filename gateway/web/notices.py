"""Pages that need no build: they say why a page is not there, and where the documents are."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files

from gateway.core.asgi import NO_STORE, Scope, Send, send_answer
from gateway.web.builds import Progress

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
_BUILD_AGAIN = "<p><code>make web</code> builds it; the page opens by itself then.</p>"
_REFRESH = '<meta http-equiv="refresh" content="3">'

_STYLE = (files("gateway.web") / "notice.css").read_text()
_PAGE = (files("gateway.web") / "notice.html").read_text()
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    b"content-security-policy",
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'".encode(),
)

# A link by its address and its words.
Link = tuple[str, str]


async def send_no_build(
    progress: Progress, scope: Scope, send: Send, *, links: Sequence[Link]
) -> None:
    """Says why there is no build. The page opens again by itself."""
    title, text = _WHY[progress.state]
    how = "" if progress.state == "building" else _BUILD_AGAIN
    text = text.format(reason=progress.reason)
    await _send(200, title, text, scope, send, before=how, links=links, refresh=_REFRESH)


async def send_notice(
    status: int, title: str, text: str, scope: Scope, send: Send, *, links: Sequence[Link]
) -> None:
    """Says what there is in place of a page."""
    await _send(status, title, text, scope, send, links=links)


async def _send(
    status: int,
    title: str,
    text: str,
    scope: Scope,
    send: Send,
    *,
    links: Sequence[Link],
    before: str = "",
    refresh: str = "",
) -> None:
    listed = "".join(f'<p><a href="{href}">{escape(words)}</a></p>' for href, words in links)
    body = _PAGE.format(
        style=_STYLE,
        title=escape(title),
        text=escape(text),
        links=before + listed,
        refresh=refresh,
    ).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        NO_STORE,
        _POLICY,
    ]
    await send_answer(send, status, headers, b"" if scope["method"] == "HEAD" else body)

"""Sends files from memory: by their ETag, and compressed as the client takes it."""

import re

from gateway.core.asgi import HEADERS, Scope, Send, matches_none, send_answer
from gateway.web.builds import ENCODINGS, File
from gateway.web.policy import Headers

METHODS = ("GET", "HEAD")
# A name in /assets/ has a hash of what is in it.
FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
# Kept, and asked for again each time: by its ETag that costs no bytes.
ASK_AGAIN = (b"cache-control", b"no-cache")

_REFUSED = re.compile(rb"q\s*=\s*0(?:\.0*)?")


async def send_file(
    file: File, kept: tuple[bytes, bytes], headers: Headers, scope: Scope, send: Send
) -> None:
    """Answers GET or HEAD with the file, or 304."""
    tag = file.tag.encode()
    sent = [(b"etag", tag), (b"vary", b"accept-encoding"), kept, *headers]
    if matches_none(scope[HEADERS], tag):
        await send_answer(send, 304, sent, b"")
        return
    body = file.body
    encoding = _encoding(file, scope[HEADERS].get(b"accept-encoding", b""))
    if encoding:
        body = file.encoded[encoding]
        sent.append((b"content-encoding", encoding.encode()))
    sent += [
        (b"content-type", file.kind.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    await send_answer(send, 200, sent, b"" if scope["method"] == "HEAD" else body)


def _encoding(file: File, accepted: bytes) -> str:
    """The best encoding of the file that the client takes (RFC 9110, 12.5.3); empty for none."""
    weights = [each.partition(b";") for each in accepted.lower().split(b",")]
    taken = {
        name.strip().decode("latin-1")
        for name, _, weight in weights
        if not _REFUSED.fullmatch(weight.strip())
    }
    return next((each for each in ENCODINGS if each in taken and each in file.encoded), "")

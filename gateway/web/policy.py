"""What browsers may load and run on the pages of the web client, in its service worker, and on the
developers' pages."""

from collections.abc import Mapping
from urllib.parse import urlsplit

# The policies of Trusted Types that the client may create: of the service worker's address.
TRUSTED_TYPES = ("roost-worker",)
# Those of the developers' pages: HTML of their libraries passes a sanitizer (`default`), which has
# policies of its own for its parser.
DEVELOPER_TRUSTED_TYPES = ("default", "dompurify", "roost-html")
# Features of browsers that the client uses, on its own pages; all others are off.
_USED = (
    "autoplay",
    "clipboard-write",
    "encrypted-media",
    "fullscreen",
    "picture-in-picture",
)
_UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
    "xr-spatial-tracking",
)

Headers = tuple[tuple[bytes, bytes], ...]


def headers(*, public_url: str, media_url: str, uploads_url: str) -> Headers:
    """The headers of every file and page of the client, which take the place of the API's.

    Files come from here, and media from their origin; what users write is never run, because
    `script-src` has no inline scripts and Trusted Types close the ways from a text to a script.
    """
    media, uploads = _origin(media_url), _origin(uploads_url)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "img-src": f"'self' data: blob: {media}",
        "media-src": f"'self' blob: {media}",
        "connect-src": f"'self' {_sockets(public_url)} {media} {uploads}",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": " ".join(TRUSTED_TYPES),
    }
    features = [*(f"{each}=(self)" for each in _USED), *(f"{each}=()" for each in _UNUSED)]
    return (
        (b"content-security-policy", _text(policy)),
        (b"permissions-policy", ", ".join(features).encode()),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    )


def developer_headers(*, public_url: str) -> Headers:
    """The headers of the developers' pages: their libraries are files from here, too. The pages use
    no fonts, no workers and nothing of other origins."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self' {_sockets(public_url)}",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": " ".join(DEVELOPER_TRUSTED_TYPES),
    }
    features = [f"{each}=()" for each in (*_USED, *_UNUSED) if each != "clipboard-write"]
    return (
        (b"content-security-policy", _text(policy)),
        (b"permissions-policy", ", ".join([*features, "clipboard-write=(self)"]).encode()),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    )


def _text(policy: Mapping[str, str]) -> bytes:
    return "; ".join(f"{name} {' '.join(each.split())}" for name, each in policy.items()).encode()


def _sockets(public_url: str) -> str:
    """The origin of WebSockets: browsers that are older than CSP 3 do not take 'self' for them."""
    return _origin(public_url).replace("http", "ws", 1)


def _origin(url: str) -> str:
    """The origin of an address; empty for none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if url else ""

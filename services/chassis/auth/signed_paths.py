"""Addresses of files on an origin: open folders have fixed ones, closed folders signed ones.

A file of an open folder `m/KEY` is at `BASE/m/KEY/FILE`. A file of a closed folder `p/KEY` is at
`BASE/s/TOKEN/p/KEY/FILE`. The token (JWT, HS256) is valid for one folder and for a limited time.
The origin checks it; envoy/README.md describes the rules.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import orjson
from cachebox import LRUCache

from services.chassis.runtime.clock import Clock

ISSUER = "roost"
AUDIENCE = "paths"
# All tokens of a quarter of an hour expire together, so that a folder has the same addresses for
# that time and browsers find its files in their cache.
STEP = timedelta(minutes=15)
# A token is valid for at least STEP and at most this time.
LONGEST_LIFE = 2 * STEP
# About 500 bytes each. Signing costs some 10 µs, finding a token 1.
CACHE_SIZE = 10_000

_OPEN = re.compile(r"m/[A-Za-z0-9_-]+", re.ASCII)
_CLOSED = re.compile(r"p/[A-Za-z0-9_-]+", re.ASCII)
_STEP_SECONDS = int(STEP.total_seconds())


class SignedPaths:
    """Makes the addresses of files. `base_url` has no path; `key` are 32 bytes, known to the
    origin too.

    A folder is `m/KEY` or `p/KEY`, without a slash at the end. Another form is a ValueError.
    """

    def __init__(self, base_url: str, *, key: bytes, clock: Clock) -> None:
        if len(key) < hashlib.sha256().digest_size:
            raise ValueError("a key of HS256 has 32 bytes at least")
        self._base = base_url.removesuffix("/")
        self._key = key
        self._clock = clock
        # By closed folder: when the token expires, and the address without the file.
        self._signed: LRUCache[str, tuple[int, str]] = LRUCache(CACHE_SIZE)

    def address(self, folder: str, file: str) -> str:
        """The address of a file; the same until `expire_time` would change."""
        if folder.startswith("m/"):
            return f"{self._base}/{_checked(folder, _OPEN)}/{file}"
        expires = self._expires()
        known = self._signed.get(folder)
        if known is None or known[0] != expires:
            token = self._token(f"/{_checked(folder, _CLOSED)}/", expires)
            known = expires, f"{self._base}/s/{token}/{folder}/"
            self._signed[folder] = known
        return known[1] + file

    def expire_time(self, folder: str) -> datetime | None:
        """When an address that is made now stops working; None for an open folder."""
        if folder.startswith("m/"):
            return None
        return datetime.fromtimestamp(self._expires(), UTC)

    def _expires(self) -> int:
        steps = int(self._clock.now().timestamp()) // _STEP_SECONDS
        return (steps + 2) * _STEP_SECONDS

    def _token(self, path: str, expires: int) -> str:
        claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": expires, "path": path}
        signed = f"{_HEADER}.{_base64url(orjson.dumps(claims))}"
        signature = hmac.digest(self._key, signed.encode(), "sha256")
        return f"{signed}.{_base64url(signature)}"


def _checked(folder: str, form: re.Pattern[str]) -> str:
    # A token of an empty key would be valid for all folders.
    if form.fullmatch(folder) is None:
        raise ValueError("a folder is m/KEY or p/KEY")
    return folder


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


_HEADER = _base64url(orjson.dumps({"alg": "HS256", "typ": "JWT"}))

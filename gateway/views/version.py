"""A version of the API: its presenter, its shapes, and how long it is served."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from gateway.views.presentation import Presenter

Headers = tuple[tuple[bytes, bytes], ...]


class Retirement:
    """The end of a version, and the headers that announce it with every response."""

    def __init__(self, *, deprecated: datetime, sunset: datetime, successor: str) -> None:
        """From `deprecated` on nobody should build upon the version; until `sunset` it is answered;
        `successor` is the prefix of the version to use in its place."""
        self.deprecated = deprecated
        self.sunset = sunset
        # RFC 9745 and RFC 8594.
        self.headers: Headers = (
            (b"deprecation", b"@%d" % deprecated.timestamp()),
            (b"sunset", format_datetime(sunset, usegmt=True).encode()),
        )
        self.successor = successor

    def link(self, path: str) -> tuple[bytes, bytes]:
        """Where the next version has what is at this path, given without its prefix (RFC 5829)."""
        return (b"link", f'<{self.successor}{path}>; rel="successor-version"'.encode())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Version:
    """One version: the same routes and functions as any other, under its own prefix, with answers
    in its own shapes."""

    number: int
    presenter: type[Presenter] = Presenter
    # Which shapes it answers in place of those that the routes declare.
    shapes: Mapping[type[Any], type[Any]] = field(default_factory=dict)
    retirement: Retirement | None = None

    @property
    def prefix(self) -> str:
        """What its paths begin with."""
        return f"/v{self.number}"

"""The versions of the API, and how long each is served (docs/versioning.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from gateway.rest.resources.table import SECTIONS
from gateway.rest.routes import Route
from gateway.rest.v1 import present as v1
from gateway.rest.v2 import present as v2
from gateway.rest.v2 import types as v2_types

Headers = tuple[tuple[bytes, bytes], ...]


class Retirement:
    """That a version is on its way out, and what its clients are told with every answer."""

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
    showing: type[v1.Showing]
    # Which types it answers in place of those that the routes declare.
    shapes: Mapping[type[Any], type[Any]] = field(default_factory=dict)
    retirement: Retirement | None = None

    @property
    def prefix(self) -> str:
        """What its paths begin with."""
        return f"/v{self.number}"

    @property
    def routes(self) -> tuple[Route, ...]:
        """All its routes, with whole paths, and with what it answers."""
        return tuple(
            replace(
                route,
                path=self.prefix + route.path,
                answer=self.shapes.get(route.answer, route.answer),
            )
            for section in SECTIONS
            for route in section.routes
        )


# A promise to those who build upon it, so no operator's choice: docs/versioning.md says why then.
V1 = Version(
    number=1,
    showing=v1.Showing,
    retirement=Retirement(
        deprecated=datetime(2026, 11, 29, tzinfo=UTC),
        sunset=datetime(2027, 12, 1, tzinfo=UTC),
        successor="/v2",
    ),
)
V2 = Version(number=2, showing=v2.Showing, shapes=v2_types.SHAPES)

VERSIONS = (V1, V2)
NEWEST = V2

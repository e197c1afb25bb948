"""The page walk includes every list route of REST."""

from __future__ import annotations

from msgspec.structs import fields

from gateway.api.routes import SECTIONS
from gateway.api.versions import VERSIONS
from gateway.protocols.rest.routes import routes_of
from tests.platform.page_walk import POST_LISTS, PUBLIC_LISTS, USER_LISTS, VIEWER_LISTS


def test_every_list_route_has_a_list_in_the_walk() -> None:
    lists = {
        route.path.removeprefix(version.prefix)
        for version in VERSIONS
        for route in routes_of(version, SECTIONS)
        if {"limit", "cursor"} <= {each.name for each in fields(route.query)}
    }

    assert set(PUBLIC_LISTS | VIEWER_LISTS | USER_LISTS | POST_LISTS) == lists

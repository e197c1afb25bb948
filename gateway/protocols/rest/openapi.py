"""Writes a version's OpenAPI 3.1 document: from its routes and the types that parse and print."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.core import problems
from gateway.core.asgi import KEY_PATTERN, TAG_PATTERN
from gateway.core.field_rules import documented
from gateway.core.ids import ID_PATTERN
from gateway.core.problems import STATUS, Problem, title_of
from gateway.core.refresh_cookies import CSRF_HEADER, CSRF_VALUE
from gateway.protocols.rest.context import NoContent
from gateway.protocols.rest.forms import form_schema
from gateway.protocols.rest.routes import (
    ANYONE,
    MAX_PATH_TEXT,
    Route,
    Routes,
    is_id,
    routes_of,
    takes_body,
)
from gateway.views.version import Retirement, Version

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"

_ABOUT = """\
Roost is a microblogging platform. Ids are decimal strings; times are RFC 3339 in UTC; lists are \
walked by `next_cursor`, or by the `Link` header.

**Signing in.** `POST {prefix}/users` or `POST {prefix}/sessions` gives an access token, good for \
15 minutes (`Authorization: Bearer …`), and a refresh token for the next pair. Pages of this \
origin keep the latter in a cookie: `POST {prefix}/cookie-sessions`.

**Repeating a request.** Send an `Idempotency-Key` with what changes something; repeated within \
24 hours it gives the same answer and changes nothing again.

**Refusals** are problems (RFC 9457): distinguish them by `reason`.

**Limits.** `RateLimit` and `RateLimit-Policy` say what is left of the bucket that the request was \
taken from; 429 comes with `Retry-After`.\
"""
_RETIRING = """

**Deprecated.** This version is answered until {sunset}; `Deprecation`, `Sunset` and `Link` \
say so with every answer. Use {successor}.\
"""

# Reasons that any request may be refused for.
_ANYWHERE = (
    "PARAMETER_INVALID",
    "NOT_ACCEPTABLE",
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "REQUEST_TOO_SLOW",
    "RATE_LIMITED",
    "HEADERS_TOO_LARGE",
    "INTERNAL",
    "OVERLOADED",
    "DEPENDENCY_UNAVAILABLE",
    "DEADLINE_EXCEEDED",
)
_WITH_BODY = (
    "BODY_MALFORMED",
    "BODY_TOO_LARGE",
    "CONTENT_TYPE_NOT_SUPPORTED",
    "VALIDATION_FAILED",
)
_WITH_KEY = ("IDEMPOTENCY_KEY_IN_FLIGHT", "IDEMPOTENCY_KEY_REUSED")

_HEADERS: Json = {
    "ETag": {
        "description": "Names this state of the resource, for If-None-Match and If-Match.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": 'The next page, as `<…>; rel="next"`, if there is one; and where a newer '
        'version has the same, if there is one, as `<…>; rel="successor-version"`.',
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where the new resource is.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Deprecation": {
        "description": "Since when the version is deprecated (RFC 9745).",
        "schema": {"type": "string", "pattern": "^@[0-9]+$"},
    },
    "Sunset": {
        "description": "Until when the version is answered (RFC 8594).",
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "Seconds after which it is worth trying again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit": {
        "description": 'What is left of a bucket: `"reads";r=599`.',
        "schema": {"type": "string"},
    },
    "RateLimitPolicy": {
        "description": 'What a bucket holds in how many seconds: `"reads";q=600;w=60`.',
        "schema": {"type": "string"},
    },
    "SetCookie": {
        "description": "The refresh token, where no script reads it: `HttpOnly`, "
        "`SameSite=Strict`, for these routes only.",
        "schema": {"type": "string"},
    },
    "Traceresponse": {
        "description": "Finds the request in the server's traces and logs (W3C Trace Context).",
        "schema": {"type": "string"},
    },
}

_PARAMETERS: Json = {
    "CSRF": {
        "name": CSRF_HEADER,
        "in": "header",
        "required": True,
        "description": "Shows that a script of a page of this origin sends the request: `Origin` "
        "or `Sec-Fetch-Site` has to say the same, which browsers set.",
        "schema": {"type": "string", "const": CSRF_VALUE},
        "example": CSRF_VALUE,
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes repeating this request safe. Any unique text, such as a UUID.",
        "schema": {"type": "string", "pattern": KEY_PATTERN},
        "example": "8a1f6d1e-4a0c-4b7e-9a53-0d6a4d9f2b11",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that the change is based on; else 412 if it changed since.",
        "schema": {"type": "string", "pattern": TAG_PATTERN},
        "example": 'W/"2.9f86d081884c7d65"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "ETags that the client holds; 304 if one of them is still good.",
        "schema": {"type": "string"},
    },
}


def document(version: Version, sections: Sequence[Routes], *, public_url: str = "") -> Json:
    """The whole document. It lists every route of the version, and nothing that is not there."""
    routes = routes_of(version, sections)
    retirement = version.retirement
    about = _ABOUT.format(prefix=version.prefix)
    if retirement is not None:
        about += _RETIRING.format(
            sunset=f"{retirement.sunset:%-d %B %Y}", successor=retirement.successor
        )
    paths: Json = {}
    for route in routes:
        operation = _operation(route, retirement)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Roost",
            "version": f"{version.number}.0.0",
            "summary": "A microblogging platform.",
            "description": about,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "tags": [{"name": each.tag, "description": each.about} for each in sections],
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` of a session.",
                }
            },
        },
        "x-problems": {
            reason: {"status": status, "title": title_of(reason)}
            for reason, status in STATUS.items()
        },
    }


def reasons_of(route: Route) -> list[str]:
    """Everything that a route may be refused for."""
    found = [*route.reasons, *_ANYWHERE]
    if "{" in route.path:  # what is in its place may be no parameter at all
        found.append("ROUTE_NOT_FOUND")
    if route.access is not ANYONE:
        found.append("TOKEN_MISSING")
    if takes_body(route):
        found += _WITH_BODY
    if route.keyed:
        found += _WITH_KEY
    if route.cookie:
        found.append("CROSS_SITE_REQUEST")
    if "cursor" in route.query.__struct_fields__:
        found.append("PAGE_TOKEN_INVALID")
    return list(dict.fromkeys(found))


def _operation(route: Route, retirement: Retirement | None) -> Json:
    operation: Json = {
        "operationId": _camel(route.name),
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, ["Deprecation", "Sunset", "Link"] if retirement else []),
        "security": [{}, {"bearer": []}] if route.access is ANYONE else [{"bearer": []}],
    }
    if retirement is not None:
        operation["deprecated"] = True
    if route.description:
        operation["description"] = route.description
    if takes_body(route):
        operation["requestBody"] = {"required": True, "content": _body(route)}
    return operation


def _body(route: Route) -> Json:
    if not route.form_file_bytes:
        return {"application/json": {"schema": _ref(route.body)}}
    fields = documented(msgspec.json.schema(route.body))
    return {"multipart/form-data": {"schema": form_schema(route.body, fields)}}


def _parameters(route: Route) -> list[Json]:
    found: list[Json] = []
    if route.parameter is not None:
        found.append(_path_parameter(route.parameter))
    schema = documented(msgspec.json.schema(route.query))
    fields = schema["$defs"][route.query.__name__]
    for name, field in fields.get("properties", {}).items():
        shape = {key: value for key, value in field.items() if key != "description"}
        found.append(
            {
                "name": name,
                "in": "query",
                "required": name in fields.get("required", []),
                "description": field.get("description", ""),
                "schema": shape,
            }
        )
    if not route.safe:
        found.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if route.cookie:
        found.append({"$ref": "#/components/parameters/CSRF"})
    if route.etag and route.safe:
        found.append({"$ref": "#/components/parameters/IfNoneMatch"})
    elif route.etag and route.method == "PATCH":
        found.append({"$ref": "#/components/parameters/IfMatch"})
    return found


def _path_parameter(name: str) -> Json:
    shown: Json = {"name": name, "in": "path", "required": True}
    if is_id(name):
        return shown | {
            "description": "A decimal id.",
            "schema": {"type": "string", "pattern": ID_PATTERN},
            "example": "187649984473770",
        }
    return shown | {
        "description": "A text, percent-encoded as UTF-8.",
        "schema": {"type": "string", "pattern": f"^[^/]{{1,{MAX_PATH_TEXT}}}$"},
    }


def _responses(route: Route, always: list[str]) -> Json:
    always = ["Traceresponse", *always]
    names = ["RateLimit", "RateLimitPolicy", *always]
    if route.etag:
        names.append("ETag")
    if route.status == 201:
        names.append("Location")
    if route.cookie:
        names.append("SetCookie")
    if "cursor" in route.query.__struct_fields__:
        names.append("Link")
    success: Json = {
        "description": _about(route.answer),
        "headers": _headers(names),
    }
    if route.answer is not NoContent:
        success["content"] = {"application/json": {"schema": _ref(route.answer)}}
    found: Json = {str(route.status): success}
    if route.etag and route.safe:
        found["304"] = {
            "description": "The client's copy is still good.",
            "headers": _headers(["ETag", *always]),
        }
    by_status: dict[int, list[str]] = {}
    for reason in reasons_of(route):
        by_status.setdefault(STATUS[reason], []).append(reason)
    for status in sorted(by_status):
        found[str(status)] = _refusal(status, by_status[status], always)
    return found


def _refusal(status: int, reasons: Iterable[str], always: list[str]) -> Json:
    listed = list(reasons)
    headers = ["RetryAfter", *always] if status in {429, 503} else always
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{each}`' for each in listed)}.",
        "headers": _headers(headers),
        "content": {problems.CONTENT_TYPE.decode(): {"schema": _ref(Problem)}},
        "x-reasons": listed,
    }


def _headers(names: Iterable[str]) -> Json:
    return {
        _HEADER_NAMES.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names
    }


_HEADER_NAMES = {
    "RetryAfter": "Retry-After",
    "RateLimitPolicy": "RateLimit-Policy",
    "SetCookie": "Set-Cookie",
}


def _schemas(routes: Iterable[Route]) -> Json:
    kinds: dict[type[Any], None] = {Problem: None}
    for route in routes:
        if takes_body(route) and not route.form_file_bytes:
            kinds[route.body] = None
        if route.answer is not NoContent:
            kinds[route.answer] = None
    _, components = msgspec.json.schema_components(list(kinds), ref_template=_REF)
    return dict(sorted(documented(components).items()))


def _ref(kind: type[Any]) -> Json:
    return {"$ref": _REF.format(name=kind.__name__)}


def _about(kind: type[Any]) -> str:
    return (kind.__doc__ or kind.__name__).strip().partition("\n")[0]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)

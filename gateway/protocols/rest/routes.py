"""The route table: each route is declared once, by its function.

    posts = Routes("Posts", "Writing, reading, editing and deleting posts.")

    @posts.get("/posts/{post_id}", access=ANYONE, reasons=("POST_NOT_FOUND",))
    async def get_post(context: RequestContext[NoQuery, NoBody]) -> Response[Post]:
        '''Read a post.'''

The signature declares the query parameters, the body and the response, and the docstring what the
route promises. Requests are validated by it, and the OpenAPI document is written from it.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from gateway.core.pipeline import Page
from gateway.protocols.rest.context import (
    NoBody,
    NoContent,
    PageKind,
    PageQuery,
    RequestContext,
    Response,
    place,
)
from gateway.protocols.rest.forms import Form
from gateway.views.version import Version
from services.chassis.auth.caller import Policy

Handler = Callable[[RequestContext[Any, Any]], Awaitable[Response[Any]]]
E = TypeVar("E")
H = TypeVar("H", bound=Callable[..., Awaitable[Response[Any]]])

ANYONE = Policy.ANYONE
USER = Policy.USER

# Seconds that a request may take; the edge waits one more, so the gateway answers first.
READ_SECONDS = 4.0
WRITE_SECONDS = 9.0

# Code points of a text in a path.
MAX_PATH_TEXT = 500

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path, with everything that it declares."""

    method: str
    path: str
    tag: str
    name: str
    summary: str
    description: str
    handler: Handler
    access: Policy
    query: type[Any]
    body: type[Any]
    answer: type[Any]
    status: int
    # What may go wrong beyond what may go wrong anywhere: names of ErrorReason.
    reasons: tuple[str, ...]
    # Responses have an ETag; If-None-Match (GET) or If-Match (PATCH) is evaluated.
    etag: bool
    # The Idempotency-Key reaches the service, and a repetition gives the same answer.
    keyed: bool
    seconds: float
    # Whether the route only reads.
    safe: bool
    # The size of the largest file, where the body is a form with one; `body` has its text fields.
    form_file_bytes: int
    # How many of a user's requests run at once in a process; 0 for any number.
    at_once: int
    # Whether it reads or sets the cookie of a browser's session: pages of our own origin only.
    cookie: bool
    # Whether responses are kept, and sent again while nothing in them has changed. The function
    # then makes them of `context.parts`.
    kept: bool

    @property
    def parameter(self) -> str | None:
        """The name of the id or the text in the path."""
        found = _PARAMETER.search(self.path)
        return found.group(1) if found else None


class Routes:
    """The routes of one kind of resource, in the order of their declaration."""

    def __init__(self, tag: str, about: str) -> None:
        self.tag = tag
        self.about = about
        self.routes: list[Route] = []

    def get(
        self,
        path: str,
        *,
        access: Policy = USER,
        reasons: tuple[str, ...] = (),
        etag: bool = False,
        seconds: float = READ_SECONDS,
        at_once: int = 0,
        kept: bool = False,
    ) -> Callable[[H], H]:
        """Declares a route that reads."""
        return self._declare(
            "GET",
            path,
            access=access,
            reasons=reasons,
            etag=etag,
            keyed=False,
            status=200,
            seconds=seconds,
            at_once=at_once,
            kept=kept,
        )

    def change(
        self,
        method: str,
        path: str,
        *,
        access: Policy = USER,
        reasons: tuple[str, ...] = (),
        status: int | None = None,
        etag: bool = False,
        keyed: bool = True,
        seconds: float = WRITE_SECONDS,
        form_file_bytes: int = 0,
        at_once: int = 0,
        cookie: bool = False,
    ) -> Callable[[H], H]:
        """Declares a route that changes something. One that takes a form (`Form[…]`) says how large
        its file may be."""
        return self._declare(
            method,
            path,
            access=access,
            reasons=reasons,
            etag=etag,
            keyed=keyed,
            status=status,
            seconds=seconds,
            form_file_bytes=form_file_bytes,
            at_once=at_once,
            cookie=cookie,
        )

    def list(
        self,
        path: str,
        *,
        name: str,
        about: str,
        read: Callable[..., Awaitable[Page[E]]],
        kind: PageKind[E],
        by: str = "",
        access: Policy = USER,
        reasons: tuple[str, ...] = (),
    ) -> None:
        """Declares a route that reads a list page by page.

        `read` is the query, and `by` the name of its argument that takes the id or the text in the
        path.
        """

        async def handler(context: RequestContext[PageQuery, NoBody]) -> Any:
            of = {by: context.path_id or context.path_text} if by else {}
            return kind.response(context, await read(context.backends, **of, **place(context)))

        handler.__name__ = name
        handler.__doc__ = about
        handler.__annotations__["return"] = Response[kind.shape]  # type: ignore[name-defined]
        self.get(path, access=access, reasons=reasons)(handler)

    def _declare(
        self,
        method: str,
        path: str,
        *,
        access: Policy,
        reasons: tuple[str, ...],
        etag: bool,
        keyed: bool,
        status: int | None,
        seconds: float,
        form_file_bytes: int = 0,
        at_once: int = 0,
        cookie: bool = False,
        kept: bool = False,
    ) -> Callable[[H], H]:
        def declare(handler: H) -> H:
            query, body, answer = _types(handler)
            text = inspect.getdoc(handler)
            if not text:
                raise TypeError(f"{handler.__name__} promises nothing: write its docstring")
            summary, _, description = text.partition("\n")
            self.routes.append(
                Route(
                    method=method,
                    path=path,
                    tag=self.tag,
                    name=handler.__name__,
                    summary=summary.rstrip("."),
                    description=" ".join(description.split()),
                    handler=handler,
                    access=access,
                    query=query,
                    body=body,
                    answer=answer,
                    status=status or (204 if answer is NoContent else 200),
                    reasons=reasons,
                    etag=etag,
                    keyed=keyed,
                    seconds=seconds,
                    safe=method == "GET",
                    form_file_bytes=form_file_bytes,
                    at_once=at_once,
                    cookie=cookie,
                    kept=kept,
                )
            )
            return handler

        return declare


def _types(handler: Callable[..., Any]) -> tuple[type[Any], type[Any], type[Any]]:
    """Q, B and T of `async def handler(context: RequestContext[Q, B]) -> Response[T]`; of a form
    `Form[B]` the type of its text fields."""
    hints = get_type_hints(handler, include_extras=True)
    query, body = get_args(hints["context"])
    if get_origin(body) is Form:
        (body,) = get_args(body)
    (answer,) = get_args(hints["return"])
    return query, body, answer


def routes_of(version: Version, sections: Iterable[Routes]) -> tuple[Route, ...]:
    """All routes of a version, with whole paths and with the shapes that it answers."""
    return tuple(
        replace(
            route,
            path=version.prefix + route.path,
            answer=version.shapes.get(route.answer, route.answer),
        )
        for section in sections
        for route in section.routes
    )


def is_id(parameter: str) -> bool:
    """Whether a parameter of a path is an id; others are texts."""
    return parameter.endswith("_id")


def takes_body(route: Route) -> bool:
    """Whether the route reads a body."""
    return route.body is not NoBody

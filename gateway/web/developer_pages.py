"""Serves the developers' pages of the build: the REST reference, GraphiQL and the problems."""

from gateway.core.asgi import ROUTE, Receive, Scope, Send
from gateway.core.errors import MethodNotAllowed, RouteNotFound
from gateway.web import notices
from gateway.web.builds import Builds, text_file
from gateway.web.file_answers import ASK_AGAIN, METHODS, send_file
from gateway.web.policy import Headers

GRAPHIQL = "/docs/graphql.html"
SCHEMA = "/docs/schema.graphql"
# The files of the build, by the paths at which they are served.
PAGES = {
    "/docs": "/docs/index.html",
    GRAPHIQL: "/docs/graphql.html",
    "/docs/problems.html": "/docs/problems.html",
}

# What can be read without the build.
_DOCUMENTS = (
    ("/v2/openapi.json", "OpenAPI document of version 2"),
    ("/v1/openapi.json", "OpenAPI document of version 1"),
    ("/v1/asyncapi.json", "AsyncAPI document of the stream"),
)


class DeveloperPages:
    """The ASGI application of the pages and of the schema's text."""

    paths = (*PAGES, SCHEMA)

    def __init__(self, builds: Builds | None, *, headers: Headers, schema: str | None) -> None:
        """Without builds there is no web client. Without the schema's text there is no GraphiQL,
        because operators do not show it."""
        self._builds = builds
        self._headers = headers
        self._schema = text_file(schema) if schema else None
        self._links = (
            *_DOCUMENTS,
            *([(SCHEMA, "GraphQL schema")] if self._schema else []),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        path = scope[ROUTE] = scope["path"]
        if scope["method"] not in METHODS:
            raise MethodNotAllowed(scope["method"], METHODS)
        if path == SCHEMA:
            if not self._schema:
                raise RouteNotFound
            await send_file(self._schema, ASK_AGAIN, (), scope, send)
        elif path == GRAPHIQL and not self._schema:
            text = "Introspection is off here (ROOST_GRAPHQL_INTROSPECTION)."
            await notices.send_notice(
                404, "There is no GraphiQL here", text, scope, send, links=self._links
            )
        else:
            await self._page(PAGES[path], scope, send)

    async def _page(self, name: str, scope: Scope, send: Send) -> None:
        if self._builds is None:
            text = "This gateway serves the API alone. The documents are:"
            await notices.send_notice(
                200, "There is no web client here", text, scope, send, links=self._links
            )
            return
        build = await self._builds.current()
        page = build and build.files.get(name)
        if page:
            await send_file(page, ASK_AGAIN, self._headers, scope, send)
        else:
            progress = await self._builds.progress()
            await notices.send_no_build(progress, scope, send, links=self._links)

"""The application: which paths there are, inside the middleware."""

from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from gateway.api.routes import SECTIONS
from gateway.api.versions import VERSIONS
from gateway.core.auth import Authenticator
from gateway.core.clients import Backends
from gateway.core.concurrency import Concurrency
from gateway.core.kept.pages import KeptPages
from gateway.core.middleware import RequestMiddleware
from gateway.core.object_store import ObjectStore
from gateway.core.refresh_cookies import RefreshCookies
from gateway.core.refresh_tokens import Refreshing
from gateway.core.state import State
from gateway.protocols.graphql.endpoint import PATH as GRAPHQL
from gateway.protocols.graphql.endpoint import GraphQL
from gateway.protocols.graphql.subscriptions.handshake import Subscriptions
from gateway.protocols.rest.endpoint import Rest
from gateway.protocols.rest.forms import FormMemory
from gateway.protocols.rest.routes import routes_of
from gateway.protocols.stream.close_codes import PATH as STREAM
from gateway.protocols.stream.endpoint import Stream
from gateway.site import Site, redirect_to_docs
from gateway.web.client import WebClient
from gateway.web.developer_pages import DeveloperPages
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.auth.tokens import JwksSource

# Files of forms that a process holds at once: six of the largest, and many of a phone's.
_FORM_BYTES = 64 * 1024 * 1024


class Gateway(Starlette):
    """The ASGI application of one process."""

    def __init__(
        self,
        *,
        backends: Backends,
        keys: JwksSource,
        authenticator: Authenticator,
        graphql: GraphQL,
        refreshing: Refreshing,
        subscriptions: Subscriptions,
        stream: Stream,
        state: State,
        media_paths: SignedPaths,
        store: ObjectStore,
        developer_pages: DeveloperPages,
        public_url: str = "",
        kept: KeptPages[Any] | None = None,
        web: WebClient | None = None,
    ) -> None:
        self._process = state
        self._media_paths = media_paths
        self.stream = stream
        self._subscriptions = subscriptions
        pages = Site(keys=keys, state=state, developer_pages=developer_pages, public_url=public_url)
        form_memory, concurrency = FormMemory(_FORM_BYTES), Concurrency()
        cookies = RefreshCookies(public_url)
        rest = [
            Mount(
                each.prefix,
                app=Rest(
                    each,
                    routes_of(each, SECTIONS),
                    backends=backends,
                    authenticator=authenticator,
                    refreshing=refreshing,
                    cookies=cookies,
                    store=store,
                    form_memory=form_memory,
                    concurrency=concurrency,
                    kept=kept,
                ),
            )
            for each in VERSIONS
        ]
        # Paths are tried in order; of those that match a prefix the busiest come first.
        routes: list[BaseRoute] = [
            *pages.beside_the_api,
            *rest,
            Route(GRAPHQL, graphql),
            *pages.routes,
        ]
        if web is None:
            routes.append(Route("/", redirect_to_docs))
        super().__init__(routes=routes)
        self.router.redirect_slashes = False
        if web is not None:
            # What no route takes, by any method.
            self.router.default = web

    def build_middleware_stack(self) -> ASGIApp:
        """Our middleware alone: it takes the place of Starlette's error layers."""
        sockets = {STREAM: self.stream, GRAPHQL: self._subscriptions}
        return RequestMiddleware(
            self.router, sockets=sockets, state=self._process, media_paths=self._media_paths
        )

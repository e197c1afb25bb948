"""The application: which paths there are, inside one frame."""

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from gateway.auth import Authenticator
from gateway.backends import Backends
from gateway.changing.sessions import Refreshing
from gateway.frame import Frame
from gateway.graphql.endpoint import PATH as GRAPHQL
from gateway.graphql.endpoint import GraphQL
from gateway.graphql.subscribing.handshake import Subscriptions
from gateway.pages import Pages
from gateway.rest.dispatch import Rest
from gateway.rest.versions import VERSIONS
from gateway.state import State
from gateway.ws.closing import PATH as STREAM
from gateway.ws.stream import Stream
from services.chassis.auth.tokens import JwksSource


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
        public_url: str = "",
        explorer: bool = False,
    ) -> None:
        self._process = state
        self.stream = stream
        self._subscriptions = subscriptions
        pages = Pages(keys=keys, state=state, public_url=public_url, explorer=explorer)
        rest = [
            Mount(
                each.prefix,
                app=Rest(
                    each, backends=backends, authenticator=authenticator, refreshing=refreshing
                ),
            )
            for each in VERSIONS
        ]
        # Paths are tried in order: the busiest stand first of those that match a prefix.
        routes: list[BaseRoute] = [
            *pages.beside_the_api,
            *rest,
            Route(GRAPHQL, graphql),
            *pages.routes,
        ]
        super().__init__(routes=routes)
        self.router.redirect_slashes = False

    def build_middleware_stack(self) -> ASGIApp:
        """The frame alone: it does what Starlette's error layers do, in Roost's terms."""
        sockets = {STREAM: self.stream, GRAPHQL: self._subscriptions}
        return Frame(self.router, sockets=sockets, state=self._process)

"""Services that answer what a test tells them to, and remember what they were asked.

They stand behind the whole interceptor pipeline: requests that break their contract are refused,
errors travel as statuses, and the token that the gateway forwards is verified.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from google.protobuf.message import Message
from roost.media.v1 import media_service_pb2_grpc
from roost.notification.v1 import delivery_service_pb2_grpc, notification_service_pb2_grpc
from roost.post.v1 import engagement_service_pb2_grpc, post_service_pb2_grpc
from roost.search.v1 import search_service_pb2_grpc
from roost.timeline.v1 import timeline_service_pb2_grpc
from roost.user.v1 import auth_service_pb2_grpc, graph_service_pb2_grpc, user_service_pb2_grpc

from services.chassis.auth import access_policy, caller
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime import deadline

_SERVICES = (
    (auth_service_pb2_grpc, "AuthService"),
    (user_service_pb2_grpc, "UserService"),
    (graph_service_pb2_grpc, "GraphService"),
    (post_service_pb2_grpc, "PostService"),
    (engagement_service_pb2_grpc, "EngagementService"),
    (timeline_service_pb2_grpc, "TimelineService"),
    (delivery_service_pb2_grpc, "DeliveryService"),
    (notification_service_pb2_grpc, "NotificationService"),
    (media_service_pb2_grpc, "MediaService"),
    (search_service_pb2_grpc, "SearchService"),
)

Answer = Message | Exception | Callable[[Any], Any]


@dataclass(frozen=True)
class Asked:
    """One RPC that arrived."""

    method: str
    request: Any
    viewer_id: int | None
    seconds: float | None


class FakeObjectStore:
    """An object store that keeps what is put to its addresses, by address."""

    def __init__(self) -> None:
        self.put: dict[str, bytes] = {}
        # Status codes that it answers in place of 200, in order.
        self.refusals: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one PUT as an ASGI application."""
        content = b""
        more = True
        while more:
            message = await receive()
            content += message.get("body", b"")
            more = message.get("more_body", False)
        headers = dict(scope["headers"])
        assert scope["method"] == "PUT"
        assert headers[b"content-length"] == str(len(content)).encode()
        status = self.refusals.pop(0) if self.refusals else 200
        if status == 200:
            self.put[scope["path"]] = content
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class FakeServices:
    """All services of Roost, in one server."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[str, Answer] = {}

    def answer(self, method: str, answer: Answer) -> None:
        """What the RPC answers from now on: a response, an error, or what a function of the request
        returns, awaits or raises."""
        self._answers[method] = answer

    @property
    def methods(self) -> list[str]:
        """The RPCs that arrived, in order."""
        return [each.method for each in self.asked]

    def last(self, method: str) -> Any:
        """The request of the last such RPC."""
        return next(each.request for each in reversed(self.asked) if each.method == method)

    def mounts(self) -> list[MountedServicer]:
        return [
            MountedServicer(
                getattr(module, f"add_{name}Servicer_to_server"),
                self._servicer(getattr(module, f"{name}Servicer")),
            )
            for module, name in _SERVICES
        ]

    def _servicer(self, kind: type[Any]) -> Any:
        methods = [name for name in vars(kind) if name[0].isupper()]
        fakes = {name: self._method(name) for name in methods}
        return type(f"Fake{kind.__name__}", (kind,), fakes)()

    def _method(self, name: str) -> Callable[..., Any]:
        @access_policy.anyone
        async def answer(_: object, request: Any, __: object) -> Any:
            self.asked.append(Asked(name, request, caller.viewer_id(), deadline.remaining()))
            given = self._answers[name]
            found = given if isinstance(given, Message | Exception) else given(request)
            if isawaitable(found):
                found = await found
            if isinstance(found, Exception):
                raise found
            return found

        return answer

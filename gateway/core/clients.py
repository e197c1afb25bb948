"""The services behind the gateway, as stubs over one mesh connection."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from roost.media.v1.media_service_pb2_grpc import MediaServiceStub
from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from roost.notification.v1.event_service_pb2_grpc import EventServiceStub
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceStub
from roost.post.v1.engagement_service_pb2_grpc import EngagementServiceStub
from roost.post.v1.invalidation_service_pb2_grpc import (
    InvalidationServiceStub as PostInvalidationServiceStub,
)
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.search.v1.search_service_pb2_grpc import SearchServiceStub
from roost.timeline.v1.invalidation_service_pb2_grpc import (
    InvalidationServiceStub as TimelineInvalidationServiceStub,
)
from roost.timeline.v1.timeline_service_pb2_grpc import TimelineServiceStub
from roost.user.v1.auth_service_pb2_grpc import AuthServiceStub
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.rpc.clients import Mesh

if TYPE_CHECKING:
    # For type checkers: at run time both kinds of stubs are one class.
    from roost.media.v1.media_service_pb2_grpc import MediaServiceAsyncStub
    from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceAsyncStub
    from roost.notification.v1.event_service_pb2_grpc import EventServiceAsyncStub
    from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceAsyncStub
    from roost.post.v1.engagement_service_pb2_grpc import EngagementServiceAsyncStub
    from roost.post.v1.invalidation_service_pb2_grpc import (
        InvalidationServiceAsyncStub as PostInvalidationServiceAsyncStub,
    )
    from roost.post.v1.post_service_pb2_grpc import PostServiceAsyncStub
    from roost.search.v1.search_service_pb2_grpc import SearchServiceAsyncStub
    from roost.timeline.v1.invalidation_service_pb2_grpc import (
        InvalidationServiceAsyncStub as TimelineInvalidationServiceAsyncStub,
    )
    from roost.timeline.v1.timeline_service_pb2_grpc import TimelineServiceAsyncStub
    from roost.user.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from roost.user.v1.graph_service_pb2_grpc import GraphServiceAsyncStub
    from roost.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

# More than any request may take: the deadline of the running request decides (Route.seconds).
_NO_LIMIT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Calls with the rights of the caller, within the request's deadline and trace."""

    auth: "AuthServiceAsyncStub"
    users: "UserServiceAsyncStub"
    graph: "GraphServiceAsyncStub"
    posts: "PostServiceAsyncStub"
    engagement: "EngagementServiceAsyncStub"
    timelines: "TimelineServiceAsyncStub"
    delivery: "DeliveryServiceAsyncStub"
    notifications: "NotificationServiceAsyncStub"
    media: "MediaServiceAsyncStub"
    search: "SearchServiceAsyncStub"

    @classmethod
    def from_mesh(cls, mesh: Mesh) -> Self:
        """All of them over one connection."""
        return cls(
            # These compare passwords, and count the attempts by the network they come from.
            auth=mesh.stub(AuthServiceStub, timeout=_NO_LIMIT, with_origin=True),
            users=mesh.stub(UserServiceStub, timeout=_NO_LIMIT, with_origin=True),
            graph=mesh.stub(GraphServiceStub, timeout=_NO_LIMIT),
            posts=mesh.stub(PostServiceStub, timeout=_NO_LIMIT),
            engagement=mesh.stub(EngagementServiceStub, timeout=_NO_LIMIT),
            timelines=mesh.stub(TimelineServiceStub, timeout=_NO_LIMIT),
            delivery=mesh.stub(DeliveryServiceStub, timeout=_NO_LIMIT),
            notifications=mesh.stub(NotificationServiceStub, timeout=_NO_LIMIT),
            media=mesh.stub(MediaServiceStub, timeout=_NO_LIMIT),
            search=mesh.stub(SearchServiceStub, timeout=_NO_LIMIT),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceBackends:
    """Calls in the gateway's own name: for many users at once, or before the caller is known."""

    auth: "AuthServiceAsyncStub"
    graph: "GraphServiceAsyncStub"
    events: "EventServiceAsyncStub"
    post_changes: "PostInvalidationServiceAsyncStub"
    timeline_changes: "TimelineInvalidationServiceAsyncStub"

    @classmethod
    def from_mesh(cls, mesh: Mesh) -> Self:
        """All of them over one connection, which has the gateway's identity."""
        return cls(
            auth=mesh.as_service(AuthServiceStub),
            graph=mesh.as_service(GraphServiceStub),
            events=mesh.as_service(EventServiceStub),
            post_changes=mesh.as_service(PostInvalidationServiceStub),
            timeline_changes=mesh.as_service(TimelineInvalidationServiceStub),
        )

"""What the rest of Roost needs to know about the Media service.

No process serves it yet: Envoy answers its calls UNAVAILABLE.
"""

from services.chassis.runtime.manifest import GrpcService, Manifest, RouteFamily, SlowRoute

MANIFEST = Manifest(
    noun="media",
    grpc_services=(GrpcService("roost.media.v1.MediaService"),),
    route_families=(
        RouteFamily(
            "media",
            paths=("media", "limits"),
            slow_routes=(
                SlowRoute("GET", "media/*/wait", seconds=15),
                SlowRoute("POST", "media", seconds=41),
            ),
        ),
    ),
)

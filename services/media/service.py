"""What the rest of Roost needs to know about the Media service.

No process serves it yet: Envoy answers its calls UNAVAILABLE.
"""

from services.chassis.runtime.manifest import GrpcService, Manifest

MANIFEST = Manifest(noun="media", grpc_services=(GrpcService("roost.media.v1.MediaService"),))

"""What the rest of Roost needs to know about the Search service.

No process serves it yet: Envoy answers its calls UNAVAILABLE.
"""

from services.chassis.runtime.manifest import GrpcService, Manifest

MANIFEST = Manifest(noun="search", grpc_services=(GrpcService("roost.search.v1.SearchService"),))

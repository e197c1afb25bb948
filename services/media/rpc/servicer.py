"""MediaService over gRPC, put together from its RPCs by noun."""

from services.chassis.runtime.clock import Clock
from services.media.domain.model import Ids
from services.media.domain.ports import PostVisibility, WakeUps
from services.media.domain.storage import Storage
from services.media.domain.store import Store
from services.media.domain.uploads import Uploads
from services.media.rpc.claim_rpcs import ClaimRpcs
from services.media.rpc.convert import Addresses
from services.media.rpc.medium_rpcs import MediumRpcs
from services.media.rpc.upload_rpcs import UploadRpcs


class MediaServicer(UploadRpcs, MediumRpcs, ClaimRpcs):
    """The promises are in `media_service.proto`."""

    def __init__(
        self,
        *,
        store: Store,
        storage: Storage,
        posts: PostVisibility,
        wake_ups: WakeUps,
        ids: Ids,
        clock: Clock,
        addresses: Addresses,
    ) -> None:
        self._store = store
        self._uploads = Uploads(store=store, storage=storage, ids=ids, clock=clock)
        self._posts = posts
        self._wake_ups = wake_ups
        self._clock = clock
        self._addresses = addresses

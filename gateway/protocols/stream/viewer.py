"""The user of a connection: everything on it is read with that user's rights."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from roost.user.v1.auth_service_pb2 import ExtendStreamRequest, RedeemStreamTicketResponse

from services.chassis.auth import caller
from services.chassis.auth.caller import UserCaller
from services.chassis.runtime import deadline
from services.chassis.runtime.backoff import Backoff
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable

if TYPE_CHECKING:
    from roost.user.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

T = TypeVar("T")

# A token is not used within this many seconds of its end: it has to last for the calls behind ours.
_RENEW_BEFORE = 60.0
# What one try of a reading may take; how often it is tried again, and the first and the longest
# pause before that: about three seconds in all.
_READ_SECONDS = 4.0
_RETRIES = 5
_PAUSE_SECONDS = (0.1, 1.6)


class Viewer:
    """A user on one connection, with an access token that is renewed when it is needed."""

    def __init__(
        self, redeemed: RedeemStreamTicketResponse, *, auth: "AuthServiceAsyncStub", clock: Clock
    ) -> None:
        self.user_id: int = redeemed.user_id
        self.session_id: int = redeemed.session_id
        self._auth = auth
        self._clock = clock
        self._set_token(redeemed.access_token, redeemed.expires_in)

    async def read(self, reading: Callable[[], Awaitable[T]]) -> T:
        """What the reading gives, whose calls are made on behalf of this user. Where a service is
        away for a moment it is tried again.

        Raises SessionRevoked if the session has ended, and whatever the last try raised.
        """
        backoff = Backoff(*_PAUSE_SECONDS)
        while True:
            try:
                with deadline.within(_READ_SECONDS):
                    await self._renew()
                    caller.begin(UserCaller(self.user_id, self.session_id), self._token)
                    return await reading()
            except (Unavailable, DeadlineExceeded):
                if backoff.failures == _RETRIES:
                    raise
            await backoff.wait()

    async def _renew(self) -> None:
        if self._clock.monotonic() < self._renew_at:
            return
        request = ExtendStreamRequest(user_id=self.user_id, session_id=self.session_id)
        response = await self._auth.ExtendStream(request)
        self._set_token(response.access_token, response.expires_in)

    def _set_token(self, token: str, expires_in: int) -> None:
        self._renew_at = self._clock.monotonic() + max(expires_in - _RENEW_BEFORE, expires_in / 2)
        self._token = token

"""The settings of the User service, in addition to those of every service."""

from pydantic import Field

from services.chassis.runtime.settings import Key32, RelaySettings, ReplicaSettings
from services.user.domain.passwords import DEFAULT_MEMORY_MIB
from services.user.domain.throttle import DEFAULT_GUESSES, DEFAULT_LOGINS


class UserSettings(RelaySettings, ReplicaSettings):
    """The master key, the cost of a password hash, and how often passwords may be tried."""

    # Seals signing keys and idempotency records, and authenticates refresh tokens. Losing it signs
    # everybody out.
    master_key: Key32 = Field(repr=False)
    # The memory of one Argon2id hash. An operator changes it to fit logins to the machine; the time
    # of a hash grows with it. OWASP advises at least 19 MiB. A change reaches a user's hash at the
    # next login.
    password_memory_mib: int = Field(default=DEFAULT_MEMORY_MIB, ge=19, le=1024)
    # Sign-ins, sign-ups and other password checks a minute from one network, over REST and GraphQL
    # together. The edge and the gateway enforce the same limit before they forward a request.
    rate_logins: int = Field(default=DEFAULT_LOGINS, ge=1)
    # Wrong passwords for one account from new networks before pauses begin; a quarter of it from
    # one network or session.
    rate_guesses: int = Field(default=DEFAULT_GUESSES, ge=1)

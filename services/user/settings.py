"""What the processes of the User service are told, on top of what every service is."""

from pydantic import Field

from services.chassis.runtime.settings import Key32, ServiceSettings
from services.user.domain.passwords import DEFAULT_MEMORY_MIB
from services.user.domain.throttle import DEFAULT_GUESSES, DEFAULT_LOGINS


class UserSettings(ServiceSettings):
    """ROOST_MASTER_KEY, the cost of passwords, and how often they may be tried."""

    # Seals signing keys and idempotency records, and marks refresh tokens as ours. Whoever loses
    # it signs everybody out.
    master_key: Key32 = Field(repr=False)
    # Of one Argon2id hash: what an operator turns to fit logins to the machine. Its time grows
    # with it. 19 MiB is the least that OWASP advises; a change reaches a person's hash at their
    # next login.
    password_memory_mib: int = Field(default=DEFAULT_MEMORY_MIB, ge=19, le=1024)
    # Sign-ins, sign-ups and other proofs of a password a minute from one network, over REST and
    # GraphQL together. The edge and the gateway refuse at the same number before they pass a
    # request on.
    rate_logins: int = Field(default=DEFAULT_LOGINS, ge=1)
    # Wrong passwords for one account from new networks before pauses begin; a quarter of it from
    # one network or session.
    rate_guesses: int = Field(default=DEFAULT_GUESSES, ge=1)

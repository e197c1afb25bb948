"""A service's trust, as its settings describe it: who it is, and whose tokens it takes."""

from collections.abc import Container

from services.chassis.auth.tokens import (
    JwksSource,
    KeyRing,
    ServiceIdentity,
    SigningKey,
    StaticJwks,
    Verifier,
    service_keys,
)
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.settings import IdentifiedSettings, ServiceSettings


def identity(settings: IdentifiedSettings, *, service: str, clock: Clock) -> ServiceIdentity:
    """The identity of the service of that name. Raises OSError or ValueError for a bad file."""
    file = settings.service_key_file
    try:
        key = SigningKey.from_pem(service, file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} (ROOST_SERVICE_KEY_FILE) holds no ES256 key: {error}") from None
    return ServiceIdentity(key, clock=clock)


def verifier(
    settings: ServiceSettings,
    *,
    service: str,
    people: JwksSource,
    revoked: Container[int],
    clock: Clock,
) -> Verifier:
    """Takes tokens of people, whose keys `people` knows and whose sessions are not `revoked`, and
    identities that Roost's services show to `service`.

    `people` is `MeshJwks(mesh)` everywhere but in the user service, which has the keys itself.
    Raises OSError or ValueError for a bad file.
    """
    file = settings.service_keys_file
    try:
        services = service_keys(file)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} (ROOST_SERVICE_KEYS_FILE) is no key set: {error!r}") from None
    return Verifier(
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        services_here=[service],
        users=KeyRing(people, clock=clock),
        services=KeyRing(StaticJwks(services), clock=clock),
        clock=clock,
        revoked=revoked,
    )

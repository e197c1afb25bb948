"""The settings of a user for the user's own clients."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from services.chassis.auth.tokens import SessionRevoked
from services.user.domain.errors import FieldNotUpdatable
from services.user.domain.model import Settings
from services.user.domain.store import UserTransaction

UPDATABLE = frozenset(field.name for field in fields(Settings))


def check_mask(paths: Iterable[str]) -> list[str]:
    """The fields of an update mask, without duplicates. Raises FieldNotUpdatable."""
    names = list(dict.fromkeys(paths))
    for name in names:
        if name not in UPDATABLE:
            raise FieldNotUpdatable(metadata={"field": name[:100]})
    return names


async def update(
    transaction: UserTransaction, user_id: int, changes: Mapping[str, bool]
) -> Settings:
    """Changes the user's settings. Returns the new ones.

    Raises SessionRevoked if the user was deleted.
    """
    if await transaction.lock_user(user_id) is None:
        raise SessionRevoked
    settings = replace(await transaction.settings(user_id), **changes)
    await transaction.save_settings(user_id, settings)
    return settings

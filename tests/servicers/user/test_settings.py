"""Settings of users for their own clients."""

from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from roost.user.v1.user_service_pb2 import (
    DeleteUserRequest,
    GetSettingsRequest,
    Settings,
    UpdateSettingsRequest,
)

from services.chassis.runtime.errors import Invalid, Unauthenticated
from services.user.domain import settings
from tests.servicers.grpc_server import raises_reason
from tests.servicers.user.conftest import PASSWORD, Actor, UserServiceStack


async def update(person: Actor, *, request_id: str = "", **values: Any) -> Settings:
    request = UpdateSettingsRequest(
        settings=Settings(**values),
        update_mask=FieldMask(paths=list(values)),
        request_id=request_id,
    )
    return (await person.users.UpdateSettings(request)).settings


async def read(person: Actor) -> Settings:
    return (await person.users.GetSettings(GetSettingsRequest())).settings


def test_every_setting_of_the_contract_is_updatable() -> None:
    assert {field.name for field in Settings.DESCRIPTOR.fields} == settings.UPDATABLE


async def test_clients_remind_of_descriptions_by_default(alice: Actor) -> None:
    assert (await read(alice)).alt_text_reminder


async def test_a_setting_changes_for_its_user_alone(alice: Actor, bob: Actor) -> None:
    changed = await update(alice, alt_text_reminder=False)

    assert not changed.alt_text_reminder
    assert await read(alice) == changed
    assert (await read(bob)).alt_text_reminder


async def test_fields_that_the_mask_does_not_name_stay(alice: Actor) -> None:
    request = UpdateSettingsRequest(
        settings=Settings(alt_text_reminder=False), update_mask=FieldMask()
    )

    response = await alice.users.UpdateSettings(request)

    assert response.settings.alt_text_reminder
    assert (await read(alice)).alt_text_reminder


async def test_a_repeated_update_happens_once(alice: Actor) -> None:
    first = await update(alice, request_id="s-1", alt_text_reminder=False)
    await update(alice, alt_text_reminder=True)

    again = await update(alice, request_id="s-1", alt_text_reminder=False)

    assert again == first
    assert (await read(alice)).alt_text_reminder


@pytest.mark.parametrize("path", ["nonsense", "*", "", "settings.alt_text_reminder"])
async def test_other_fields_are_not_updatable(alice: Actor, path: str) -> None:
    with raises_reason(Invalid, "FIELD_NOT_UPDATABLE") as caught:
        await alice.users.UpdateSettings(
            UpdateSettingsRequest(settings=Settings(), update_mask=FieldMask(paths=[path]))
        )

    assert caught.value.metadata["field"] == path
    assert (await read(alice)).alt_text_reminder


async def test_settings_are_deleted_with_the_account(stack: UserServiceStack, alice: Actor) -> None:
    await update(alice, alt_text_reminder=False)

    await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    assert alice.id not in stack.store.database.tables.settings
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await update(alice, alt_text_reminder=False)
    assert alice.id not in stack.store.database.tables.settings

"""Accounts and profiles."""

from typing import Annotated, Any

import strawberry
from roost.user.v1.user_service_pb2 import (
    GetSettingsRequest,
    GetUserRequest,
)
from strawberry.types import Info

from gateway.api.media.types import Medium
from gateway.api.users import commands
from gateway.api.users import queries as reading
from gateway.api.users.requests import (
    Consent,
    HandleQuery,
    PasswordChange,
    ProfileChange,
    SettingsChange,
)
from gateway.api.users.types import Settings, User, UserId
from gateway.core.ids import id_in_body
from gateway.protocols.graphql.arguments import Etag
from gateway.protocols.graphql.context import Context, backends_of, own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    DONE,
    Done,
    Key,
    Outcome,
    change,
    request_id,
    result,
    validated,
)
from services.chassis.text.kinds import BIO, DEVICE_NAME, DISPLAY_NAME, LOCATION, WEBSITE


@strawberry.type
class UserQueries:
    """Fields of Query about profiles."""

    @resolved("The caller's own profile.")
    async def me(self, info: Info) -> User:
        context: Context = info.context
        return await _profile(info, context.signed_in_user())

    @resolved("A profile. Refused with USER_NOT_FOUND where the caller may see none.")
    async def user(self, info: Info, id: UserId) -> User:  # noqa: A002
        return await _profile(info, number_of("User", id, "id"))

    @resolved("The user with a handle; upper and lower case are the same. Null for nobody.")
    async def user_by_handle(
        self,
        info: Info,
        handle: Annotated[str, strawberry.argument(description="The name after the @.")],
    ) -> User | None:
        asked = validated(HandleQuery, handle=handle)
        found = await reading.by_handle(backends_of(info), asked.handle)
        return User(message=found) if found else None

    @resolved("The caller's settings for the caller's own clients.")
    async def settings(self, info: Info) -> Settings:
        response = await own(info).users.GetSettings(GetSettingsRequest())
        return Settings(message=response.settings)


async def _profile(info: Info, number: int) -> User:
    response = await backends_of(info).users.GetUser(GetUserRequest(user_id=number))
    return User(message=response.user)


def _medium(argument: str, given: strawberry.ID | None) -> str | None:
    """The number in the id of a medium, as REST takes it. None and UNSET stay."""
    return str(number_of(Medium.kind, given, argument)) if given else given


Handle = Annotated[str, strawberry.argument(description="The name after the @.")]
Password = Annotated[str, strawberry.argument(description="At least 8 characters where new.")]
DeviceName = Annotated[
    str,
    strawberry.argument(description=f"What the device calls itself. {DEVICE_NAME.limits}."),
]


@strawberry.type
class UserMutations:
    """Fields of Mutation about profiles."""

    @change(
        "Change the caller's own profile. Only what is given changes. Turning "
        "`protected` off accepts the "
        "follow requests that wait."
    )
    async def update_me(
        self,
        info: Info,
        *,
        display_name: Annotated[
            str | None,
            strawberry.argument(description=f"The name as shown. {DISPLAY_NAME.limits}."),
        ] = strawberry.UNSET,
        bio: Annotated[
            str | None, strawberry.argument(description=f"{BIO.limits}.")
        ] = strawberry.UNSET,
        location: Annotated[
            str | None, strawberry.argument(description=f"{LOCATION.limits}.")
        ] = strawberry.UNSET,
        website: Annotated[
            str | None,
            strawberry.argument(
                description=f"What would be a link in a post; empty for none. {WEBSITE.limits}."
            ),
        ] = strawberry.UNSET,
        avatar_media_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The profile picture, by id; null for none."),
        ] = strawberry.UNSET,
        banner_media_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The picture above the profile, by id; null for none."),
        ] = strawberry.UNSET,
        protected: Annotated[
            bool | None,
            strawberry.argument(description="Whether followers need consent."),
        ] = strawberry.UNSET,
        etag: Etag = None,
        idempotency_key: Key = None,
    ) -> Outcome[User]:
        given: dict[str, Any] = {
            "display_name": display_name,
            "bio": bio,
            "location": location,
            "website": website,
            "avatar_media_id": _medium("avatar_media_id", avatar_media_id),
            "banner_media_id": _medium("banner_media_id", banner_media_id),
            "protected": protected,
        }
        given = {name: value for name, value in given.items() if value is not strawberry.UNSET}
        asked = validated(ProfileChange, **given)
        changes = {name: getattr(asked, name) for name in given}
        for name in commands.MEDIA:
            if name in changes:
                changes[name] = id_in_body(name, changes[name])
        profile = await commands.change(
            own(info), changes, etag=etag or "", request_id=request_id(idempotency_key)
        )
        return result(User(message=profile))

    @change("Change the caller's settings. Only what is given changes.")
    async def update_settings(
        self,
        info: Info,
        alt_text_reminder: Annotated[
            bool | None,
            strawberry.argument(
                description="Whether to remind the user of media without a description."
            ),
        ] = strawberry.UNSET,
        idempotency_key: Key = None,
    ) -> Outcome[Settings]:
        given = (
            {}
            if alt_text_reminder is strawberry.UNSET
            else {"alt_text_reminder": alt_text_reminder}
        )
        asked = validated(SettingsChange, **given)
        changes = {name: getattr(asked, name) for name in given}
        message = await commands.change_settings(
            own(info), changes, request_id=request_id(idempotency_key)
        )
        return result(Settings(message=message))

    @change(
        "Leave for good. The account is hidden at once, its posts, follows and likes go within "
        "seconds, and its handle stays taken.",
        answers=Done,
    )
    async def delete_me(self, info: Info, password: Password, idempotency_key: Key = None) -> Done:
        asked = validated(Consent, password=password)
        await commands.delete(own(info), asked, request_id=request_id(idempotency_key))
        return DONE

    @change("Change the caller's password. Every other session ends.", answers=Done)
    async def change_password(
        self,
        info: Info,
        old_password: Password,
        new_password: Password,
        idempotency_key: Key = None,
    ) -> Done:
        asked = validated(PasswordChange, old_password=old_password, new_password=new_password)
        await commands.change_password(own(info), asked, request_id=request_id(idempotency_key))
        return DONE

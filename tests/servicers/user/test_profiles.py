"""Reading, changing and deleting profiles."""

from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    ChangePasswordRequest,
    RefreshSessionRequest,
)
from roost.user.v1.graph_service_pb2 import (
    BlockRequest,
    FollowRequest,
    ListFollowingRequest,
    MuteRequest,
)
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import (
    DeleteUserRequest,
    GetUserByHandleRequest,
    GetUserRequest,
    UpdateUserRequest,
)

from services.chassis.auth.caller import ANONYMOUS
from services.chassis.runtime.errors import (
    Conflict,
    Invalid,
    NotFound,
    Taken,
    Unauthenticated,
)
from services.user.domain.model import Counts
from tests.servicers.grpc_server import raises_reason
from tests.servicers.user.conftest import PASSWORD, Actor, UserServiceStack


async def update(person: Actor, *, etag: str = "", request_id: str = "", **values: Any) -> User:
    response = await person.users.UpdateUser(
        UpdateUserRequest(
            user=User(**values),
            update_mask=FieldMask(paths=list(values)),
            etag=etag,
            request_id=request_id,
        )
    )
    return response.user


async def read(stack: UserServiceStack, person: Actor, viewer: Actor | None = None) -> User:
    stub = stack.users(viewer.caller if viewer else ANONYMOUS)
    return (await stub.GetUser(GetUserRequest(user_id=person.id))).user


async def test_strangers_see_a_profile_without_a_relationship(
    stack: UserServiceStack, alice: Actor
) -> None:
    user = await read(stack, alice)

    assert user.handle == "Alice"
    assert not user.HasField("viewer_relationship")


async def test_a_profile_has_the_viewers_relationship(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await bob.graph.Follow(FollowRequest(user_id=alice.id))
    await bob.graph.Mute(MuteRequest(user_id=alice.id))

    user = await read(stack, alice, viewer=bob)
    back = await read(stack, bob, viewer=alice)

    relationship = user.viewer_relationship
    assert relationship.user_id == alice.id
    assert (relationship.following, relationship.muting) == (True, True)
    assert not relationship.followed_by
    assert (back.viewer_relationship.followed_by, back.viewer_relationship.muting) == (True, False)


def counts(user: User) -> tuple[int, int, int]:
    return user.followers_count, user.following_count, user.posts_count


async def test_counts_of_a_protected_account_are_for_followers_and_the_owner(
    stack: UserServiceStack, alice: Actor, bob: Actor, carol: Actor
) -> None:
    await bob.graph.Follow(FollowRequest(user_id=alice.id))
    stack.store.database.tables.counts[alice.id] = Counts(1, 2, 3)
    await update(alice, protected=True)

    found = {
        name: counts(await read(stack, alice, viewer))
        for name, viewer in {
            "stranger": None,
            "other": carol,
            "follower": bob,
            "owner": alice,
        }.items()
    }
    by_handle = await stack.users(carol.caller).GetUserByHandle(
        GetUserByHandleRequest(handle="alice")
    )
    listed = await stack.graph(carol.caller).ListFollowing(ListFollowingRequest(user_id=bob.id))

    assert found == {
        "stranger": (0, 0, 0),
        "other": (0, 0, 0),
        "follower": (1, 2, 3),
        "owner": (1, 2, 3),
    }
    assert counts(by_handle.user) == (0, 0, 0)
    assert [counts(each) for each in listed.users] == [(0, 0, 0)]


async def test_the_number_of_posts_is_hidden_from_a_viewer_who_blocks_the_user(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    stack.store.database.tables.counts[alice.id] = Counts(1, 2, 3)

    await bob.graph.Block(BlockRequest(user_id=alice.id))

    assert counts(await read(stack, alice, bob)) == (1, 2, 0)


async def test_a_profile_is_found_by_handle_without_regard_to_case(
    stack: UserServiceStack, alice: Actor
) -> None:
    found = await stack.users().GetUserByHandle(GetUserByHandleRequest(handle="aLICE"))

    assert found.user.id == alice.id


@pytest.mark.parametrize("handle", ["nobody", "not-a-handle", "álice"])
async def test_unknown_handles_are_not_found(stack: UserServiceStack, handle: str) -> None:
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await stack.users().GetUserByHandle(GetUserByHandleRequest(handle=handle))


async def test_unknown_users_are_not_found(stack: UserServiceStack) -> None:
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await stack.users().GetUser(GetUserRequest(user_id=5))


async def test_a_blocked_user_does_not_find_the_blocker(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await alice.graph.Block(BlockRequest(user_id=bob.id))

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await read(stack, alice, viewer=bob)
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await bob.users.GetUserByHandle(GetUserByHandleRequest(handle="alice"))
    assert (await read(stack, bob, viewer=alice)).viewer_relationship.blocking


async def test_only_fields_of_the_mask_change(stack: UserServiceStack, alice: Actor) -> None:
    before = await read(stack, alice)
    stack.clock.advance(5)

    response = await alice.users.UpdateUser(
        UpdateUserRequest(
            user=User(bio="Birds", location="Oslo", website="https://a.example", id=99),
            update_mask=FieldMask(paths=["bio", "website"]),
        )
    )

    user = response.user
    assert (user.bio, user.location, user.website) == ("Birds", "", "https://a.example")
    assert user.etag != before.etag
    assert user.update_time.seconds == before.update_time.seconds + 5
    assert await read(stack, alice) == user
    (event,) = stack.events(events_pb.UserUpdated)
    assert event.user == user
    assert list(event.changed_fields) == ["bio", "website"]


async def test_a_change_that_changes_nothing_keeps_the_etag(
    stack: UserServiceStack, alice: Actor
) -> None:
    first = await update(alice, bio="Birds")

    again = await update(alice, bio="Birds")

    assert again == first
    assert len(stack.events(events_pb.UserUpdated)) == 1


async def test_an_emptied_display_name_becomes_the_handle(alice: Actor) -> None:
    await update(alice, display_name="Somebody")

    assert (await update(alice, display_name=" ")).display_name == "Alice"


async def test_a_change_based_on_an_old_state_is_refused(alice: Actor) -> None:
    first = await update(alice, bio="one")
    await update(alice, bio="two", etag=first.etag)

    with raises_reason(Conflict, "ETAG_MISMATCH"):
        await update(alice, bio="three", etag=first.etag)


@pytest.mark.parametrize(
    "path", ["id", "handle", "create_time", "followers_count", "etag", "nonsense", "*", ""]
)
async def test_other_fields_are_not_updatable(alice: Actor, path: str) -> None:
    with raises_reason(Invalid, "FIELD_NOT_UPDATABLE") as caught:
        await alice.users.UpdateUser(
            UpdateUserRequest(user=User(bio="x"), update_mask=FieldMask(paths=["bio", path]))
        )

    assert caught.value.metadata["field"] == path


async def test_wrong_values_are_named_by_field(alice: Actor) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED") as caught:
        await update(alice, bio="x" * 161, website="javascript:x", display_name="a\u202eb")

    assert [(each.field, each.rule) for each in caught.value.violations] == [
        ("user.bio", "string.max_len"),
        ("user.website", "string.web_address"),
        ("user.display_name", "string.no_direction"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("display_name", "\u3164", "string.visible"),
        ("display_name", "a" + "\u0315" * 4900 + "\u0300" * 4900, "string.max_len"),
        ("bio", "a\u202eb", "string.no_direction"),
        ("location", "a" + "\u0315" * 31, "string.max_marks"),
        ("website", "https://goo\u200bgle.com", "string.web_address"),
        ("website", "https://google.com∕.evil.example", "string.web_address"),
    ],
)
async def test_a_text_that_breaks_a_rule_changes_nothing(
    stack: UserServiceStack, alice: Actor, field: str, value: str, rule: str
) -> None:
    before = await read(stack, alice)

    with raises_reason(Invalid, "VALIDATION_FAILED") as caught:
        await update(alice, **{field: value})

    assert [(each.field, each.rule) for each in caught.value.violations] == [
        (f"user.{field}", rule)
    ]
    assert await read(stack, alice) == before


async def test_texts_are_counted_in_characters(alice: Actor) -> None:
    families = "👩‍👩‍👧‍👦" * 12

    changed = await update(
        alice, display_name=families, location=families, website="https://💩.la", bio="\u200fשלום"
    )

    assert (changed.display_name, changed.location) == (families, families)
    assert (changed.website, changed.bio) == ("https://💩.la", "\u200fשלום")


async def test_a_repeated_update_happens_once(stack: UserServiceStack, alice: Actor) -> None:
    first = await update(alice, request_id="u-1", bio="one")
    await update(alice, bio="two")

    again = await update(alice, request_id="u-1", bio="one")

    assert again == first
    assert (await read(stack, alice)).bio == "two"


async def test_a_deleted_user_is_absent_at_once(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await read(stack, alice)
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await stack.users().GetUserByHandle(GetUserByHandleRequest(handle="alice"))
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await bob.graph.Follow(FollowRequest(user_id=alice.id))
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
        await stack.auth().Authenticate(AuthenticateRequest(handle="alice", password=PASSWORD))
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await stack.auth().RefreshSession(
            RefreshSessionRequest(refresh_token=alice.tokens.refresh_token)
        )
    (event,) = stack.events(events_pb.UserDeleted)
    assert event.user_id == alice.id
    assert event.delete_time.seconds == int(stack.clock.now().timestamp())
    assert [each.session_id for each in stack.events(events_pb.SessionRevoked)] == [
        alice.session_id
    ]


async def test_the_handle_of_a_deleted_user_stays_taken(
    stack: UserServiceStack, alice: Actor
) -> None:
    await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    with raises_reason(Taken, "HANDLE_TAKEN"):
        await stack.register("alice")


async def test_nobody_is_deleted_without_the_password(
    stack: UserServiceStack, alice: Actor
) -> None:
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
        await alice.users.DeleteUser(DeleteUserRequest(password="zebra lamp 8"))

    assert (await read(stack, alice)).id == alice.id


async def test_a_repeated_deletion_succeeds_again(stack: UserServiceStack, alice: Actor) -> None:
    request = DeleteUserRequest(password=PASSWORD, request_id="d-1")

    await alice.users.DeleteUser(request)
    await alice.users.DeleteUser(request)

    assert len(stack.events(events_pb.UserDeleted)) == 1


async def test_a_deleted_user_who_still_holds_an_access_token_changes_nothing(
    stack: UserServiceStack, alice: Actor, bob: Actor
) -> None:
    await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await update(alice, bio="still here")
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await alice.graph.Follow(FollowRequest(user_id=bob.id))
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await alice.graph.Block(BlockRequest(user_id=bob.id))
    with raises_reason(Unauthenticated, "SESSION_REVOKED"):
        await alice.auth.ChangePassword(
            ChangePasswordRequest(old_password=PASSWORD, new_password="another lamp 4")
        )
    with raises_reason(Unauthenticated, "CREDENTIALS_WRONG"):
        await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))


async def test_nothing_personal_of_a_deleted_user_is_kept(
    stack: UserServiceStack, alice: Actor
) -> None:
    await update(alice, bio="A secret garden", location="Oslo")
    stack.store.database.published.clear()

    await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

    kept = stack.store.database.tables.users[alice.id]
    assert (kept.display_name, kept.bio, kept.location, kept.website) == ("", "", "", "")
    assert alice.id not in stack.store.database.tables.passwords

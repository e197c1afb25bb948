"""Preferences, muted conversations and watched users over gRPC."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from roost.notification.v1 import notification_pb2 as pb
from roost.notification.v1.notification_service_pb2 import (
    GetPreferencesRequest,
    MuteConversationRequest,
    UnmuteConversationRequest,
    UnwatchUserRequest,
    UpdatePreferencesRequest,
    WatchUserRequest,
)

from services.chassis.runtime.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    WrongState,
)
from services.notification.domain.model import MAX_MUTED_CONVERSATIONS, MAX_WATCHED
from tests.servicers.grpc_server import raises_reason
from tests.servicers.notification.conftest import NotificationStack
from tests.stores.notification.scenario import ALICE, BOB, CAROL, created, liked

LIKE, REPLY = pb.NOTIFICATION_KIND_LIKE, pb.NOTIFICATION_KIND_REPLY
EVERYONE, NOBODY = pb.SENDER_FILTER_EVERYONE, pb.SENDER_FILTER_NOBODY


def kind_preference(
    kind: pb.NotificationKind, sender: pb.SenderFilter, *, push: bool
) -> pb.KindPreference:
    return pb.KindPreference(kind=kind, push=push, **{"from": sender})


def change(*paths: str, etag: str = "", **fields: object) -> UpdatePreferencesRequest:
    return UpdatePreferencesRequest(
        preferences=pb.NotificationPreferences(**fields),
        update_mask=FieldMask(paths=paths),
        etag=etag,
    )


def shown(preferences: pb.NotificationPreferences) -> dict[int, tuple[int, bool]]:
    return {each.kind: (getattr(each, "from"), each.push) for each in preferences.kinds}


async def preferences(stack: NotificationStack, user_id: int) -> pb.NotificationPreferences:
    return (await stack.of(user_id).GetPreferences(GetPreferencesRequest())).preferences


async def test_by_default_everything_of_everyone_is_notified_and_pushed(
    stack: NotificationStack,
) -> None:
    found = await preferences(stack, ALICE)

    assert shown(found) == dict.fromkeys(range(1, 10), (EVERYONE, True))
    assert not found.email_digest
    assert not found.muted_conversation_ids
    assert not found.watched_user_ids


async def test_only_what_the_mask_and_the_kinds_name_changes(stack: NotificationStack) -> None:
    alice = stack.of(ALICE)
    await alice.UpdatePreferences(
        change("kinds", kinds=[kind_preference(LIKE, NOBODY, push=False)])
    )

    response = await alice.UpdatePreferences(
        change("kinds", kinds=[kind_preference(REPLY, EVERYONE, push=False)], email_digest=True)
    )

    assert response.preferences == await preferences(stack, ALICE)
    assert shown(response.preferences) == {
        **dict.fromkeys(range(1, 10), (EVERYONE, True)),
        LIKE: (NOBODY, False),
        REPLY: (EVERYONE, False),
    }
    assert not response.preferences.email_digest
    assert shown(await preferences(stack, BOB))[LIKE] == (EVERYONE, True)


async def test_an_etag_changes_with_every_change_and_with_nothing_else(
    stack: NotificationStack,
) -> None:
    alice = stack.of(ALICE)
    first = (await preferences(stack, ALICE)).etag

    changed = await alice.UpdatePreferences(change("email_digest", etag=first, email_digest=True))
    same = await alice.UpdatePreferences(change("email_digest", email_digest=True))

    assert changed.preferences.etag == same.preferences.etag != first
    with raises_reason(Conflict, "ETAG_MISMATCH"):
        await alice.UpdatePreferences(change("email_digest", etag=first))


@pytest.mark.parametrize("path", ["muted_conversation_ids", "etag", "nothing"])
async def test_other_fields_are_not_updatable(stack: NotificationStack, path: str) -> None:
    with raises_reason(Invalid, "FIELD_NOT_UPDATABLE"):
        await stack.of(ALICE).UpdatePreferences(change("kinds", path))


async def test_a_conversation_is_muted_by_any_post_of_it(stack: NotificationStack) -> None:
    post = stack.scenario.post(ALICE)
    result = stack.scenario.post(BOB, answers=post)
    stack.peers.conversations = {post.id: post.id, result.id: post.id}
    await stack.scenario.handle(created(result), liked(BOB, post))
    alice = stack.of(ALICE)

    await alice.MuteConversation(MuteConversationRequest(post_id=result.id))
    await alice.MuteConversation(MuteConversationRequest(post_id=result.id))
    silent = await stack.scenario.listed(ALICE)
    named = (await preferences(stack, ALICE)).muted_conversation_ids
    # The posts are deleted; the ids in the preferences are sufficient.
    stack.peers.conversations.clear()
    await alice.UnmuteConversation(UnmuteConversationRequest(post_id=post.id))

    assert silent == []
    assert list(named) == [post.id]
    assert len(await stack.scenario.listed(ALICE)) == 2
    assert not (await preferences(stack, ALICE)).muted_conversation_ids


async def test_a_post_that_one_cannot_see_mutes_nothing(stack: NotificationStack) -> None:
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await stack.of(ALICE).MuteConversation(MuteConversationRequest(post_id=404))


async def test_a_repeated_mute_gets_its_first_answer_although_the_post_is_gone(
    stack: NotificationStack,
) -> None:
    stack.peers.conversations = {7: 7}
    request = MuteConversationRequest(post_id=7, request_id="once")
    first = await stack.of(ALICE).MuteConversation(request)
    stack.peers.conversations.clear()

    assert await stack.of(ALICE).MuteConversation(request) == first


async def test_conversations_are_muted_up_to_a_limit(stack: NotificationStack) -> None:
    async with stack.store.transaction() as transaction:
        for each in range(MAX_MUTED_CONVERSATIONS):
            await transaction.set_conversation_muted(ALICE, 1000 + each, muted=True)
    stack.peers.conversations = {7: 7, 8: 1000}

    await stack.of(ALICE).MuteConversation(MuteConversationRequest(post_id=8))
    with raises_reason(WrongState, "TOO_MANY_MUTED_CONVERSATIONS"):
        await stack.of(ALICE).MuteConversation(MuteConversationRequest(post_id=7))

    assert 7 not in await stack.store.muted_conversations(ALICE)


async def test_people_are_watched_and_let_go(stack: NotificationStack) -> None:
    stack.peers.people = {BOB, CAROL}
    alice = stack.of(ALICE)

    for _ in range(2):
        await alice.WatchUser(WatchUserRequest(user_id=BOB))
    await alice.WatchUser(WatchUserRequest(user_id=CAROL))
    watched = (await preferences(stack, ALICE)).watched_user_ids
    for _ in range(2):
        await alice.UnwatchUser(UnwatchUserRequest(user_id=BOB))

    assert list(watched) == [BOB, CAROL]
    assert list((await preferences(stack, ALICE)).watched_user_ids) == [CAROL]


async def test_who_cannot_be_seen_cannot_be_watched(stack: NotificationStack) -> None:
    stack.peers.people = {ALICE, BOB}
    stack.peers.hidden = {(BOB, ALICE)}

    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await stack.of(ALICE).WatchUser(WatchUserRequest(user_id=BOB))
    with raises_reason(NotFound, "USER_NOT_FOUND"):
        await stack.of(ALICE).WatchUser(WatchUserRequest(user_id=CAROL))
    with raises_reason(RuleBroken, "CANNOT_WATCH_SELF"):
        await stack.of(ALICE).WatchUser(WatchUserRequest(user_id=ALICE))


async def test_people_are_watched_up_to_a_limit(stack: NotificationStack) -> None:
    async with stack.store.transaction() as transaction:
        for each in range(MAX_WATCHED):
            await transaction.watch(ALICE, 1000 + each, stack.clock.now())
    stack.peers.people = {BOB, 1000}

    await stack.of(ALICE).WatchUser(WatchUserRequest(user_id=1000))
    with raises_reason(WrongState, "TOO_MANY_WATCHED"):
        await stack.of(ALICE).WatchUser(WatchUserRequest(user_id=BOB))

    assert BOB not in await stack.store.watched(ALICE)


async def test_a_protected_person_is_watched_by_followers_alone(stack: NotificationStack) -> None:
    stack.peers.people = {BOB}
    stack.peers.protected = {BOB}
    alice = stack.of(ALICE)

    with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
        await alice.WatchUser(WatchUserRequest(user_id=BOB))
    stack.peers.follows = {(ALICE, BOB)}
    await alice.WatchUser(WatchUserRequest(user_id=BOB))

    assert list((await preferences(stack, ALICE)).watched_user_ids) == [BOB]


async def test_whom_one_blocks_one_does_not_watch(stack: NotificationStack) -> None:
    stack.peers.people = {BOB}
    stack.peers.hidden = {(ALICE, BOB)}

    with raises_reason(WrongState, "BLOCKING"):
        await stack.of(ALICE).WatchUser(WatchUserRequest(user_id=BOB))


@pytest.mark.parametrize("reason", ["blocked", "blocking", "protected"])
async def test_watched_people_are_named_while_they_may_be_seen(
    stack: NotificationStack, reason: str
) -> None:
    stack.peers.people = {BOB, CAROL}
    alice = stack.of(ALICE)
    for each in (BOB, CAROL):
        await alice.WatchUser(WatchUserRequest(user_id=each))
    if reason == "protected":
        stack.peers.protected = {BOB}
    else:
        stack.peers.hidden = {(BOB, ALICE) if reason == "blocked" else (ALICE, BOB)}

    changed = await alice.UpdatePreferences(change("email_digest", email_digest=True))

    assert list((await preferences(stack, ALICE)).watched_user_ids) == [CAROL]
    assert list(changed.preferences.watched_user_ids) == [CAROL]


async def test_time_zone_and_quiet_hours_are_kept_and_change_the_etag(
    stack: NotificationStack,
) -> None:
    alice = stack.of(ALICE)
    first = await preferences(stack, ALICE)

    await alice.UpdatePreferences(change("time_zone", time_zone="Asia/Tokyo"))
    night = pb.QuietHours(start_hour=22, end_hour=0)
    second = await alice.UpdatePreferences(change("quiet_hours", quiet_hours=night))
    third = await alice.UpdatePreferences(change("quiet_hours"))

    assert (first.time_zone, first.HasField("quiet_hours")) == ("UTC", False)
    assert (second.preferences.time_zone, second.preferences.quiet_hours) == ("Asia/Tokyo", night)
    assert third.preferences == await preferences(stack, ALICE)
    assert not third.preferences.HasField("quiet_hours")
    assert len({first.etag, second.preferences.etag, third.preferences.etag}) == 3


async def test_an_unknown_time_zone_changes_nothing(stack: NotificationStack) -> None:
    alice = stack.of(ALICE)

    with raises_reason(RuleBroken, "TIME_ZONE_UNKNOWN") as refused:
        await alice.UpdatePreferences(
            change("time_zone", "email_digest", time_zone="Europe/Atlantis", email_digest=True)
        )

    assert refused.value.metadata == {"field": "time_zone", "time_zone": "Europe/Atlantis"}
    assert not (await preferences(stack, ALICE)).email_digest


@pytest.mark.parametrize(("start", "end"), [(7, 7), (24, 7), (22, -1)])
async def test_quiet_hours_are_two_hours_of_a_day(
    stack: NotificationStack, start: int, end: int
) -> None:
    hours = pb.QuietHours(start_hour=start, end_hour=end)

    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await stack.of(ALICE).UpdatePreferences(change("quiet_hours", quiet_hours=hours))

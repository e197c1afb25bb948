"""Listing and counting over gRPC."""

from datetime import UTC

from roost.notification.v1 import notification_pb2 as pb
from roost.notification.v1.notification_service_pb2 import (
    CountUnreadRequest,
    ListNotificationsRequest,
    MarkReadRequest,
)

from services.chassis.runtime.errors import Invalid
from tests.servicers.grpc_server import raises_reason
from tests.servicers.notification.conftest import NotificationStack
from tests.stores.notification.scenario import ALICE, BOB, CAROL, created, followed, liked

LIKE, FOLLOW = pb.NOTIFICATION_KIND_LIKE, pb.NOTIFICATION_KIND_FOLLOW


async def test_a_group_says_who_did_what_and_when(stack: NotificationStack) -> None:
    post = stack.scenario.post(ALICE)
    await stack.scenario.handle(liked(BOB, post))
    await stack.scenario.handle(liked(CAROL, post))

    response = await stack.of(ALICE).ListNotifications(ListNotificationsRequest())

    (group,) = response.groups
    assert (group.kind, group.post_id, group.count) == (LIKE, post.id, 2)
    assert list(group.sample_user_ids) == [CAROL, BOB]
    assert group.last_time.ToDatetime(UTC) == stack.clock.now()
    assert group.last_time.seconds - group.first_time.seconds == 1
    assert not group.read
    assert response.next_page_token == ""


async def test_pages_walk_the_whole_list_once(stack: NotificationStack) -> None:
    posts = [stack.scenario.post(ALICE) for _ in range(5)]
    await stack.scenario.handle(*(liked(BOB, post) for post in posts))
    alice = stack.of(ALICE)

    found, token, following = [], "", None
    for _ in range(3):
        page = await alice.ListNotifications(
            ListNotificationsRequest(page_size=2, page_token=token)
        )
        found += [group.post_id for group in page.groups]
        token = page.next_page_token
        assert following in {None, page.groups[0].id}
        following = page.next_group.id

    assert not page.HasField("next_group")
    assert found == [post.id for post in reversed(posts)]
    assert token == ""


async def test_a_list_of_some_kinds_has_tokens_of_its_own(stack: NotificationStack) -> None:
    posts = [stack.scenario.post(ALICE) for _ in range(2)]
    await stack.scenario.handle(followed(BOB, ALICE), *(liked(BOB, post) for post in posts))
    alice = stack.of(ALICE)

    likes = await alice.ListNotifications(ListNotificationsRequest(kinds=[LIKE], page_size=1))

    assert [group.kind for group in likes.groups] == [LIKE]
    with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
        await alice.ListNotifications(
            ListNotificationsRequest(kinds=[FOLLOW], page_token=likes.next_page_token)
        )


async def test_what_the_marker_passed_is_read_and_not_counted(stack: NotificationStack) -> None:
    alice = stack.of(ALICE)
    await stack.scenario.handle(followed(BOB, ALICE))
    (first,) = (await alice.ListNotifications(ListNotificationsRequest())).groups
    await alice.MarkRead(MarkReadRequest(last_read_id=first.id))
    await stack.scenario.handle(created(stack.scenario.post(CAROL, mentions=[ALICE])))

    groups = (await alice.ListNotifications(ListNotificationsRequest())).groups

    assert [group.read for group in groups] == [False, True]
    assert (await alice.CountUnread(CountUnreadRequest())).count == 1
    assert (await stack.of(BOB).CountUnread(CountUnreadRequest())).count == 0

"""Counts, digests and pushes equal the list, however late events are handled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import Phase
from hypothesis.stateful import precondition, rule

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account
from services.user.domain.passwords import Passwords
from tests.platform.notification_views import in_digest, in_graphql, in_pushes, in_rest, unread_ids
from tests.platform.platform import Platform
from tests.platform.test_visibility import CHANCE, HANDLES, USER, VisibilityMachine, run_machine
from tests.servicers.user.conftest import PASSWORD


async def check_agreement(platform: Platform, user: Account) -> int:
    """Checks that all views agree, and returns the number of unread notifications."""
    listed = await in_rest(platform, user, 1)
    counts = [each.count for each in listed.groups]
    digest = await in_digest(platform, user)
    ids = await unread_ids(platform, user)
    assert listed.count == len(listed.groups)
    assert await in_rest(platform, user, 2) == listed
    assert await in_graphql(platform, user) == listed
    assert [group.count for group in digest.groups] == counts
    assert await in_pushes(platform, user, ids) == ids
    return listed.count


Operation = Callable[[Platform, Account, Account, str], Awaitable[object]]


def _change_relationship(method: str, kind: str, *, by_author: bool = False) -> Operation:
    async def act(platform: Platform, viewer: Account, author: Account, post: str) -> object:
        user, other = (author, viewer) if by_author else (viewer, author)
        return await platform.edge.call(method, f"/v1/users/{other.user_id}/{kind}", by=user)

    return act


async def _protect(platform: Platform, viewer: Account, author: Account, post: str) -> object:
    return await platform.edge.call("PATCH", "/v1/users/me", by=author, body={"protected": True})


async def _delete_post(platform: Platform, viewer: Account, author: Account, post: str) -> object:
    return await platform.edge.call("DELETE", f"/v1/posts/{post}", by=author)


async def _edit_mention_out(
    platform: Platform, viewer: Account, author: Account, post: str
) -> object:
    body = {"text": "nobody any more"}
    answer = await platform.edge.call("PATCH", f"/v1/posts/{post}", by=author, body=body)
    # The post itself stays visible, so that its event decides.
    await platform.log.deliver_all()
    return answer


async def _delete_account(
    platform: Platform, viewer: Account, author: Account, post: str
) -> object:
    body = {"password": PASSWORD}
    return await platform.edge.call("DELETE", "/v1/users/me", by=author, body=body)


async def _do_nothing(platform: Platform, viewer: Account, author: Account, post: str) -> object:
    return None


FOLLOW, UNFOLLOW = _change_relationship("PUT", "follow"), _change_relationship("DELETE", "follow")


@pytest.mark.parametrize("delivered", [False, True], ids=["before-events", "after-events"])
@pytest.mark.parametrize(
    ("operations", "left"),
    [
        pytest.param([_do_nothing], 1, id="other"),
        pytest.param([FOLLOW], 1, id="follower"),
        pytest.param([FOLLOW, _protect], 1, id="follower-of-protected"),
        pytest.param([_protect], 0, id="protected-author"),
        pytest.param([FOLLOW, _protect, UNFOLLOW], 0, id="former-follower"),
        pytest.param([_change_relationship("PUT", "block")], 0, id="blocker"),
        pytest.param([_change_relationship("PUT", "block", by_author=True)], 0, id="blocked"),
        pytest.param([_change_relationship("PUT", "mute")], 0, id="muting"),
        pytest.param([_delete_post], 0, id="deleted-post"),
        pytest.param([_edit_mention_out], 0, id="edited-out-mention"),
        pytest.param([_delete_account], 0, id="deleted-account"),
    ],
)
async def test_count_digest_and_pushes_equal_the_list_for_every_kind_of_viewer(
    shared_platform: Platform, operations: Sequence[Operation], left: int, delivered: bool
) -> None:
    viewer, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    post = await shared_platform.edge.call(
        "POST", "/v1/posts", by=author, body={"text": "hello @ana"}
    )
    await shared_platform.log.deliver_all()
    (notified,) = await unread_ids(shared_platform, viewer)

    for act in operations:
        await act(shared_platform, viewer, author, post["id"])
    if delivered:
        await shared_platform.log.deliver_all()

    assert await check_agreement(shared_platform, viewer) == left
    assert await in_pushes(shared_platform, viewer, [notified]) == [notified][:left]


async def test_a_mention_is_shown_again_when_the_account_is_public_again(
    shared_platform: Platform,
) -> None:
    viewer, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "hello @ana"})
    await shared_platform.log.deliver_all()
    await _protect(shared_platform, viewer, author, "")
    hidden = await check_agreement(shared_platform, viewer)

    await shared_platform.edge.call("PATCH", "/v1/users/me", by=author, body={"protected": False})

    assert hidden == 0
    assert await check_agreement(shared_platform, viewer) == 1


FAR = "8999999999999999999"


@pytest.mark.parametrize("version", [1, 2])
async def test_markers_stop_at_the_newest_item(shared_platform: Platform, version: int) -> None:
    viewer, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    await shared_platform.edge.call("PUT", f"/v1/users/{author.user_id}/follow", by=viewer)
    first = await shared_platform.edge.call(
        "POST", "/v1/posts", by=author, body={"text": "hello @ana"}
    )
    await shared_platform.log.deliver_all()
    (notified,) = await unread_ids(shared_platform, viewer)

    body = {"last_read_id": FAR}
    marker = await shared_platform.edge.call(
        "PUT", f"/v{version}/notifications/marker", by=viewer, body=body
    )
    home = await shared_platform.edge.call(
        "PUT", f"/v{version}/timelines/home/marker", by=viewer, body=body
    )
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "again @ana"})
    await shared_platform.log.deliver_all()

    assert marker["last_read_id"] == str(notified)
    assert home["last_read_id"] == first["id"]
    assert await check_agreement(shared_platform, viewer) == 1


async def test_markers_of_graphql_stop_at_the_newest_item(shared_platform: Platform) -> None:
    viewer, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "hello @ana"})
    await shared_platform.log.deliver_all()
    (notified,) = await unread_ids(shared_platform, viewer)
    far = global_id("Notification", int(FAR))

    answer = await shared_platform.edge.call(
        "POST",
        "/graphql",
        by=viewer,
        body={
            "query": "mutation($id: ID!) { setNotificationsMarker(lastReadId: $id) "
            "{ result { lastReadId } error { reason } } }",
            "variables": {"id": far},
        },
    )

    result = answer["data"]["setNotificationsMarker"]["result"]
    assert result == {"lastReadId": global_id("Notification", notified)}


async def test_both_users_are_notified_when_an_account_becomes_public(
    shared_platform: Platform,
) -> None:
    requester, followed = (
        await shared_platform.register("ana"),
        await shared_platform.register("ben"),
    )
    await _protect(shared_platform, requester, followed, "")
    await FOLLOW(shared_platform, requester, followed, "")
    await shared_platform.log.deliver_all()

    await shared_platform.edge.call("PATCH", "/v1/users/me", by=followed, body={"protected": False})
    await shared_platform.log.deliver_all()

    assert await notification_kinds(shared_platform, followed) == ["follow"]
    assert await notification_kinds(shared_platform, requester) == ["follow_accepted"]


async def test_watching_ends_with_the_follow_and_a_protected_account_needs_one(
    shared_platform: Platform,
) -> None:
    watcher, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    watch = f"/v1/users/{author.user_id}/watch"
    await FOLLOW(shared_platform, watcher, author, "")
    await shared_platform.edge.call("PUT", watch, by=watcher)
    await UNFOLLOW(shared_platform, watcher, author, "")
    await shared_platform.log.deliver_all()
    after_unfollow = await watched_users(shared_platform, watcher)
    await shared_platform.edge.call("PUT", watch, by=watcher)
    open_account = await watched_users(shared_platform, watcher)

    await _protect(shared_platform, watcher, author, "")
    before_events = await watched_users(shared_platform, watcher)
    await shared_platform.log.deliver_all()
    await shared_platform.edge.call("PATCH", "/v1/users/me", by=author, body={"protected": False})
    await shared_platform.log.deliver_all()
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "hello"})
    await shared_platform.log.deliver_all()

    assert (after_unfollow, open_account, before_events) == ([], [author.user_id], [])
    assert await watched_users(shared_platform, watcher) == []
    assert await notification_kinds(shared_platform, watcher) == []
    await _protect(shared_platform, watcher, author, "")
    refused = await shared_platform.edge.send("PUT", watch, by=watcher)
    assert (refused.status_code, refused.json()["reason"]) == (403, "ACCOUNT_PROTECTED")


async def test_a_time_zone_and_quiet_hours_are_set_in_rest_and_read_in_graphql(
    shared_platform: Platform,
) -> None:
    viewer = await shared_platform.register("ana")
    change = {"time_zone": "Europe/Berlin", "quiet_hours": {"start_hour": 22, "end_hour": 7}}
    for version in (1, 2):
        path = f"/v{version}/notifications/preferences"
        changed = await shared_platform.edge.call("PATCH", path, by=viewer, body=change)
        assert {name: changed[name] for name in change} == change

    query = "{ notificationPreferences { timeZone quietHours { startHour endHour } } }"
    answer = await shared_platform.edge.call("POST", "/graphql", by=viewer, body={"query": query})
    refused = await shared_platform.edge.send(
        "PATCH", "/v2/notifications/preferences", by=viewer, body={"time_zone": "Mars/Olympus"}
    )

    assert answer["data"]["notificationPreferences"] == {
        "timeZone": "Europe/Berlin",
        "quietHours": {"startHour": 22, "endHour": 7},
    }
    assert (refused.status_code, refused.json()["reason"]) == (422, "TIME_ZONE_UNKNOWN")


async def notification_kinds(platform: Platform, user: Account) -> list[str]:
    page = await platform.edge.call("GET", "/v1/notifications", by=user)
    return [each["kind"] for each in page["items"]]


async def watched_users(platform: Platform, user: Account) -> list[str]:
    answer = await platform.edge.call("GET", "/v1/notifications/preferences", by=user)
    found: list[str] = answer["watched_user_ids"]
    return found


class NotificationMachine(VisibilityMachine):
    """A machine that also checks notifications."""

    @precondition(lambda self: self.model.posts)
    @rule(chance=CHANCE, named=USER)
    def edit(self, chance: int, named: int) -> None:
        post = self.model.posts[self._post(chance)]
        author = next(n for n, each in enumerate(self.users) if each.user_id == post.author)
        body = {"text": f"hello again #heron @{HANDLES[named]}"}
        answer = self._send("PATCH", f"/v1/posts/{post.id}", author, body)
        assert answer.is_success == (post.id not in self.model.deleted)
        if answer.is_success:
            mentions = (each for each in answer.json()["entities"] if each["type"] == "mention")
            mentioned = frozenset(each["user_id"] for each in mentions)
            self.model.posts[post.id] = post.__class__(
                post.id,
                post.author,
                post.visibility,
                mentioned,
                post.reply_to_author,
                post.reply_to,
            )

    @rule(user=USER, other=USER)
    def watch(self, user: int, other: int) -> None:
        self._change_relationship("PUT", "watch", user, other)

    @rule(user=USER, chance=CHANCE)
    def mark_read(self, user: int, chance: int) -> None:
        ids = self._runner.run(unread_ids(self.platform, self.users[user]))
        if ids:
            body = {"last_read_id": str(ids[chance % len(ids)])}
            assert self._send("PUT", "/v2/notifications/marker", user, body).is_success

    @rule(user=USER)
    def check_notifications(self, user: int) -> None:
        self._runner.run(self._check_notifications(user))

    async def _check_notifications(self, user: int) -> None:
        async with asyncio.timeout(120):
            await check_agreement(self.platform, self.users[user])


def test_notifications_are_counted_as_listed(hashing: Passwords, shared_redis: str) -> None:
    run_machine(
        hashing,
        shared_redis,
        machine=NotificationMachine,
        examples=8,
        steps=40,
        phases=(Phase.generate,),
    )


@pytest.mark.soak
def test_notifications_are_always_counted_as_listed(hashing: Passwords, shared_redis: str) -> None:
    run_machine(
        hashing,
        shared_redis,
        machine=NotificationMachine,
        examples=100,
        steps=60,
        phases=(Phase.generate, Phase.shrink),
    )

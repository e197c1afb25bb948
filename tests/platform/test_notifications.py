"""However late events arrive: what is counted, mailed and pushed is what the list shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import Phase
from hypothesis.stateful import precondition, rule

from gateway.protocols.graphql.global_ids import global_id
from local.edge import Account
from services.user.domain.passwords import Passwords
from tests.platform.notified import in_digest, in_graphql, in_pushes, in_rest, unread_ids
from tests.platform.platform import Platform
from tests.platform.test_visibility import CHANCE, HANDLES, PERSON, VisibilityMachine, play
from tests.servicers.user.conftest import PASSWORD


async def check_agreement(platform: Platform, who: Account) -> int:
    """Checks that all ways say the same, and gives how many notifications are unread."""
    listed = await in_rest(platform, who, 1)
    counts = [each.count for each in listed.lines]
    digest = await in_digest(platform, who)
    ids = await unread_ids(platform, who)
    assert listed.count == len(listed.lines)
    assert await in_rest(platform, who, 2) == listed
    assert await in_graphql(platform, who) == listed
    assert [line.count for line in digest.lines] == counts
    assert await in_pushes(platform, who, ids) == ids
    return listed.count


Act = Callable[[Platform, Account, Account, str], Awaitable[object]]


def _tie(method: str, kind: str, *, by_author: bool = False) -> Act:
    async def act(platform: Platform, reader: Account, author: Account, post: str) -> object:
        who, whom = (author, reader) if by_author else (reader, author)
        return await platform.edge.call(method, f"/v1/users/{whom.user_id}/{kind}", by=who)

    return act


async def _protect(platform: Platform, reader: Account, author: Account, post: str) -> object:
    return await platform.edge.call("PATCH", "/v1/users/me", by=author, body={"protected": True})


async def _delete_post(platform: Platform, reader: Account, author: Account, post: str) -> object:
    return await platform.edge.call("DELETE", f"/v1/posts/{post}", by=author)


async def _edit_out(platform: Platform, reader: Account, author: Account, post: str) -> object:
    body = {"text": "nobody any more"}
    answer = await platform.edge.call("PATCH", f"/v1/posts/{post}", by=author, body=body)
    # The post itself stays visible, so that its event decides.
    await platform.log.deliver_all()
    return answer


async def _delete_account(
    platform: Platform, reader: Account, author: Account, post: str
) -> object:
    body = {"password": PASSWORD}
    return await platform.edge.call("DELETE", "/v1/users/me", by=author, body=body)


async def _nothing(platform: Platform, reader: Account, author: Account, post: str) -> object:
    return None


FOLLOW, UNFOLLOW = _tie("PUT", "follow"), _tie("DELETE", "follow")


@pytest.mark.parametrize("delivered", [False, True], ids=["before-events", "after-events"])
@pytest.mark.parametrize(
    ("acts", "left"),
    [
        pytest.param([_nothing], 1, id="other"),
        pytest.param([FOLLOW], 1, id="follower"),
        pytest.param([FOLLOW, _protect], 1, id="follower-of-protected"),
        pytest.param([_protect], 0, id="protected-author"),
        pytest.param([FOLLOW, _protect, UNFOLLOW], 0, id="former-follower"),
        pytest.param([_tie("PUT", "block")], 0, id="blocker"),
        pytest.param([_tie("PUT", "block", by_author=True)], 0, id="blocked"),
        pytest.param([_tie("PUT", "mute")], 0, id="muting"),
        pytest.param([_delete_post], 0, id="deleted-post"),
        pytest.param([_edit_out], 0, id="edited-out-mention"),
        pytest.param([_delete_account], 0, id="deleted-account"),
    ],
)
async def test_count_digest_and_pushes_are_the_list_for_every_kind_of_reader(
    shared_platform: Platform, acts: Sequence[Act], left: int, delivered: bool
) -> None:
    reader, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    post = await shared_platform.edge.call(
        "POST", "/v1/posts", by=author, body={"text": "hello @ana"}
    )
    await shared_platform.log.deliver_all()
    (notified,) = await unread_ids(shared_platform, reader)

    for act in acts:
        await act(shared_platform, reader, author, post["id"])
    if delivered:
        await shared_platform.log.deliver_all()

    assert await check_agreement(shared_platform, reader) == left
    assert await in_pushes(shared_platform, reader, [notified]) == [notified][:left]


async def test_a_mention_comes_back_with_the_account(shared_platform: Platform) -> None:
    reader, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "hello @ana"})
    await shared_platform.log.deliver_all()
    await _protect(shared_platform, reader, author, "")
    hidden = await check_agreement(shared_platform, reader)

    await shared_platform.edge.call("PATCH", "/v1/users/me", by=author, body={"protected": False})

    assert hidden == 0
    assert await check_agreement(shared_platform, reader) == 1


FAR = "8999999999999999999"


@pytest.mark.parametrize("version", [1, 2])
async def test_markers_stop_at_what_there_is(shared_platform: Platform, version: int) -> None:
    reader, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    await shared_platform.edge.call("PUT", f"/v1/users/{author.user_id}/follow", by=reader)
    first = await shared_platform.edge.call(
        "POST", "/v1/posts", by=author, body={"text": "hello @ana"}
    )
    await shared_platform.log.deliver_all()
    (notified,) = await unread_ids(shared_platform, reader)

    body = {"last_read_id": FAR}
    marker = await shared_platform.edge.call(
        "PUT", f"/v{version}/notifications/marker", by=reader, body=body
    )
    home = await shared_platform.edge.call(
        "PUT", f"/v{version}/timelines/home/marker", by=reader, body=body
    )
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "again @ana"})
    await shared_platform.log.deliver_all()

    assert marker["last_read_id"] == str(notified)
    assert home["last_read_id"] == first["id"]
    assert await check_agreement(shared_platform, reader) == 1


async def test_markers_of_graphql_stop_at_what_there_is(shared_platform: Platform) -> None:
    reader, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "hello @ana"})
    await shared_platform.log.deliver_all()
    (notified,) = await unread_ids(shared_platform, reader)
    far = global_id("Notification", int(FAR))

    answer = await shared_platform.edge.call(
        "POST",
        "/graphql",
        by=reader,
        body={
            "query": "mutation($id: ID!) { setNotificationsMarker(lastReadId: $id) "
            "{ result { lastReadId } error { reason } } }",
            "variables": {"id": far},
        },
    )

    result = answer["data"]["setNotificationsMarker"]["result"]
    assert result == {"lastReadId": global_id("Notification", notified)}


async def test_an_account_that_opens_tells_the_one_followed_and_the_one_who_asked(
    shared_platform: Platform,
) -> None:
    asking, followed = await shared_platform.register("ana"), await shared_platform.register("ben")
    await _protect(shared_platform, asking, followed, "")
    await FOLLOW(shared_platform, asking, followed, "")
    await shared_platform.log.deliver_all()

    await shared_platform.edge.call("PATCH", "/v1/users/me", by=followed, body={"protected": False})
    await shared_platform.log.deliver_all()

    assert await kinds(shared_platform, followed) == ["follow"]
    assert await kinds(shared_platform, asking) == ["follow_accepted"]


async def test_watching_ends_with_the_follow_and_a_protected_account_needs_one(
    shared_platform: Platform,
) -> None:
    watcher, author = await shared_platform.register("ana"), await shared_platform.register("ben")
    watch = f"/v1/users/{author.user_id}/watch"
    await FOLLOW(shared_platform, watcher, author, "")
    await shared_platform.edge.call("PUT", watch, by=watcher)
    await UNFOLLOW(shared_platform, watcher, author, "")
    await shared_platform.log.deliver_all()
    after_unfollow = await watched(shared_platform, watcher)
    await shared_platform.edge.call("PUT", watch, by=watcher)
    open_account = await watched(shared_platform, watcher)

    await _protect(shared_platform, watcher, author, "")
    seen_at_once = await watched(shared_platform, watcher)
    await shared_platform.log.deliver_all()
    await shared_platform.edge.call("PATCH", "/v1/users/me", by=author, body={"protected": False})
    await shared_platform.log.deliver_all()
    await shared_platform.edge.call("POST", "/v1/posts", by=author, body={"text": "hello"})
    await shared_platform.log.deliver_all()

    assert (after_unfollow, open_account, seen_at_once) == ([], [author.user_id], [])
    assert await watched(shared_platform, watcher) == []
    assert await kinds(shared_platform, watcher) == []
    await _protect(shared_platform, watcher, author, "")
    refused = await shared_platform.edge.send("PUT", watch, by=watcher)
    assert (refused.status_code, refused.json()["reason"]) == (403, "ACCOUNT_PROTECTED")


async def test_a_time_zone_and_quiet_hours_are_set_in_rest_and_read_in_graphql(
    shared_platform: Platform,
) -> None:
    reader = await shared_platform.register("ana")
    change = {"time_zone": "Europe/Berlin", "quiet_hours": {"start_hour": 22, "end_hour": 7}}
    for version in (1, 2):
        path = f"/v{version}/notifications/preferences"
        changed = await shared_platform.edge.call("PATCH", path, by=reader, body=change)
        assert {name: changed[name] for name in change} == change

    query = "{ notificationPreferences { timeZone quietHours { startHour endHour } } }"
    answer = await shared_platform.edge.call("POST", "/graphql", by=reader, body={"query": query})
    refused = await shared_platform.edge.send(
        "PATCH", "/v2/notifications/preferences", by=reader, body={"time_zone": "Mars/Olympus"}
    )

    assert answer["data"]["notificationPreferences"] == {
        "timeZone": "Europe/Berlin",
        "quietHours": {"startHour": 22, "endHour": 7},
    }
    assert (refused.status_code, refused.json()["reason"]) == (422, "TIME_ZONE_UNKNOWN")


async def kinds(platform: Platform, who: Account) -> list[str]:
    page = await platform.edge.call("GET", "/v1/notifications", by=who)
    return [each["kind"] for each in page["items"]]


async def watched(platform: Platform, who: Account) -> list[str]:
    answer = await platform.edge.call("GET", "/v1/notifications/preferences", by=who)
    found: list[str] = answer["watched_user_ids"]
    return found


class NotificationMachine(VisibilityMachine):
    """A machine whose people look at what they are notified of."""

    @precondition(lambda self: self.truth.posts)
    @rule(chance=CHANCE, named=PERSON)
    def edit(self, chance: int, named: int) -> None:
        post = self.truth.posts[self._post(chance)]
        author = next(n for n, each in enumerate(self.people) if each.user_id == post.author)
        body = {"text": f"hello again @{HANDLES[named]}"}
        answer = self._ask("PATCH", f"/v1/posts/{post.id}", author, body)
        assert answer.is_success == (post.id not in self.truth.deleted)
        if answer.is_success:
            mentions = (each for each in answer.json()["entities"] if each["type"] == "mention")
            mentioned = frozenset(each["user_id"] for each in mentions)
            self.truth.posts[post.id] = post.__class__(
                post.id,
                post.author,
                post.visibility,
                mentioned,
                post.reply_to_author,
                post.reply_to,
            )

    @rule(who=PERSON, whom=PERSON)
    def watch(self, who: int, whom: int) -> None:
        self._tie("PUT", "watch", who, whom)

    @rule(who=PERSON, chance=CHANCE)
    def read_on(self, who: int, chance: int) -> None:
        ids = self._runner.run(unread_ids(self.platform, self.people[who]))
        if ids:
            body = {"last_read_id": str(ids[chance % len(ids)])}
            assert self._ask("PUT", "/v2/notifications/marker", who, body).is_success

    @rule(who=PERSON)
    def look_at_notifications(self, who: int) -> None:
        self._runner.run(self._look_at_notifications(who))

    async def _look_at_notifications(self, who: int) -> None:
        async with asyncio.timeout(120):
            await check_agreement(self.platform, self.people[who])


def test_notifications_are_counted_as_listed(hashing: Passwords, shared_redis: str) -> None:
    play(
        hashing,
        shared_redis,
        machine=NotificationMachine,
        examples=8,
        steps=40,
        phases=(Phase.generate,),
    )


@pytest.mark.soak
def test_notifications_are_always_counted_as_listed(hashing: Passwords, shared_redis: str) -> None:
    play(
        hashing,
        shared_redis,
        machine=NotificationMachine,
        examples=100,
        steps=60,
        phases=(Phase.generate, Phase.shrink),
    )

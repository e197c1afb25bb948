"""No stored data identifies the user of a deleted account."""

from __future__ import annotations

import pytest

from local import drawings
from local.edge import Account, Edge
from tests.e2e.conftest import Shared
from tests.e2e.stacks import TestStack
from tests.e2e.stored_data import everything, holding
from tests.push import Browser
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NOUNS = ("user", "post", "timeline", "notification", "media", "search")
PASSWORD = "a long enough passphrase"
# Consumers get partitions after some seconds, and the log is trimmed every few seconds.
LIMIT_SECONDS = 120.0

# Each value occurs in one field only.
MARKS: dict[str, str] = {
    "handle": "quokkahandle",
    "display name": "Quokkaname",
    "bio": "quokkabio",
    "location": "quokkaplace",
    "website": "quokkasite",
    "device name": "quokkadevice",
    "mail address": "quokkamail",
    "push endpoint": "quokkapush",
    "post": "quokkapost",
    "text before an edit": "quokkadraft",
    "hashtag": "quokkatag",
    "reply": "quokkareply",
    "description of a picture": "quokkascene",
}

# What searches find, which is stored once more for them.
SEARCHABLE = {
    "handle",
    "display name",
    "bio",
    "post",
    "hashtag",
    "reply",
    "description of a picture",
}

# Where the number of a deleted account may stay for a while or for good: see docs/retention.md.
NUMBER_STAYS = {
    "user users",
    "user sessions",
    "user handles",
    "post posts",
    "post replies",
    "post responses",
    "timeline closed_authors",
    "notification gone_people",
    "notification ended_sessions",
    "notification departed_logs",
    "notification log_heads",
    "notification log_events",
    "media accounts",
    "media post_audiences",
    "media upload_usage",
    "search accounts",
    "search users",
    "search hashtag_accounts",
}


async def test_no_stored_data_identifies_a_deleted_user(shared: Shared) -> None:
    stack, mailbox = shared.stack, f"{MARKS['mail address']}@mail.example"
    async with stack.edge() as edge:
        friend = await edge.register("heidi", PASSWORD)
        gone = await _full_account(edge, friend, f"{shared.pushes.origin}/{MARKS['push endpoint']}")
        await eventually(lambda: len(shared.box.to(mailbox)) == 1, limit=LIMIT_SECONDS)
        before: dict[str, set[str]] = {}

        async def is_indexed() -> bool:
            before.clear()
            before.update(await _places(stack))
            return {name for name, places in before.items() if _searched(places)} >= SEARCHABLE

        await eventually(is_indexed, limit=LIMIT_SECONDS)

        await edge.call("DELETE", "/v2/users/me", by=gone, body={"password": PASSWORD})

        left: dict[str, set[str]] = {}

        async def is_erased() -> bool:
            found = await _places(stack)
            left.clear()
            left.update(found)
            return not left

        try:
            await eventually(is_erased, limit=LIMIT_SECONDS)
        except TimeoutError:
            pytest.fail(f"still stored: {left}")

        number = holding(int(gone.user_id))
        numbers: set[str] = set()

        # A queue, such as that of counts, holds the number until its work is done.
        async def is_where_it_stays() -> bool:
            numbers.clear()
            async for stored in everything(stack, NOUNS):
                # Data in caches and in the broker's log expires.
                expires = stored.place.startswith(("valkey ", "log ", "object "))
                if not expires and number.search(stored.content):
                    numbers.add(stored.place)
            return numbers <= NUMBER_STAYS

        try:
            await eventually(is_where_it_stays, limit=LIMIT_SECONDS)
        except TimeoutError:
            pytest.fail(f"the number is also in: {numbers - NUMBER_STAYS}")
        taken = await edge.send(
            "POST", "/v2/users", body={"handle": MARKS["handle"], "password": PASSWORD}
        )

    assert set(before) == set(MARKS)  # the search finds what is there
    assert (taken.status_code, taken.json()["reason"]) == (409, "HANDLE_TAKEN")


def _searched(places: set[str]) -> bool:
    return any(place.startswith("search ") for place in places)


async def _full_account(edge: Edge, friend: Account, endpoint: str) -> Account:
    """An account with data in every field, sent with idempotency keys."""
    answer = await edge.call(
        "POST",
        "/v2/users",
        key="sign-up",
        body={
            "handle": MARKS["handle"],
            "password": PASSWORD,
            "device_name": MARKS["device name"],
        },
    )
    account = Account.from_session(answer)
    profile = {
        "display_name": MARKS["display name"],
        "bio": MARKS["bio"],
        "location": MARKS["location"],
        "website": f"https://{MARKS['website']}.example",
    }
    await edge.call("PATCH", "/v2/users/me", by=account, key="profile", body=profile)
    post = await edge.post(account, f"{MARKS['text before an edit']} #{MARKS['hashtag']}", key="1")
    text = {"text": f"{MARKS['post']} #{MARKS['hashtag']}"}
    await edge.call("PATCH", f"/v2/posts/{post['id']}", by=account, key="2", body=text)
    await _post_picture(edge, account)
    seen = await edge.post(friend, "Good morning")
    await edge.post(account, MARKS["reply"], key="3", reply_to_post_id=seen["id"])
    for act in ("like", "repost", "bookmark"):
        await edge.call("PUT", f"/v2/posts/{seen['id']}/{act}", by=account, key=act)
    await edge.call("PUT", f"/v2/posts/{post['id']}/like", by=friend)
    for one, other in ((account, friend), (friend, account)):
        await edge.follow(one, other.user_id)
        await edge.call("PUT", f"/v2/users/{other.user_id}/watch", by=one)
        await edge.call("GET", "/v2/timelines/home", by=one)
        await edge.call("GET", "/v2/notifications", by=one)
    await edge.call("GET", f"/v2/posts/{post['id']}", by=friend)
    browser = Browser()
    device = {"endpoint": endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}}
    await edge.call("POST", "/v2/push/subscriptions", by=account, key="4", body=device)
    address = {"address": f"{MARKS['mail address']}@mail.example"}
    await edge.call("PUT", "/v2/users/me/email", by=account, key="5", body=address)
    return account


async def _post_picture(edge: Edge, account: Account) -> None:
    """A post with a picture, a profile picture, and one that nothing uses."""
    drawn = drawings.jpeg(drawings.landscape(1, width=300, height=200))
    text = MARKS["description of a picture"]
    posted, avatar, _ = [
        await edge.upload(account, drawn, "image/jpeg", alt_text=text, key=f"picture-{number}")
        for number in range(3)
    ]
    await edge.post(account, "Look", key="6", media_ids=[posted["id"]])
    body = {"avatar_media_id": avatar["id"]}
    await edge.call("PATCH", "/v2/users/me", by=account, key="7", body=body)


async def _places(stack: TestStack) -> dict[str, set[str]]:
    """The places of each mark that is found."""
    found: dict[str, set[str]] = {}
    patterns = {name: holding(mark) for name, mark in MARKS.items()}
    async for stored in everything(stack, NOUNS):
        for name, pattern in patterns.items():
            if pattern.search(stored.content):
                found.setdefault(name, set()).add(stored.place)
    return found

"""A whole stack sends notifications to a device and codes by email."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import Shared
from tests.push import Browser
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# The broker takes some seconds to assign partitions to the first member of a group.
LIMIT_SECONDS = 60.0
PASSWORD = "a long enough passphrase"
ADDRESS = "frank@mail.example"


async def test_a_like_is_pushed_to_the_device_and_a_code_is_sent_by_email(shared: Shared) -> None:
    box, pushes = shared.box, shared.pushes
    async with shared.stack.edge() as edge:
        frank, grace = (
            await edge.register("frank", PASSWORD),
            await edge.register("grace", PASSWORD),
        )
        browser = Browser()
        key = (await edge.call("GET", "/v1/push/key"))["public_key"]
        device = {
            "endpoint": f"{pushes.origin}/frank",
            "expirationTime": None,
            "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
        }
        await edge.call("POST", "/v1/push/subscriptions", by=frank, body=device)
        email = await edge.call("PUT", "/v1/users/me/email", by=frank, body={"address": ADDRESS})
        post = await edge.post(frank, "Good morning")

        await edge.call("PUT", f"/v1/posts/{post['id']}/like", by=grace)
        await eventually(lambda: len(pushes.at("/frank")) == 1, limit=LIMIT_SECONDS)
        await eventually(lambda: len(box.to(ADDRESS)) == 1, limit=LIMIT_SECONDS)
        code = str(box.to(ADDRESS)[0]["Subject"])[:6]
        confirmed = await edge.call(
            "POST", "/v1/users/me/email/confirmation", by=frank, body={"code": code}
        )
        page = await edge.send("GET", "/v1/email/unsubscribe?token=t")
        refused = await edge.send("POST", "/v1/email/unsubscribe?token=t")

    assert email == {"address": ADDRESS, "confirmed": False}
    assert confirmed == {"address": ADDRESS, "confirmed": True}
    (pushed,) = pushes.at("/frank")
    shown: dict[str, Any] = json.loads(browser.decrypt(pushed.body))
    assert (shown["kind"], shown["post_id"]) == ("like", post["id"])
    assert shown["title"] == "grace likes your post"
    assert pushed.claims(pushes.origin, key)["sub"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert refused.json()["reason"] == "UNSUBSCRIBE_TOKEN_INVALID"

"""Notifications leave a whole stack: pushed to a device, and mailed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stacks import TestStack
from tests.mail import mail_server
from tests.push import Browser, push_server
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

# The broker takes some seconds to give the partitions of a new group to its first member.
SETTLED = 60.0
PASSWORD = "a long enough passphrase"
ADDRESS = "alice@mail.example"


async def test_a_like_reaches_the_device_and_a_code_the_mailbox(tmp_path: Path) -> None:
    async with mail_server() as box, push_server() as pushes:
        settings = {
            "ROOST_PUSH_LOOPBACK_ALLOWED": "true",
            "ROOST_SMTP_URL": f"smtp://127.0.0.1:{box.port}",
        }
        async with TestStack(tmp_path, settings) as stack, stack.edge() as edge:
            alice, bob = (
                await edge.register("alice", PASSWORD),
                await edge.register("bob", PASSWORD),
            )
            browser = Browser()
            key = (await edge.call("GET", "/v1/push/key"))["public_key"]
            device = {
                "endpoint": f"{pushes.origin}/alice",
                "expirationTime": None,
                "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
            }
            await edge.call("POST", "/v1/push/subscriptions", by=alice, body=device)
            email = await edge.call(
                "PUT", "/v1/users/me/email", by=alice, body={"address": ADDRESS}
            )
            post = await edge.post(alice, "Good morning")

            await edge.call("PUT", f"/v1/posts/{post['id']}/like", by=bob)
            await eventually(lambda: len(pushes.arrived) == 1, limit=SETTLED)
            await eventually(lambda: len(box.to(ADDRESS)) == 1, limit=SETTLED)
            code = str(box.emails[0]["Subject"])[:6]
            confirmed = await edge.call(
                "POST", "/v1/users/me/email/confirmation", by=alice, body={"code": code}
            )
            page = await edge.send("GET", "/v1/email/unsubscribe?token=t")
            refused = await edge.send("POST", "/v1/email/unsubscribe?token=t")

    assert email == {"address": ADDRESS, "confirmed": False}
    assert confirmed == {"address": ADDRESS, "confirmed": True}
    (pushed,) = pushes.arrived
    shown: dict[str, Any] = json.loads(browser.decrypt(pushed.body))
    assert (shown["kind"], shown["post_id"]) == ("like", post["id"])
    assert shown["title"] == "bob likes your post"
    assert pushed.claims(pushes.origin, key)["sub"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert refused.json()["reason"] == "UNSUBSCRIBE_TOKEN_INVALID"

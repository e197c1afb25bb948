"""No log line has a secret or a text of a user, whether the request succeeds or not."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import structlog

from services.chassis.runtime import logs
from tests.platform.platform import Platform
from tests.servicers.user.conftest import PASSWORD

# Each value occurs in one request field only.
WRONG_PASSWORD = "quokka wrong lamp 71"
NEW_PASSWORD = "quokka other lamp 72"
TEXT = "quokkatext"
MAIL = "quokkamail@example.org"
ENDPOINT = "https://push.example.org/quokkadevice"
PUSH_SECRET = "cXVva2thc2VjcmV0MTIzNA"
CODE = "739154"
UNSUBSCRIBE_TOKEN = "quokkaunsubscribe"
FORGED_ACCESS = "e30.e30.quokkasignature"
FORGED_REFRESH = "rt1.quokkarefresh"
TICKET = "quokkaticket"
QUERY = "quokkaquery"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Logs at the lowest level, as an operator sets it to find a fault."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        logs.configure(service="roost", level="debug")
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def secrets_in(answer: httpx2.Response) -> list[str]:
    """The tokens of a response."""
    given: dict[str, Any] = answer.json()
    return [given[name] for name in ("access_token", "refresh_token", "ticket") if name in given]


async def test_no_log_line_has_a_secret_or_a_text(
    log: io.StringIO, shared_platform: Platform
) -> None:
    alice = await shared_platform.register("alice")
    bearer = {"authorization": f"Bearer {alice.access_token}"}
    push = {"endpoint": ENDPOINT, "keys": {"p256dh": PUSH_SECRET, "auth": PUSH_SECRET}}
    requests: list[tuple[str, str, dict[str, Any] | None, dict[str, str]]] = [
        ("POST", "/v2/users", {"handle": "bob", "password": PASSWORD}, {}),
        ("POST", "/v2/users", {"handle": "alice", "password": PASSWORD}, {}),
        ("POST", "/v2/users", {"handle": "!", "password": WRONG_PASSWORD}, {}),
        ("POST", "/v2/sessions", {"handle": "alice", "password": PASSWORD}, {}),
        ("POST", "/v2/sessions", {"handle": "alice", "password": WRONG_PASSWORD}, {}),
        ("POST", "/v2/sessions", {"handle": 1, "password": WRONG_PASSWORD}, {}),
        ("POST", "/v2/sessions/refresh", {"refresh_token": alice.refresh_token}, {}),
        ("POST", "/v2/sessions/refresh", {"refresh_token": FORGED_REFRESH}, {}),
        ("GET", "/v2/users/me", None, {"authorization": f"Bearer {FORGED_ACCESS}"}),
        ("GET", f"/v2/users/me?access_token={alice.access_token}", None, {}),
        ("POST", "/v2/stream/tickets", None, bearer),
        ("POST", "/v2/posts", {"text": TEXT}, bearer),
        ("POST", "/v2/posts", {"text": TEXT * 100}, bearer),
        ("PUT", "/v2/users/me/email", {"address": MAIL}, bearer),
        ("PUT", "/v2/users/me/email", {"address": MAIL + "@"}, bearer),
        ("POST", "/v2/users/me/email/confirmation", {"code": CODE}, bearer),
        ("POST", "/v2/push/subscriptions", push, bearer),
        ("POST", f"/v2/email/unsubscribe?token={UNSUBSCRIBE_TOKEN}", None, {}),
        (
            "POST",
            "/v2/users/me/password",
            {"old_password": WRONG_PASSWORD, "new_password": NEW_PASSWORD},
            bearer,
        ),
        ("GET", f"/v2/search/posts?q={QUERY}", None, bearer),
        ("GET", f"/v2/search/posts?q=from:{QUERY}", None, bearer),
        ("GET", f"/v2/search/posts?q={QUERY}+({QUERY}", None, bearer),
        ("GET", f"/v2/search/posts?q={'-'.join([QUERY] * 100)}", None, bearer),
        ("GET", f"/v2/search/users?q={QUERY * 50}", None, bearer),
        ("GET", f"/v2/search/typeahead?q={QUERY * 50}", None, bearer),
        ("DELETE", "/v2/users/me", {"password": WRONG_PASSWORD}, bearer),
        ("GET", "/v1/stream", None, {"sec-websocket-protocol": f"roost.ticket.{TICKET}"}),
    ]
    given = [alice.access_token, alice.refresh_token]
    refused = 0
    async with httpx2.AsyncClient(
        transport=shared_platform.transport, base_url="http://gateway"
    ) as client:
        for method, path, body, headers in requests:
            answer = await client.request(method, path, json=body, headers=headers)
            refused += answer.is_error
            if answer.is_success:
                given += secrets_in(answer)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["event"] for line in lines].count("request_refused") == refused > len(requests) / 2
    assert len(given) > 6
    sent = [PASSWORD, WRONG_PASSWORD, NEW_PASSWORD, TEXT, MAIL, ENDPOINT, PUSH_SECRET, CODE]
    sent += [UNSUBSCRIBE_TOKEN, FORGED_ACCESS, FORGED_REFRESH, TICKET, QUERY]
    # A time or a trace's id may have the digits of a code by chance.
    written = [line | {"time": "", "trace_id": ""} for line in lines]
    assert [each for each in (*sent, *given) if each in json.dumps(written)] == []

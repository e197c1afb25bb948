"""A client of the public edge, for commands, tests and the bench."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx2

Json = dict[str, Any]

TIMEOUT_SECONDS = 30.0  # more than the deadline of the edge, so that the edge answers first


class Refused(Exception):
    """The edge answered with a problem; ``status``, ``reason`` and ``detail`` are the problem's."""

    def __init__(self, call: str, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = str(problem.get("reason", ""))
        self.detail = str(problem.get("detail", ""))
        super().__init__(f"{call} was refused: {status} {self.reason} {self.detail}".rstrip())


@dataclass(frozen=True)
class Account:
    """A signed-in user: ids and tokens for calls to the edge."""

    user_id: str
    handle: str
    access_token: str
    refresh_token: str

    @classmethod
    def from_session(cls, answer: Mapping[str, Any]) -> Account:
        """Read the answer of POST /v2/users or /v2/sessions."""
        return cls(
            user_id=answer["user"]["id"],
            handle=answer["user"]["handle"],
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
        )


class Edge:
    """Calls the edge at one address and returns JSON; a problem raises Refused.

    Use it as an async context manager. Calls may run concurrently and share connections.
    ``transport`` replaces the network, for an edge in this process.
    """

    def __init__(
        self,
        address: str,
        *,
        connections: int = 32,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.address = address
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = httpx2.AsyncClient(
            base_url=address,
            limits=limits,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Edge:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: Account | None = None,
        body: Json | None = None,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Json:
        """Make one call as ``by`` (anonymous if absent), with ``key`` as its Idempotency-Key."""
        response = await self.send(method, path, by=by, body=body, key=key, query=query)
        return _answer(f"{method} {path}", response)

    async def send(
        self,
        method: str,
        path: str,
        *,
        by: Account | None = None,
        body: Json | None = None,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        png: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Make one call and return the answer, also a problem. A PNG is sent as a form."""
        return await self._client.request(
            method,
            path,
            json=body,
            files={"file": ("picture.png", png, "image/png")} if png else None,
            headers=_headers(by, key) | dict(headers or {}),
            params=query,
        )

    async def register(self, handle: str, password: str, *, key: str | None = None) -> Account:
        """Register a user and sign in."""
        body = {"handle": handle, "password": password, "device_name": "roost"}
        return Account.from_session(await self.call("POST", "/v2/users", body=body, key=key))

    async def sign_in(self, handle: str, password: str) -> Account:
        """Sign in a registered user."""
        body = {"handle": handle, "password": password, "device_name": "roost"}
        return Account.from_session(await self.call("POST", "/v2/sessions", body=body))

    async def refresh(self, account: Account) -> Account:
        """Exchange the tokens for the next pair."""
        body = {"refresh_token": account.refresh_token}
        renewed = await self.call("POST", "/v1/sessions/refresh", body=body)
        return replace(
            account,
            access_token=renewed["access_token"],
            refresh_token=renewed["refresh_token"],
        )

    async def follow(self, by: Account, user_id: str) -> None:
        """Follow a user."""
        await self.call("PUT", f"/v2/users/{user_id}/follow", by=by)

    async def post(self, by: Account, text: str, *, key: str | None = None, **fields: Any) -> Json:
        """Write a post and return it."""
        return await self.call("POST", "/v2/posts", by=by, body={"text": text, **fields}, key=key)

    async def upload(
        self,
        by: Account,
        file: bytes,
        content_type: str,
        *,
        alt_text: str = "",
        key: str | None = None,
    ) -> Json:
        """Upload a file of up to 10 MB and return the medium when it is ready.

        Raises Refused, also if the file was not accepted by the processing.
        """
        response = await self._client.post(
            "/v2/media",
            headers=_headers(by, key),
            data={"alt_text": alt_text},
            files={"file": ("file", file, content_type)},
        )
        medium = _answer("POST /v2/media", response)
        path = f"/v2/media/{medium['id']}/wait"
        while medium["state"] == "processing":
            medium = await self.call("GET", path, by=by)
        if medium["state"] != "ready":
            raise Refused("POST /v2/media", 422, {"reason": medium["failure"]})
        return medium

    async def walk(
        self,
        path: str,
        *,
        by: Account | None = None,
        limit: int = 100,
        query: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Json]:
        """Yield every item of a list, page by page."""
        cursor: str | None = None
        while True:
            asked = {**(query or {}), "limit": str(limit)} | ({"cursor": cursor} if cursor else {})
            page = await self.call("GET", path, by=by, query=asked)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if not cursor:
                return


def _headers(by: Account | None, key: str | None) -> dict[str, str]:
    headers = {}
    if by is not None:
        headers["authorization"] = f"Bearer {by.access_token}"
    if key is not None:
        headers["idempotency-key"] = key
    return headers


def _answer(call: str, response: httpx2.Response) -> Json:
    if response.is_error:
        raise Refused(call, response.status_code, _json(response))
    return _json(response)


def _json(response: httpx2.Response) -> Json:
    if not response.content:
        return {}
    try:
        found = response.json()
    except ValueError:
        return {"detail": response.text[:200]}
    return found if isinstance(found, dict) else {"detail": str(found)[:200]}

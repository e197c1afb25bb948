"""Calls of OpenSearch within the caller's deadline, and the names of their failures."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
import msgspec

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable

# What one search, and one batch of writes, may take where the caller sets no shorter deadline.
SEARCH_SECONDS = 5.0
WRITE_SECONDS = 10.0
# Creating and deleting an index, and a refresh of one.
ADMIN_SECONDS = 30.0

CONNECTIONS = 20

_JSON = {"content-type": "application/json"}
_EXISTS = "resource_already_exists_exception"


class OpenSearchUnavailable(Unavailable):
    """OpenSearch cannot be reached, is overloaded, or does not answer in time."""


class IndexMissing(Exception):
    """There is no index of this name."""


class RequestRefused(Exception):
    """OpenSearch refused a request: its status, and the type of the error. What else it answers
    may repeat what somebody wrote or searched for, which no log may have."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.type = "unknown"
        try:
            named = _REFUSAL.decode(answer.content).error.type
        except msgspec.DecodeError:
            named = ""
        if named.isidentifier():
            self.type = named
        super().__init__(f"{answer.status_code} {self.type}")


class _Error(msgspec.Struct):
    type: str


class _Refusal(msgspec.Struct):
    error: _Error


_REFUSAL = msgspec.json.Decoder(_Refusal)


class Cluster:
    """The calls that the index of posts makes. Made by `connect`.

    Nothing is repeated here: the callers of the service and the consumer of events try again.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def search(self, index: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The hits, of all shards or none. Raises IndexMissing."""
        limit = deadline.budget(SEARCH_SECONDS)
        answer = await self._call(
            "POST",
            f"/{index}/_search?allow_partial_search_results=false",
            {**body, "timeout": f"{max(int(limit * 1000), 1)}ms", "track_total_hits": False},
            seconds=limit,
        )
        if answer["timed_out"]:
            raise OpenSearchUnavailable
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits

    async def get(self, index: str, ids: Sequence[int], fields: Sequence[str]) -> list[Any]:
        """The documents as they are stored now, refreshed or not."""
        answer = await self._call(
            "POST",
            f"/{index}/_mget?_source_includes={','.join(fields)}",
            {"ids": [str(each) for each in ids]},
            seconds=WRITE_SECONDS,
        )
        documents: list[Any] = answer["docs"]
        if any("error" in each for each in documents):
            raise OpenSearchUnavailable
        return documents

    async def bulk(self, index: str, lines: Sequence[bytes]) -> list[dict[str, Any]]:
        """The results of the actions, in their order. An action that failed is no error here."""
        answer = await self._call(
            "POST",
            f"/{index}/_bulk?filter_path=items.*.status,items.*.error",
            b"\n".join([*lines, b""]),
            seconds=WRITE_SECONDS,
        )
        return [next(iter(each.values())) for each in answer["items"]]

    async def create(self, index: str, body: Mapping[str, Any]) -> bool:
        """Creates an index, and waits until it takes writes; False if it exists."""
        try:
            await self._call("PUT", f"/{index}", body, seconds=ADMIN_SECONDS)
        except RequestRefused as refused:
            if refused.type == _EXISTS:
                return False
            raise
        return True

    async def names(self, pattern: str) -> set[str]:
        """The names of the indexes that match the pattern."""
        return set(await self._call("GET", f"/{pattern}/_settings", seconds=ADMIN_SECONDS))

    async def delete(self, index: str) -> None:
        """Deletes an index, if it exists."""
        await self._call("DELETE", f"/{index}?ignore_unavailable=true", seconds=ADMIN_SECONDS)

    async def refresh(self, index: str) -> None:
        """Makes what was written visible to searches. Raises IndexMissing."""
        await self._call("POST", f"/{index}/_refresh", seconds=ADMIN_SECONDS)

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        seconds: float,
    ) -> Any:
        limit = deadline.budget(seconds)
        if body is not None and not isinstance(body, bytes):
            body = msgspec.json.encode(body)
        with _translated():
            async with asyncio.timeout(limit):
                answer = await self._client.request(
                    method, path, content=body, headers=_JSON, timeout=limit
                )
            _raise_if_refused(answer)
            return msgspec.json.decode(answer.content)


@asynccontextmanager
async def connect(url: str, *, username: str = "", password: str = "") -> AsyncIterator[Cluster]:
    """A client for the block's length. It connects when it is used; certificates are verified by
    the authorities of the system."""
    async with httpx2.AsyncClient(
        base_url=url,
        auth=(username, password) if username else None,
        verify=ssl.create_default_context(),
        limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        trust_env=False,
    ) as client:
        yield Cluster(client)


def _raise_if_refused(answer: httpx2.Response) -> None:
    if answer.is_success:
        return
    if answer.status_code == httpx2.codes.NOT_FOUND:
        raise IndexMissing
    # Below 500 the request is wrong, except where it is one of too many, or the node does not
    # accept our name: then nothing works until an operator has acted.
    if answer.status_code in {401, 403, 429} or answer.status_code >= 500:
        raise OpenSearchUnavailable from RequestRefused(answer)
    raise RequestRefused(answer)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as late:
        if deadline.remaining() == 0.0:
            raise DeadlineExceeded from late
        raise OpenSearchUnavailable from late
    except (OSError, httpx2.TransportError, httpx2.DecodingError, msgspec.DecodeError) as lost:
        raise OpenSearchUnavailable from lost

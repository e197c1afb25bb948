"""Calls of OpenSearch within the caller's deadline, and the names of their failures."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import msgspec
from opensearchpy import (
    AsyncHttpConnection,
    AsyncOpenSearch,
    ConnectionTimeout,
    NotFoundError,
    SerializationError,
    TransportError,
)
from opensearchpy import ConnectionError as ConnectionLost

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable

# What one search, and one batch of writes, may take where the caller sets no shorter deadline.
SEARCH_SECONDS = 5.0
WRITE_SECONDS = 10.0
# Creating and deleting an index, and a refresh of one.
ADMIN_SECONDS = 30.0

CONNECTIONS = 20

_EXISTS = "resource_already_exists_exception"


class OpenSearchUnavailable(Unavailable):
    """OpenSearch cannot be reached, is overloaded, or does not answer in time."""


class IndexMissing(Exception):
    """There is no index of this name."""


class RequestRefused(Exception):
    """OpenSearch refused a request: its status, and the type of the error. What else it answers
    may repeat what somebody wrote or searched for, which no log may have."""

    def __init__(self, refused: TransportError) -> None:
        # The client has parsed the answer where its type says that it is JSON.
        self.type = str(refused.error)
        with suppress(msgspec.DecodeError):
            self.type = _REFUSAL.decode(self.type).error.type
        if not self.type.isidentifier():
            self.type = "unknown"
        super().__init__(f"{refused.status_code} {self.type}")


class _Error(msgspec.Struct):
    type: str


class _Refusal(msgspec.Struct):
    error: _Error


_REFUSAL = msgspec.json.Decoder(_Refusal)


class Cluster:
    """The calls that the index of posts makes. Made by `connect`.

    Nothing is repeated here: the callers of the service and the consumer of events try again.
    """

    def __init__(self, client: AsyncOpenSearch) -> None:
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
                return await self._client.transport.perform_request(
                    method,
                    path,
                    body=body,
                    params={"request_timeout": limit},
                    headers={"content-type": "application/json"},
                )


@asynccontextmanager
async def connect(url: str, *, username: str = "", password: str = "") -> AsyncIterator[Cluster]:
    """A client for the block's length. It connects when it is used; certificates are verified by
    the authorities of the system."""
    # Every failure is raised with its cause; the client would log each of them too.
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)
    client = AsyncOpenSearch(
        hosts=[url],
        http_auth=(username, password) if username else None,
        ssl_context=ssl.create_default_context() if url.startswith("https:") else None,
        connection_class=AsyncHttpConnection,
        maxsize=CONNECTIONS,
        max_retries=0,
        retry_on_timeout=False,
    )
    try:
        yield Cluster(client)
    finally:
        await client.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (TimeoutError, ConnectionTimeout) as late:
        if deadline.remaining() == 0.0:
            raise DeadlineExceeded from late
        raise OpenSearchUnavailable from late
    except NotFoundError:
        raise IndexMissing from None
    except ConnectionLost as lost:
        raise OpenSearchUnavailable from lost
    except TransportError as refused:
        # Below 500 the request is wrong, except where it is one of too many, or the node does not
        # accept our name: then nothing works until an operator has acted.
        status = int(refused.status_code)
        if status in {401, 403, 429} or status >= 500:
            raise OpenSearchUnavailable from RequestRefused(refused)
        raise RequestRefused(refused) from None
    except (OSError, SerializationError) as lost:
        raise OpenSearchUnavailable from lost

"""The operator's calls of the Search service, through the mesh, signed with the operator's key."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from roost.search.v1 import search_admin_service_pb2 as rpc
from roost.search.v1.search_admin_service_pb2_grpc import SearchAdminServiceStub
from roost.search.v1.search_pb2 import Reindex

from local.ports import HOST
from local.secret_store import OPERATOR, SecretStore
from local.state import State
from services.chassis.auth.tokens import ServiceIdentity, SigningKey
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.tls import TlsFiles

# A start waits for running changes of the index.
_CALL_SECONDS = 15.0


class SearchOperator:
    """Calls SearchAdminService. The methods raise the errors of the contract (RoostError)."""

    def __init__(self, mesh: Mesh) -> None:
        self._search = mesh.as_service(SearchAdminServiceStub, timeout=_CALL_SECONDS)

    async def start_reindex(self) -> Reindex:
        """Begin to rebuild the index of posts."""
        request = rpc.StartReindexRequest(request_id=str(uuid.uuid4()))
        return (await self._search.StartReindex(request)).reindex

    async def reindex(self, reindex_id: int = 0) -> Reindex:
        """Return a rebuild and its progress; the latest for 0."""
        return (await self._search.GetReindex(rpc.GetReindexRequest(reindex_id=reindex_id))).reindex

    async def cancel_reindex(self, reindex_id: int) -> Reindex:
        """End a rebuild."""
        request = rpc.CancelReindexRequest(reindex_id=reindex_id)
        return (await self._search.CancelReindex(request)).reindex

    async def hide_hashtag(self, tag: str) -> None:
        """Remove a hashtag from trends, suggestions and searches of hashtags."""
        await self._search.HideHashtag(rpc.HideHashtagRequest(tag=tag))

    async def unhide_hashtag(self, tag: str) -> None:
        """Show a hashtag again."""
        await self._search.UnhideHashtag(rpc.UnhideHashtagRequest(tag=tag))

    async def hidden_hashtags(self) -> AsyncIterator[str]:
        """Return the hidden hashtags, page by page."""
        request = rpc.ListHiddenHashtagsRequest(page_size=100)
        while True:
            page = await self._search.ListHiddenHashtags(request)
            for tag in page.tags:
                yield tag
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


@dataclass(frozen=True)
class Access:
    """How the operator reaches a mesh: its address, the operator's private key, and the files of
    mutual TLS if the mesh has it."""

    mesh: str
    key: SigningKey
    tls: TlsFiles | None = None


def local_access(state: State) -> Access:
    """Return the access to the running stack of a state folder."""
    ports = json.loads(state.ports.read_text())
    secrets = SecretStore(state.secrets)
    tls = read_tls(secrets.tls_folder(OPERATOR)) if state.read().tls else None
    return Access(f"{HOST}:{ports['mesh']}", read_key(secrets.identity(OPERATOR)), tls)


def read_key(file: Path) -> SigningKey:
    """Read the operator's private key (PEM). Raises OSError, or ValueError if there is none."""
    return SigningKey.from_pem(OPERATOR, file.read_bytes())


def read_tls(folder: Path) -> TlsFiles:
    """Read tls.crt, tls.key and ca.crt. Raises OSError, or ValueError if they do not fit."""
    return TlsFiles(
        certificate=folder / "tls.crt", key=folder / "tls.key", authority=folder / "ca.crt"
    )


@asynccontextmanager
async def search_operator(access: Access) -> AsyncIterator[SearchOperator]:
    """Connect to a mesh."""
    identity = ServiceIdentity(access.key, clock=SystemClock())
    async with Mesh(access.mesh, identity=identity, tls=access.tls) as mesh:
        yield SearchOperator(mesh)

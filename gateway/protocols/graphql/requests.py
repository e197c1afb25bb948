"""How requests are read (https://graphql.github.io/graphql-over-http/draft/), strictly."""

import re
from functools import lru_cache
from typing import Any, Protocol

from msgspec import Struct
from msgspec import field as named

from gateway.core.asgi import Headers
from gateway.core.bodies import BodyReader
from gateway.core.errors import NotAcceptable
from gateway.protocols.graphql.documents import Document

# A document of 16 KiB and its variables, escaped.
MAX_BODY_BYTES = 64 * 1024

JSON = b"application/json"
_REFUSED = re.compile(r";\s*q=0(?:\.0*)?\s*(?:;|$)")
RESPONSE_JSON = b"application/graphql-response+json"


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """One operation to carry out."""

    query: str | None = None
    document_id: str | None = named(default=None, name="documentId")
    operation_name: str | None = named(default=None, name="operationName")
    variables: dict[str, Any] | None = None
    # Other servers use it; it is ignored here.
    extensions: dict[str, Any] | None = None


READER = BodyReader(Request)


def answer_type(headers: Headers) -> bytes:
    """The type to answer with. Raises NotAcceptable where the client takes neither."""
    return _answer_type(headers.get(b"accept", b""))


@lru_cache(maxsize=256)
def _answer_type(accept: bytes) -> bytes:
    if not accept.strip():
        return JSON
    ranges = [each.strip() for each in accept.decode("latin-1").lower().split(",")]
    taken = [each.partition(";")[0].strip() for each in ranges if _REFUSED.search(each) is None]
    if RESPONSE_JSON.decode() in taken:
        return RESPONSE_JSON
    if any(each in {"application/json", "application/*", "*/*"} for each in taken):
        return JSON
    raise NotAcceptable("Answers are application/json or application/graphql-response+json.")


class Find(Protocol):
    """Finds the document of a request, as `GraphQL.find` does."""

    def __call__(self, request: Request, *, whose: object) -> Document:
        """The document of a request, read on the account of a user."""
        ...

"""Documents that are known beforehand, by the SHA-256 of their text.

An app's `.graphql` files become the manifest that the gateway is given; the app sends the id of a
document in place of its text. Each file is one document with one operation, with the fragments
that it needs.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from graphql import GraphQLSchema

from gateway.protocols.graphql.documents import Document, DocumentErrors, Documents
from gateway.protocols.graphql.errors import DocumentNotTrusted
from gateway.protocols.graphql.limits import TRUSTED
from services.chassis.runtime.errors import RoostError


class ManifestInvalid(ValueError):
    """A document of the manifest is not what its id says, or does not fit the schema."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The documents of one or several apps."""

    documents: dict[str, str]
    version: int = 1


class TrustedDocuments:
    """The documents of a manifest, read when the process starts."""

    def __init__(self, texts: Mapping[str, str], schema: GraphQLSchema) -> None:
        documents = Documents(schema, introspection=False)
        self._known = {key: _validated(documents, key, text) for key, text in texts.items()}

    def find(self, document_id: str) -> Document:
        """The document of this id. Raises DocumentNotTrusted."""
        found = self._known.get(document_id)
        if found is None:
            raise DocumentNotTrusted
        return found


def load(path: Path | None, schema: GraphQLSchema) -> TrustedDocuments:
    """Those of a manifest's file; none without one. Raises OSError, or ManifestInvalid."""
    if path is None:
        return TrustedDocuments({}, schema)
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise ManifestInvalid(f"{path}: {error}") from None
    return TrustedDocuments(manifest.documents, schema)


def id_of(text: str) -> str:
    """The id of a document."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def manifest_of(folders: Iterable[Path], schema: GraphQLSchema) -> bytes:
    """The manifest of all `.graphql` files in folders. Raises ManifestInvalid, naming the file."""
    documents = Documents(schema, introspection=False)
    found = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*.graphql")):
        text = path.read_text(encoding="utf-8")
        try:
            _validated(documents, id_of(text), text)
        except ManifestInvalid as error:
            raise ManifestInvalid(f"{path}: {error}") from None
        found[id_of(text)] = text
    return msgspec.json.format(msgspec.json.encode(Manifest(found)), indent=2) + b"\n"


def _validated(documents: Documents, key: str, text: str) -> Document:
    if id_of(text) != key:
        raise ManifestInvalid(f"{key} is not the id of its document")
    try:
        document = documents.read(text, TRUSTED)
    except DocumentErrors as error:
        raise ManifestInvalid("; ".join(each.message for each in error.errors)) from None
    except RoostError as error:
        raise ManifestInvalid(error.message) from None
    if len(document.operations) != 1:
        raise ManifestInvalid(f"{key} does not hold exactly one operation")
    return document

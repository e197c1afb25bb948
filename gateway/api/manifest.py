"""Writes the manifest of an app's documents (see protocols/graphql/trusted_documents).

python -m gateway.api.manifest FOLDER… > manifest.json
"""

import sys
from pathlib import Path

from gateway.api.schema import SCHEMA
from gateway.protocols.graphql.trusted_documents import manifest_of

if __name__ == "__main__":
    sys.stdout.buffer.write(manifest_of(map(Path, sys.argv[1:]), SCHEMA))

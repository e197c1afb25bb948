"""The index of posts in OpenSearch. Accounts and generations are in PostgreSQL."""

from services.search.adapters.opensearch.cluster import Cluster, connect
from services.search.adapters.opensearch.index import OpenSearchPostIndex

__all__ = ["Cluster", "OpenSearchPostIndex", "connect"]

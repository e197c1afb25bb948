"""The indexes in PostgreSQL, or in Citus by the same statements."""

from services.search.adapters.postgres.post_index import PostgresPostIndex
from services.search.adapters.postgres.store import PostgresSearchStore, connection_of

__all__ = ["PostgresPostIndex", "PostgresSearchStore", "connection_of"]

"""The indexes in PostgreSQL, or in Citus by the same statements."""

from services.search.adapters.postgres.store import PostgresSearchStore, connection_of

__all__ = ["PostgresSearchStore", "connection_of"]

"""Posts in PostgreSQL, or in Citus by the same statements."""

from services.post.adapters.postgres.store import PostgresStore

__all__ = ["PostgresStore"]

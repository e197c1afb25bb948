"""Posts in PostgreSQL, or in Citus by the same statements."""

from services.post.store_postgres.store import PostgresStore

__all__ = ["PostgresStore"]

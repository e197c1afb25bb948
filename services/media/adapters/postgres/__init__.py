"""Media in PostgreSQL, or in Citus by the same statements."""

from services.media.adapters.postgres.store import PostgresMediaStore

__all__ = ["PostgresMediaStore"]

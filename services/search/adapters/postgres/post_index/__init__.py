"""The index of posts in PostgreSQL."""

from services.search.adapters.postgres.post_index.index import PostgresPostIndex

__all__ = ["PostgresPostIndex"]

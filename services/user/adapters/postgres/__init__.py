"""The User service's store on PostgreSQL: plain SQL."""

from services.user.adapters.postgres.store import PostgresUserStore

__all__ = ["PostgresUserStore"]

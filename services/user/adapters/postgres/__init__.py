"""The User service's store on PostgreSQL: plain SQL, each statement within one shard key."""

from services.user.adapters.postgres.store import PostgresUserStore

__all__ = ["PostgresUserStore"]

"""Users, handles and passwords on PostgreSQL. Each statement stays within one shard key."""

from collections.abc import Callable, Sequence
from datetime import datetime

import asyncpg

from services.chassis.storage.postgres import Database, PostgresTransaction
from services.user.domain.model import ProfileMedium, Settings, User

_COLUMNS = """
u.id, u.handle, u.display_name, u.bio, u.location, u.website, u.protected,
c.followers, c.following, c.posts, u.create_time, u.update_time, u.version,
u.avatar_media_id, u.avatar_version, u.avatar_content,
u.banner_media_id, u.banner_version, u.banner_content
"""

_USERS = f"""
SELECT {_COLUMNS} FROM users u JOIN user_counts c ON c.user_id = u.id
WHERE u.id = ANY($1::bigint[]) AND u.delete_time IS NULL
"""  # noqa: S608 - a constant

# On one PostgreSQL both tables are read by their primary keys, from $1 up to the last row of the
# page. On Citus a page has users of every shard: each joins its own rows and returns up to $2 of
# them, and the coordinator merges these.
_SCAN = f"""
SELECT {_COLUMNS} FROM users u JOIN user_counts c ON c.user_id = u.id
WHERE u.id > $1 AND c.user_id > $1 AND u.delete_time IS NULL ORDER BY u.id LIMIT $2
"""  # noqa: S608 - a constant

_CLAIM = """
INSERT INTO handles (handle_key, user_id, create_time) SELECT $1, $2, $3
WHERE NOT EXISTS (SELECT FROM handles WHERE handle_key = $4)
ON CONFLICT DO NOTHING RETURNING true
"""

_ADD = """
INSERT INTO users (id, handle, display_name, bio, location, website, protected, version,
                   create_time, update_time, avatar_media_id, avatar_version, avatar_content,
                   banner_media_id, banner_version, banner_content)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""

_LOCK = f"""
SELECT {_COLUMNS} FROM users u JOIN user_counts c ON c.user_id = u.id
WHERE u.id = $1 AND u.delete_time IS NULL FOR NO KEY UPDATE OF u
"""  # noqa: S608 - a constant

_SAVE = """
UPDATE users SET display_name = $2, bio = $3, location = $4, website = $5, protected = $6,
                 version = $7, update_time = $8,
                 avatar_media_id = $9, avatar_version = $10, avatar_content = $11,
                 banner_media_id = $12, banner_version = $13, banner_content = $14
WHERE id = $1
"""

_DELETE = """
UPDATE users SET display_name = '', bio = '', location = '', website = '', protected = false,
                 version = version + 1, update_time = $2, delete_time = $2,
                 avatar_media_id = 0, avatar_version = 0, avatar_content = NULL,
                 banner_media_id = 0, banner_version = 0, banner_content = NULL
WHERE id = $1
"""

_REMEMBER_NETWORK = """
INSERT INTO known_networks (user_id, network_hash, last_used_time) VALUES ($1, $2, $3)
ON CONFLICT (user_id, network_hash) DO UPDATE SET last_used_time = excluded.last_used_time
"""

_SETTINGS = "SELECT alt_text_reminder FROM settings WHERE user_id = $1"

_SAVE_SETTINGS = """
INSERT INTO settings (user_id, alt_text_reminder) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET alt_text_reminder = excluded.alt_text_reminder
"""

_HANDLE_OF_DELETED = """
SELECT handle FROM users WHERE id = $1 AND delete_time IS NOT NULL FOR UPDATE
"""


def _user_of(row: asyncpg.Record) -> User:
    """The user in a row of _COLUMNS."""
    return User(
        id=row[0],
        handle=row[1],
        display_name=row[2],
        bio=row[3],
        location=row[4],
        website=row[5],
        protected=row[6],
        followers_count=row[7],
        following_count=row[8],
        posts_count=row[9],
        create_time=row[10],
        update_time=row[11],
        version=row[12],
        avatar=_medium_of(*row[13:16]),
        banner=_medium_of(*row[16:19]),
    )


def _medium_of(medium_id: int, version: int, content: bytes | None) -> ProfileMedium | None:
    # An id without content is from before media existed, and names nothing.
    if not medium_id or content is None:
        return None
    return ProfileMedium(medium_id, version, content)


def _medium_columns(medium: ProfileMedium | None) -> tuple[int, int, bytes | None]:
    return (0, 0, None) if medium is None else (medium.id, medium.version, medium.content)


def _settings_of(row: asyncpg.Record | None) -> Settings:
    return Settings() if row is None else Settings(alt_text_reminder=row[0])


class PostgresAccountTransaction(PostgresTransaction):
    """See `store.AccountTransaction`."""

    async def claim_handle(self, key: str, user_id: int, *, tombstone: str) -> bool:
        claimed = await self.connection.fetchval(_CLAIM, key, user_id, self._clock.now(), tombstone)
        return claimed is not None

    async def retire_handle(self, user_id: int, form_of: Callable[[str], str]) -> None:
        handle = await self.connection.fetchval(_HANDLE_OF_DELETED, user_id)
        if handle:
            await self.connection.execute(
                "INSERT INTO handles (handle_key, user_id, create_time) VALUES ($1, $2, $3) "
                "ON CONFLICT DO NOTHING",
                form_of(handle.lower()),
                user_id,
                self._clock.now(),
            )

    async def forget_user(self, user_id: int) -> str | None:
        handle = await self.connection.fetchval(_HANDLE_OF_DELETED, user_id)
        if not handle:
            return None
        key: str = handle.lower()
        await self.connection.execute("UPDATE users SET handle = '' WHERE id = $1", user_id)
        await self.connection.execute("DELETE FROM handles WHERE handle_key = $1", key)
        await self.connection.execute("DELETE FROM user_counts WHERE user_id = $1", user_id)
        return key

    async def add_user(self, user: User, password_hash: str) -> None:
        await self.connection.execute(
            _ADD,
            user.id,
            user.handle,
            user.display_name,
            user.bio,
            user.location,
            user.website,
            user.protected,
            user.version,
            user.create_time,
            user.update_time,
            *_medium_columns(user.avatar),
            *_medium_columns(user.banner),
        )
        await self.connection.execute(
            "INSERT INTO user_counts (user_id, followers, following, posts) "
            "VALUES ($1, $2, $3, $4)",
            user.id,
            user.followers_count,
            user.following_count,
            user.posts_count,
        )
        await self.connection.execute(
            "INSERT INTO credentials (user_id, password_hash, update_time) VALUES ($1, $2, $3)",
            user.id,
            password_hash,
            user.create_time,
        )

    async def lock_user(self, user_id: int) -> User | None:
        row = await self.connection.fetchrow(_LOCK, user_id)
        return None if row is None else _user_of(row)

    async def save_profile(self, user: User) -> None:
        await self.connection.execute(
            _SAVE,
            user.id,
            user.display_name,
            user.bio,
            user.location,
            user.website,
            user.protected,
            user.version,
            user.update_time,
            *_medium_columns(user.avatar),
            *_medium_columns(user.banner),
        )

    async def delete_user(self, user_id: int, now: datetime) -> None:
        await self.connection.execute(_DELETE, user_id, now)
        await self.connection.execute("DELETE FROM credentials WHERE user_id = $1", user_id)
        await self.connection.execute("DELETE FROM settings WHERE user_id = $1", user_id)
        await self.forget_networks(user_id)

    async def settings(self, user_id: int) -> Settings:
        return _settings_of(await self.connection.fetchrow(_SETTINGS, user_id))

    async def save_settings(self, user_id: int, settings: Settings) -> None:
        await self.connection.execute(_SAVE_SETTINGS, user_id, settings.alt_text_reminder)

    async def forget_networks(self, user_id: int) -> None:
        await self.connection.execute("DELETE FROM known_networks WHERE user_id = $1", user_id)

    async def lock_password(self, user_id: int) -> str | None:
        found: str | None = await self.connection.fetchval(
            "SELECT password_hash FROM credentials WHERE user_id = $1 FOR UPDATE", user_id
        )
        return found

    async def set_password(self, user_id: int, password_hash: str, now: datetime) -> None:
        await self.connection.execute(
            "UPDATE credentials SET password_hash = $2, update_time = $3 WHERE user_id = $1",
            user_id,
            password_hash,
            now,
        )

    async def remember_network(self, user_id: int, network_hash: bytes, now: datetime) -> None:
        await self.connection.execute(_REMEMBER_NETWORK, user_id, network_hash, now)


class PostgresAccounts:
    """The reads of users, handles and passwords; see `store.Store`."""

    _database: Database

    async def users(self, user_ids: Sequence[int]) -> list[User]:
        return [_user_of(row) for row in await self._database.fetch(_USERS, user_ids)]

    async def scan_users(self, *, after_id: int, limit: int) -> list[User]:
        return [_user_of(row) for row in await self._database.fetch(_SCAN, after_id, limit)]

    async def settings(self, user_id: int) -> Settings:
        return _settings_of(await self._database.fetchrow(_SETTINGS, user_id))

    async def ids_of_handles(self, keys: Sequence[str]) -> dict[str, int]:
        rows = await self._database.fetch(
            "SELECT handle_key, user_id FROM handles WHERE handle_key = ANY($1::text[])", keys
        )
        return {row[0]: row[1] for row in rows}

    async def password_of(self, user_id: int) -> str | None:
        found: str | None = await self._database.fetchval(
            "SELECT password_hash FROM credentials WHERE user_id = $1", user_id
        )
        return found

    async def is_known_network(self, user_id: int, network_hash: bytes) -> bool:
        found: bool = await self._database.fetchval(
            "SELECT EXISTS (SELECT FROM known_networks WHERE user_id = $1 AND network_hash = $2)",
            user_id,
            network_hash,
        )
        return found

"""The index of users in PostgreSQL.

If a word of the query is rare, its users are read and sorted. Otherwise the rows of `user_words`
are read in the order of results, which is that of its key: as many as are returned, however many
users match. Users whom the viewer follows come first; they are few, and are read by their ids.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database
from services.chassis.storage.transaction import Transaction
from services.search.adapters.postgres.store import connection_of
from services.search.domain.posts.model import Viewer
from services.search.domain.users.changes import Stored, applied
from services.search.domain.users.index import UserIndex
from services.search.domain.users.matching import driver, match
from services.search.domain.users.model import (
    RANKS,
    FoundUser,
    IndexedUser,
    Position,
    Quality,
    SetFollowers,
    UserChange,
    UserQuery,
    rank_of,
    user_id_of,
)

# Rows of the first step of a scan; each further step has twice as many, up to the second figure.
_STEP = (50, 1_600)
# A word with fewer users is rare. Reading and sorting them takes about 3 ms.
_RARE = 500
# Above every code point of a word in the collation "C".
_HIGHEST = "\U0010ffff"

_COLUMNS = "u.user_id, u.version, u.followers_count, u.deleted, u.whole_name, u.names, u.bio"
_BY_HANDLE = f"SELECT {_COLUMNS} FROM users u WHERE u.handle = $1 AND NOT u.deleted"  # noqa: S608 - column names
_AMONG = f"""
SELECT {_COLUMNS} FROM unnest($1::bigint[]) AS f (user_id) JOIN users u USING (user_id)
WHERE NOT u.deleted"""  # noqa: S608 - column names
_IDS = """
(SELECT user_id FROM user_words WHERE kind = $1 AND rank = ANY ($3::smallint[])
  AND word >= $4 AND word < $5 LIMIT $7)
UNION ALL
(SELECT user_id FROM user_words WHERE kind = $2 AND rank = ANY ($3::smallint[])
  AND word = $6 LIMIT $7)"""
# The ranks are listed, so that PostgreSQL reads the primary key in its order, and of each rank only
# the words of the range.
_SCAN = f"""
SELECT w.rank, w.word, {_COLUMNS} FROM user_words w JOIN users u USING (user_id)
WHERE w.kind = $1 AND w.rank = ANY ($2::smallint[])
  AND (w.word, w.user_id) > ($3, $4)"""  # noqa: S608 - column names
_SCAN_NAMES = _SCAN + " AND w.word < $6"
_SCAN_WORDS = _SCAN + " AND w.word = ANY ($6::text[])"
_SCAN_ORDER = " ORDER BY w.rank, w.word, w.user_id LIMIT $5"

# The version of a row that this transaction added, so that it can be locked.
_NEW = -1
_IDS_BETWEEN = """
SELECT user_id FROM users WHERE user_id BETWEEN $1 AND $2 AND NOT deleted ORDER BY user_id
"""
_ADD = """
INSERT INTO users (user_id, version, followers_count, rank, handle, whole_name, names, bio)
SELECT id, -1, 0, 0, '', '', '', '' FROM unnest($1::bigint[]) AS n (id) ORDER BY id
ON CONFLICT DO NOTHING"""
_LOCK = f"""
SELECT {_COLUMNS} FROM users u WHERE u.user_id = ANY ($1::bigint[])
ORDER BY u.user_id FOR UPDATE"""  # noqa: S608 - column names
_SAVE = """
UPDATE users u SET version = n.version, followers_count = n.followers_count, rank = n.rank,
  deleted = n.deleted, handle = n.handle, whole_name = n.whole_name, names = n.names, bio = n.bio
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::boolean[], $6::text[],
  $7::text[], $8::text[], $9::text[])
  AS n (user_id, version, followers_count, rank, deleted, handle, whole_name, names, bio)
WHERE u.user_id = n.user_id"""
_DELETE_WORDS = """
DELETE FROM user_words w
USING unnest($1::smallint[], $2::smallint[], $3::text[], $4::bigint[])
  AS n (kind, rank, word, user_id)
WHERE (w.kind, w.rank, w.word, w.user_id) = (n.kind, n.rank, n.word, n.user_id)"""
_ADD_WORDS = """
INSERT INTO user_words (kind, rank, word, user_id)
SELECT * FROM unnest($1::smallint[], $2::smallint[], $3::text[], $4::bigint[])"""

_ALL_RANKS = range(RANKS + 1)

# A row of user_words: kind, rank, word, user.
_Row = tuple[int, int, str, int]


class PostgresUserIndex:
    """See `index.UserIndex`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, query: UserQuery, viewer: Viewer, *, after: Position | None, limit: int
    ) -> list[FoundUser]:
        async with self._database.connection() as connection:
            ids = await _ids_of_a_rare_word(connection, query)
            if ids is not None:
                found = await _among(connection, ids - viewer.blocked, query, viewer)
                return [each for each in found if after is None or each.position > after][:limit]
            return await _in_order(connection, query, viewer, after, limit)

    async def ids(self, first_id: int, last_id: int) -> list[int]:
        return [row[0] for row in await self._database.fetch(_IDS_BETWEEN, first_id, last_id)]

    async def apply(self, transaction: Transaction, changes: Sequence[UserChange]) -> None:
        connection = connection_of(transaction)
        by_user: dict[int, list[UserChange]] = {}
        for change in changes:
            by_user.setdefault(user_id_of(change), []).append(change)
        added = [
            user_id
            for user_id, given in by_user.items()
            if not all(isinstance(each, SetFollowers) for each in given)
        ]
        if added:
            await connection.execute(_ADD, added)
        before = {
            row["user_id"]: _stored(row)
            for row in await connection.fetch(_LOCK, list(by_user))
            if row["version"] != _NEW
        }
        after = {
            user_id: stored
            for user_id, given in by_user.items()
            if (stored := applied(before.get(user_id), given)) is not None
            if stored != before.get(user_id)
        }
        await _save(connection, before, after)


async def _ids_of_a_rare_word(connection: Connection, query: UserQuery) -> set[int] | None:
    """All users with one word of the query, if a word is rare; None if all words are common."""
    bio = Quality.BIO if query.with_bio else -1
    for word in sorted(query.words, key=len, reverse=True):
        kinds = Quality.NAME, bio, _ALL_RANKS
        rows = await connection.fetch(_IDS, *kinds, word, word + _HIGHEST, word, _RARE)
        if len(rows) < _RARE:
            return {row["user_id"] for row in rows}
    return None


async def _among(
    connection: Connection, ids: Collection[int], query: UserQuery, viewer: Viewer
) -> list[FoundUser]:
    """Those of the users that match, in the order of results."""
    if not ids:
        return []
    condition, values = _has_words(query, first=2)
    rows = await connection.fetch(_AMONG + condition, sorted(ids), *values)
    found = (match(query, _user(row), viewer) for row in rows)
    return sorted(each for each in found if each is not None)


async def _in_order(
    connection: Connection,
    query: UserQuery,
    viewer: Viewer,
    after: Position | None,
    limit: int,
) -> list[FoundUser]:
    followed = await _among(connection, viewer.following - viewer.blocked, query, viewer)
    found: list[FoundUser] = []
    for quality in Quality:
        found += [
            each
            for each in followed
            if each.position.quality == quality
            if after is None or each.position > after
        ]
        if len(found) >= limit:
            break
        async for each in _others(connection, query, viewer, quality, after):
            found.append(each)
            if len(found) == limit:
                break
    return found[:limit]


async def _others(
    connection: Connection,
    query: UserQuery,
    viewer: Viewer,
    quality: Quality,
    after: Position | None,
) -> AsyncIterator[FoundUser]:
    """The matching users of one quality whom the viewer does not follow, in their order."""
    start = Position(quality, 1, 0, "", 0)
    if after is not None:
        start = max(start, after)
    if (start.quality, start.distance) != (quality, 1) or not _is_wanted(query, quality):
        return
    if quality is Quality.HANDLE:
        rows = _by_handle(connection, query)
    else:
        rows = _scan(connection, query, quality, start)
    async for row in rows:
        found = match(query, _user(row), viewer)
        # A row of a user who matches better, or by an earlier word, or whom the viewer follows, is
        # not the place of the user.
        if (
            found is not None
            and found.position > start
            and found.position[:2] == (quality, 1)
            and (quality is Quality.HANDLE or found.position.word == row["word"])
            and found.user_id not in viewer.blocked
        ):
            yield found


def _is_wanted(query: UserQuery, quality: Quality) -> bool:
    """Whether users of this quality can match."""
    match quality:
        case Quality.HANDLE:
            return bool(query.handle)
        case Quality.WHOLE_NAME:
            return bool(query.whole)
        case Quality.NAME:
            return True
        case Quality.BIO:
            return query.with_bio


async def _by_handle(connection: Connection, query: UserQuery) -> AsyncIterator[Any]:
    for row in await connection.fetch(_BY_HANDLE, query.handle):
        yield row


async def _scan(
    connection: Connection, query: UserQuery, quality: Quality, start: Position
) -> AsyncIterator[Any]:
    """The rows of `user_words` behind `start` that may match, in the order of results."""
    condition, words = _has_words(query, first=7)
    sql = (_SCAN_NAMES if quality is Quality.NAME else _SCAN_WORDS) + condition + _SCAN_ORDER
    lowest, among = _range(query, quality)
    limit, most = _STEP
    # First the rest of the rank where the last step ended, then all higher ranks.
    ranks = range(start.rank, start.rank + 1) if start.word else _ALL_RANKS
    place = start.word or lowest, start.user_id
    while ranks:
        rows = await connection.fetch(sql, quality, ranks, *place, limit, among, *words)
        for row in rows:
            yield row
        if len(rows) == limit:
            last = rows[-1]
            ranks, place = range(last["rank"], last["rank"] + 1), (last["word"], last["user_id"])
            limit = min(2 * limit, most)
        else:
            ranks, place = range(ranks.stop, RANKS + 1), (lowest, 0)


def _range(query: UserQuery, quality: Quality) -> tuple[str, str | list[str]]:
    """Below which word no row may match, and $6 of the statement."""
    match quality:
        case Quality.NAME:
            prefix = driver(query)
            return prefix, prefix + _HIGHEST
        case Quality.WHOLE_NAME:
            return "", [query.whole]
        case _:
            return "", list(query.words)


def _has_words(query: UserQuery, *, first: int) -> tuple[str, list[str]]:
    """The condition that a user has a word with each beginning, and its values from $`first` on.
    It selects few rows too many, never too few."""
    places = range(first, first + len(query.words))
    condition = "".join(f" AND strpos(u.names || u.bio, ${place}) > 0" for place in places)
    return condition, [f" {each}" for each in query.words]


async def _save(
    connection: Connection, before: dict[int, Stored], after: dict[int, Stored]
) -> None:
    if not after:
        return
    await connection.execute(_SAVE, *zip(*map(_columns, after.items()), strict=True))
    old = {row for user_id in after for row in _rows(before.get(user_id))}
    new = {row for stored in after.values() for row in _rows(stored)}
    for sql, rows in ((_DELETE_WORDS, old - new), (_ADD_WORDS, new - old)):
        if rows:
            await connection.execute(sql, *zip(*sorted(rows), strict=True))


def _columns(entry: tuple[int, Stored]) -> tuple[Any, ...]:
    user_id, stored = entry
    user = stored.user
    if user is None:
        return user_id, 0, 0, 0, True, "", "", "", ""
    return (
        user_id,
        user.version,
        user.followers_count,
        rank_of(user.followers_count),
        False,
        user.handle,
        user.whole_name,
        _joined((user.handle, *user.name_words)),
        _joined(user.bio_words),
    )


def _rows(stored: Stored | None) -> Iterable[_Row]:
    """The rows of `user_words`."""
    if stored is None or stored.user is None:
        return
    user = stored.user
    rank = rank_of(user.followers_count)
    yield Quality.WHOLE_NAME, rank, user.whole_name, user.user_id
    for word in {user.handle, *user.name_words}:
        yield Quality.NAME, rank, word, user.user_id
    for word in user.bio_words:
        yield Quality.BIO, rank, word, user.user_id


def _joined(words: Iterable[str]) -> str:
    """Words, each behind a space."""
    return "".join(f" {each}" for each in words)


def _stored(row: Any) -> Stored:
    return Stored(None if row["deleted"] else _user(row))


def _user(row: Any) -> IndexedUser:
    handle, *name_words = row["names"].split(" ")[1:] or [""]
    return IndexedUser(
        user_id=row["user_id"],
        version=row["version"],
        handle=handle,
        name_words=tuple(name_words),
        whole_name=row["whole_name"],
        bio_words=tuple(row["bio"].split(" ")[1:]),
        followers_count=row["followers_count"],
    )


if TYPE_CHECKING:

    def _index(index: PostgresUserIndex) -> UserIndex:
        return index

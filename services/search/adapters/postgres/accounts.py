"""Authors as their profiles are, for the engines that find posts."""

from collections.abc import Collection, Iterable

from services.chassis.storage.connection import Connection
from services.search.domain.posts.model import Account, SetAccount

_RESTRICTED = """
SELECT user_id, protected, deleted FROM accounts
WHERE user_id = ANY ($1::bigint[]) AND (protected OR deleted)
"""

_SET_ACCOUNTS = """
INSERT INTO accounts AS stored
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::boolean[])
  AS given (user_id, version, protected, deleted)
ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET
  protected = CASE WHEN stored.version <= excluded.version
    THEN excluded.protected ELSE stored.protected END,
  version = greatest(stored.version, excluded.version),
  deleted = stored.deleted OR excluded.deleted
"""


async def restricted_accounts(
    connection: Connection, user_ids: Collection[int]
) -> dict[int, Account]:
    """Those of the accounts that are protected or deleted."""
    rows = await connection.fetch(_RESTRICTED, sorted(user_ids))
    return {user_id: Account(protected, deleted) for user_id, protected, deleted in rows}


async def set_accounts(connection: Connection, changes: Iterable[SetAccount]) -> None:
    """Stores the newest version of each profile; a deletion is final."""
    accounts: dict[int, SetAccount] = {}
    for change in changes:
        known = accounts.get(change.user_id, change)
        newest = change if known.version <= change.version else known
        accounts[change.user_id] = SetAccount(
            change.user_id, newest.version, newest.protected, known.deleted or change.deleted
        )
    if accounts:
        given = accounts.values()
        await connection.execute(
            _SET_ACCOUNTS,
            [each.user_id for each in given],
            [each.version for each in given],
            [each.protected for each in given],
            [each.deleted for each in given],
        )

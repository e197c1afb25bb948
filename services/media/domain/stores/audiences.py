"""What decides who may read media: the audiences of posts and the states of accounts.

Events arrive in any order and more than once: what is older never replaces what is newer.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from services.media.domain.model import AccountState, PostAudience


class AudienceTransaction(Protocol):
    """Changes of audiences and accounts."""

    async def save_audience(self, audience: PostAudience) -> PostAudience | None:
        """Stores the audience of a post unless a newer revision is stored. Returns what is stored
        now; None if the post was deleted. The owner is locked."""
        ...

    async def delete_audience(self, owner_id: int, post_id: int, now: datetime) -> None:
        """Deletes the audience of a deleted post. A later event of the post stores none. The owner
        is locked."""
        ...

    async def save_account(self, user_id: int, account: AccountState) -> bool:
        """Stores the state of an account unless a newer one is stored, or the account is deleted.
        False if it was not stored. A deleted account keeps its last `protected`."""
        ...

    async def lock_accounts(self, user_ids: Collection[int]) -> dict[int, AccountState]:
        """The stored states. Until the transaction ends, `save_account` of these waits, also of
        those without a row. After the owner was locked."""
        ...


class AudienceStore(Protocol):
    """Reads of audiences and accounts."""

    async def audience(self, owner_id: int, post_id: int) -> PostAudience | None:
        """The audience of a post; None if it has no media here, or was deleted."""
        ...

    async def accounts(self, user_ids: Collection[int]) -> dict[int, AccountState]:
        """The stored states; an account that nobody reported is absent."""
        ...

    async def decided_posts(
        self, user_id: int, *, after: int, limit: int
    ) -> Sequence[tuple[int, int]]:
        """Up to `limit` posts above `after` of which the user is a decider, with their owners:
        (post, owner), ascending by post."""
        ...

    async def prune_audiences(self, before: datetime, limit: int) -> int:
        """Deletes up to `limit` marks of posts that were deleted before; returns how many."""
        ...

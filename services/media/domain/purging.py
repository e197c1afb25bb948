"""What the Media service needs from the caches in front of the object store."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol


class PurgeFailed(Exception):
    """A cache did not confirm a purge, so it may still serve the files. The message has no secret.

    `retry_after` is the pause that the cache requested.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Purger(Protocol):
    """A cache, or the API of a CDN. Files are deleted from the object store before they are purged;
    otherwise the cache would fetch them again."""

    async def purge(self, folders: Mapping[str, Sequence[str]]) -> None:
        """Removes these folders, such as `m/KEY`, with the names of all of their files.

        Raises PurgeFailed if one may be left; repeat the call for all of them then. A repeated
        purge has no further effect.
        """
        ...

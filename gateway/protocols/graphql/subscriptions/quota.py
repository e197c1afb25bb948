"""How many subscriptions there may be: of a connection, and of a user in this process."""

from collections import Counter

from services.chassis.runtime.errors import TooMany

MAX_OF_CONNECTION = 50
MAX_OF_PERSON = 200


class TooManySubscriptions(TooMany):
    """As many subscriptions are open as may be."""

    reason = "TOO_MANY_SUBSCRIPTIONS"
    message = (
        f"A connection has {MAX_OF_CONNECTION} subscriptions at most, and a user {MAX_OF_PERSON}."
    )


class SubscriptionQuota:
    """Counts those of each user."""

    def __init__(self) -> None:
        self._open: Counter[int] = Counter()

    def take(self, user_id: int, of_connection: int) -> None:
        """One more. Raises TooManySubscriptions."""
        if of_connection >= MAX_OF_CONNECTION or self._open[user_id] >= MAX_OF_PERSON:
            raise TooManySubscriptions
        self._open[user_id] += 1

    def release(self, user_id: int) -> None:
        self._open[user_id] -= 1
        if not self._open[user_id]:
            del self._open[user_id]

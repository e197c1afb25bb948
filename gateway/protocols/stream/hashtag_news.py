"""New posts with the hashtags that a connection watches: each is sent once, some at a time."""

from bisect import insort
from collections import deque

from roost.notification.v1.event_service_pb2 import HashtagActivity

from services.chassis.text import hashtags

# New posts of one hashtag that are sent together; the list has more.
MOST_NEW = 20
# Posts that are read together: as many as one call brings.
_MOST_READ = 200
# Posts of a hashtag that are remembered, so that a redelivery is not sent again.
_REMEMBERED = 200


def folded(tag: str) -> str | None:
    """The form that spellings of a hashtag share; None for what is no hashtag."""
    return hashtags.fold(tag) if hashtags.is_tag(tag) else None


class HashtagNews:
    """The hashtags of one connection, and the posts with them that were not sent yet."""

    def __init__(self) -> None:
        self._hashtags: dict[str, _Hashtag] = {}

    def __contains__(self, tag: object) -> bool:
        return tag in self._hashtags

    def __len__(self) -> int:
        return len(self._hashtags)

    def add(self, tag: str) -> None:
        """One more hashtag, by its folded form; harmless if it is there."""
        self._hashtags.setdefault(tag, _Hashtag())

    def remove(self, tag: str) -> None:
        """One less, with what was not sent of it."""
        self._hashtags.pop(tag, None)

    def clear(self) -> None:
        """Drops all of them."""
        self._hashtags.clear()

    def tags(self) -> list[str]:
        """All of them."""
        return list(self._hashtags)

    def on_activity(self, activity: HashtagActivity) -> None:
        """Remembers a post that is to be sent, unless it came before."""
        known = self._hashtags.get(activity.tag)
        if known is not None:
            known.take_in(activity.post_id)

    @property
    def waiting(self) -> bool:
        """Whether something was not sent yet."""
        return any(each.new for each in self._hashtags.values())

    def take(self) -> dict[str, list[int]]:
        """The posts to send now, by hashtag, oldest first. What is beyond one call stays, and is
        first next time."""
        taken: dict[str, list[int]] = {}
        left = _MOST_READ
        for tag, known in list(self._hashtags.items()):
            if known.new and left >= len(known.new):
                left -= len(known.new)
                taken[tag] = sorted(known.new)
                known.new.clear()
                self._hashtags[tag] = self._hashtags.pop(tag)
        return taken


class _Hashtag:
    """What came of one hashtag."""

    __slots__ = ("floor", "new", "seen")

    def __init__(self) -> None:
        # The newest posts that came, in ascending order. Posts up to the floor are not sent: they
        # are older than all of these, and may have come before.
        self.seen: list[int] = []
        self.floor = 0
        # Those that were not sent yet; the oldest are dropped.
        self.new: deque[int] = deque(maxlen=MOST_NEW)

    def take_in(self, post_id: int) -> None:
        if post_id <= self.floor or post_id in self.seen:
            return
        insort(self.seen, post_id)
        if len(self.seen) > _REMEMBERED:
            self.floor = self.seen.pop(0)
        self.new.append(post_id)

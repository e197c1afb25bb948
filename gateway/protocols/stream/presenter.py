"""The interface through which the stream presents events as frames."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from roost.notification.v1.notification_pb2 import UserEvent

from gateway.protocols.stream import frames


class EventPresenter(Protocol):
    """Presents with the rights of the caller: within `Viewer.read`."""

    async def changes(self, of: Sequence[UserEvent], viewer_id: int) -> list[frames.Change | None]:
        """For each of up to MOST_EVENTS events its change; None where the rules of its list leave
        it out, or its kind is not known."""
        ...

    async def activities(self, wanted: Mapping[int, Sequence[int]]) -> dict[int, frames.Activity]:
        """Posts that are watched, by id, as they are now, each with these of its replies."""
        ...

    async def hashtag_posts(
        self, wanted: Mapping[str, Sequence[int]]
    ) -> dict[str, frames.HashtagPosts]:
        """Of up to MOST_POSTS new posts with hashtags, by hashtag, what the viewer may see of
        them; hashtags without any are missing."""
        ...

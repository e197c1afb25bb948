"""Who may read a medium.

| the medium is | who may read it, besides the owner |
|---|---|
| not attached, or provisionally | nobody |
| a profile picture or banner | everyone |
| attached to a post | the users who may read the post; anonymous callers if everyone may |
"""

from collections.abc import Iterable

from services.media.domain.model import Medium, Use
from services.media.domain.ports import PostVisibility

ANONYMOUS = 0


async def visible(
    media: Iterable[Medium], viewer_id: int, *, posts: PostVisibility
) -> list[Medium]:
    """The media that the viewer may read, in their order. At most one call to the Post service."""
    media = list(media)
    in_question = {
        each.claim.post_id
        for each in media
        if each.claim is not None and not _is_decided(each, viewer_id)
    }
    readable = await posts.visible(viewer_id, in_question) if in_question else set()
    return [
        each
        for each in media
        if (
            _may_read(each, viewer_id)
            if _is_decided(each, viewer_id)
            else each.claim is not None and each.claim.post_id in readable
        )
    ]


def _is_decided(medium: Medium, viewer_id: int) -> bool:
    """Whether the answer needs no other service."""
    claim = medium.claim
    return (
        medium.owner_id == viewer_id
        or claim is None
        or not claim.confirmed
        or claim.use is not Use.POST
        or viewer_id == ANONYMOUS
    )


def _may_read(medium: Medium, viewer_id: int) -> bool:
    """The answer where `_is_decided`."""
    if medium.owner_id == viewer_id:
        return True
    claim = medium.claim
    if claim is None or not claim.confirmed:
        return False
    return claim.use is not Use.POST or medium.open

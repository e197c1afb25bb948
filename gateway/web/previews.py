"""Titles and preview tags of public posts and profiles, for what shows links.

They are read as a stranger reads them, by the same calls, so nothing is shown that a stranger may
not read. What protected accounts show is left out as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from roost.media.v1.media_pb2 import MEDIUM_KIND_PICTURE, MEDIUM_STATE_READY, Medium
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC, Post
from roost.post.v1.post_service_pb2 import GetPostRequest
from roost.user.v1.user_pb2 import User

from gateway.api.users import queries as users
from gateway.core import media_addresses
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated
from gateway.core.ids import parse_id
from gateway.core.rules import readable
from services.chassis.auth import caller
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import RoostError

# A reader waits no longer for the title. The page works without.
_SECONDS = 0.5
# How many are read at once in a process. Further pages have no preview.
_AT_ONCE = 16
_MAX_DESCRIPTION = 200
# The files of public media; addresses of others expire.
_PUBLIC = "m/"

_POST = re.compile(r"/posts/([^/]+)/?")
_PROFILE = re.compile(r"/@([A-Za-z0-9_]{1,15})(?:/.*)?")


@dataclass(frozen=True, slots=True)
class Preview:
    """What the head of a page says about it; `image` is an address, or empty."""

    title: str
    description: str
    kind: str
    path: str
    image: str = ""
    image_alt: str = ""
    # Whether the image is what the page is about, and not its author.
    is_large: bool = False

    def head(self, public_url: str) -> str:
        """The elements, escaped."""
        card = "summary_large_image" if self.is_large else "summary"
        image_alt = self.image_alt if self.image else ""
        properties = {
            "og:site_name": "Roost",
            "og:type": self.kind,
            "og:title": self.title,
            "og:description": self.description,
            "og:url": public_url + self.path if public_url else "",
            "og:image": self.image,
            "og:image:alt": image_alt,
        }
        names = {"description": self.description, "twitter:card": card}
        link = properties["og:url"]
        return "".join(
            (
                f"<title>{escape(self.title)}</title>",
                *_elements("name", names),
                *_elements("property", properties),
                f'<link rel="canonical" href="{escape(link)}">' if link else "",
            )
        )


class Previews:
    """Reads what pages are about."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._running = 0

    async def of(self, path: str) -> Preview | None:
        """The preview of the page at a path; None where it has none, or where that is not known in
        time."""
        post, profile = _POST.fullmatch(path), _PROFILE.fullmatch(path)
        if (post is None and profile is None) or self._running >= _AT_ONCE:
            return None
        caller.begin(caller.ANONYMOUS, None)
        self._running += 1
        try:
            with deadline.within(_SECONDS):
                if post is not None:
                    return await self._post(parse_id(post.group(1)))
                return await self._profile(profile.group(1)) if profile else None
        except RoostError:
            return None
        finally:
            self._running -= 1

    async def _post(self, post_id: int | None) -> Preview | None:
        if post_id is None:
            return None
        response = await self._backends.posts.GetPost(GetPostRequest(post_id=post_id))
        post = response.post
        found = Hydrated.of([post], response.includes)
        author = found.users.get(post.author_id)
        if author is None or author.protected or post.visibility != VISIBILITY_PUBLIC:
            return None
        return _of_post(post, author) if readable(post.id, found) else None

    async def _profile(self, handle: str) -> Preview | None:
        user = await users.by_handle(self._backends, handle)
        return None if user is None or user.protected else _of_user(user)


def _of_post(post: Post, author: User) -> Preview:
    picture = next(filter(_is_public_picture, post.media), None)
    shown = picture or author.avatar
    return Preview(
        title=f"{_name(author)} on Roost",
        description=_shortened(post.text) or (_shortened(picture.alt_text) if picture else ""),
        kind="article",
        path=f"/posts/{post.id}",
        image=_largest(shown),
        image_alt=_shortened(shown.alt_text),
        is_large=picture is not None,
    )


def _of_user(user: User) -> Preview:
    return Preview(
        title=f"{_name(user)} on Roost",
        description=_shortened(user.bio),
        kind="profile",
        path=f"/@{user.handle}",
        image=_largest(user.avatar),
        image_alt=_shortened(user.avatar.alt_text),
    )


def _name(user: User) -> str:
    return f"{user.display_name} (@{user.handle})"


def _is_public_picture(medium: Medium) -> bool:
    return (
        medium.kind == MEDIUM_KIND_PICTURE
        and medium.state == MEDIUM_STATE_READY
        and medium.folder.startswith(_PUBLIC)
    )


def _largest(medium: Medium) -> str:
    """The address of the largest file; empty where it has none that everybody may read."""
    if not _is_public_picture(medium) or not medium.variants:
        return ""
    file = max(medium.variants, key=lambda each: each.width * each.height).file
    return media_addresses.address(medium.folder, file)


def _shortened(text: str) -> str:
    """A text in one line that is not too long."""
    line = " ".join(text.split())
    if len(line) <= _MAX_DESCRIPTION:
        return line
    return line[:_MAX_DESCRIPTION].rsplit(" ", 1)[0] + " …"


def _elements(key: str, values: Mapping[str, str]) -> list[str]:
    return [
        f'<meta {key}="{name}" content="{escape(value)}">'
        for name, value in values.items()
        if value
    ]

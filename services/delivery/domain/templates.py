"""The text of a notification: a sentence for screens and emails, and the JSON of a push message."""

from collections.abc import Mapping

import msgspec

from services.chassis.text.rules import isolate, shorten
from services.delivery.domain.model import Notification

_FALLBACK_NAME = "Somebody"
# Code points. A name has up to 50 characters, each of several code points at most, and a push
# message holds less than 4 kB.
_MAX_NAME = 80
# A sentence names two users at most.
_MAX_NAMES = 2

# By kind: what one user does, and what several do.
_PHRASES = {
    "follow": ("follows you", "follow you"),
    "follow_request": ("asks to follow you", "ask to follow you"),
    "follow_accepted": ("accepted your request", "accepted your requests"),
    "mention": ("mentioned you", "mentioned you"),
    "reply": ("replied to your post", "replied to your post"),
    "like": ("likes your post", "like your post"),
    "repost": ("reposted your post", "reposted your post"),
    "quote": ("quoted your post", "quoted your post"),
    "post": ("wrote a post", "wrote posts"),
}


class PushMessage(msgspec.Struct, frozen=True):
    """The JSON that a device receives. README.md documents it for authors of clients."""

    id: str
    kind: str
    post_id: str | None
    user_ids: list[str]
    count: int
    # Of the newest users, as far as they are known: for clients that write the title themselves.
    names: list[str]
    title: str
    type: str = "notification"


def push_message(notification: Notification, names: Mapping[int, str]) -> bytes:
    """The plaintext of the push message for a notification."""
    return msgspec.json.encode(
        PushMessage(
            id=str(notification.id),
            kind=notification.kind,
            post_id=str(notification.post_id) if notification.post_id else None,
            user_ids=[str(each) for each in notification.actor_ids],
            count=notification.count,
            names=[shorten(each, _MAX_NAME) for each in _known(notification, names)[:_MAX_NAMES]],
            title=sentence(notification, names),
        )
    )


def sentence(notification: Notification, names: Mapping[int, str]) -> str:
    """“Bob likes your post”, “Bob and 2 others follow you”."""
    one, several = _PHRASES[notification.kind]
    known = [_as_text(each) for each in _known(notification, names)]
    first = known[0] if known else _FALLBACK_NAME
    if notification.count <= 1:
        return f"{first} {one}"
    if notification.count == 2:
        second = known[1] if len(known) > 1 else "somebody else"
        return f"{first} and {second} {several}"
    return f"{first} and {notification.count - 1} others {several}"


def _known(notification: Notification, names: Mapping[int, str]) -> list[str]:
    return [names[each] for each in notification.actor_ids if each in names]


def _as_text(name: str) -> str:
    """The name, shortened and isolated: it cannot change the direction of the sentence."""
    return isolate(shorten(name, _MAX_NAME))

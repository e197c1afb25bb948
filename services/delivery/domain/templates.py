"""Notifications in a sentence, for screens that show nothing else and for mail."""

from collections.abc import Mapping

from services.chassis.text.rules import isolate, shorten
from services.notification.domain.model import Group, Kind

_FALLBACK_NAME = "Somebody"
# Code points. A name has up to 50 characters, some of which are long, and a push message holds
# less than 4 kB.
_MAX_NAME = 80

# What one does, and what several do.
_ACTIVITIES = {
    Kind.FOLLOW: ("follows you", "follow you"),
    Kind.FOLLOW_REQUEST: ("asks to follow you", "ask to follow you"),
    Kind.FOLLOW_ACCEPTED: ("accepted your request", "accepted your requests"),
    Kind.MENTION: ("mentioned you", "mentioned you"),
    Kind.REPLY: ("replied to your post", "replied to your post"),
    Kind.LIKE: ("likes your post", "like your post"),
    Kind.REPOST: ("reposted your post", "reposted your post"),
    Kind.QUOTE: ("quoted your post", "quoted your post"),
    Kind.POST: ("wrote a post", "wrote posts"),
}


def sentence(group: Group, names: Mapping[int, str]) -> str:
    """“Bob likes your post”, “Bob and 2 others follow you”."""
    one, several = _ACTIVITIES[group.kind]
    known = [_shown(names[each]) for each in group.actor_ids if each in names]
    first = known[0] if known else _FALLBACK_NAME
    if group.count <= 1:
        return f"{first} {one}"
    if group.count == 2:
        second = known[1] if len(known) > 1 else "somebody else"
        return f"{first} and {second} {several}"
    return f"{first} and {group.count - 1} others {several}"


def _shown(name: str) -> str:
    """The name so that it neither fills the sentence nor turns the direction of its words."""
    return isolate(shorten(name, _MAX_NAME))

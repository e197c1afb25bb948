"""The requests that the scenarios make, as people's apps make them."""

from __future__ import annotations

from collections.abc import Sequence

from bench.prewarmed_users import PASSWORD, PrewarmedUser
from bench.wire import request

HOME = "/v1/timelines/home"
# About as long as posts are; one in three people tags.
TEXT = "Reading about {subject} again, with coffee, before the day begins and everybody wakes up"
SUBJECTS = ("gardens", "night trains", "maps", "bread", "type systems", "#birds", "#chess", "rain")


def home(reader: PrewarmedUser) -> bytes:
    """Read one's home: 20 posts."""
    return request("GET", HOME, token=reader.token)


def posts_of(author: PrewarmedUser, reader: PrewarmedUser) -> bytes:
    """Read what one person wrote: 20 posts."""
    return request("GET", f"/v1/users/{author.id}/posts", token=reader.token)


def notifications(reader: PrewarmedUser) -> bytes:
    """Read what one was frames."""
    return request("GET", "/v1/notifications", token=reader.token)


def compose(author: PrewarmedUser, number: int = 0) -> bytes:
    """Write a post, with a key that makes it safe to repeat."""
    body = {"text": TEXT.format(subject=SUBJECTS[number % len(SUBJECTS)])}
    return request("POST", "/v1/posts", token=author.token, body=body, keyed=True)


def sign_in(person: PrewarmedUser) -> bytes:
    """Sign in by password, on a device like another."""
    body = {"handle": person.handle, "password": PASSWORD, "device_name": "bench"}
    return request("POST", "/v1/sessions", body=body)


def homes(readers: Sequence[PrewarmedUser]) -> list[bytes]:
    """Each one's home."""
    return [home(reader) for reader in readers]


def posts_by(authors: Sequence[PrewarmedUser], *, each: int) -> list[bytes]:
    """So many posts of everybody, in turns."""
    return [compose(author, number) for number in range(each) for author in authors]

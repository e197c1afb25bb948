"""The requests of the scenarios, as client apps send them."""

from __future__ import annotations

from collections.abc import Sequence

from bench.prewarmed_users import PASSWORD, PrewarmedUser
from bench.wire import request

HOME = "/v1/timelines/home"
# The gateway has it in memory, and the edge checks the token of each request.
DOCUMENT = "/.well-known/jwks.json"
# Of typical length; a quarter of the subjects is a hashtag.
TEXT = "Reading about {subject} again, with coffee, before the day begins and everybody wakes up"
SUBJECTS = ("gardens", "night trains", "maps", "bread", "type systems", "#birds", "#chess", "rain")


def home(reader: PrewarmedUser) -> bytes:
    """Read a home timeline: 20 posts."""
    return request("GET", HOME, token=reader.token)


def document(reader: PrewarmedUser) -> bytes:
    """Read a small document that the gateway has in memory."""
    return request("GET", DOCUMENT, token=reader.token)


def posts_of(author: PrewarmedUser, reader: PrewarmedUser) -> bytes:
    """Read the posts of a user: 20 posts."""
    return request("GET", f"/v1/users/{author.id}/posts", token=reader.token)


def notifications(reader: PrewarmedUser) -> bytes:
    """Read notifications."""
    return request("GET", "/v1/notifications", token=reader.token)


def text(number: int) -> str:
    """The text of a post."""
    return TEXT.format(subject=SUBJECTS[number % len(SUBJECTS)])


def compose(author: PrewarmedUser, number: int = 0) -> bytes:
    """Write a post, with an idempotency key."""
    body = {"text": text(number)}
    return request("POST", "/v1/posts", token=author.token, body=body, keyed=True)


def sign_in(person: PrewarmedUser) -> bytes:
    """Sign in by password."""
    body = {"handle": person.handle, "password": PASSWORD, "device_name": "bench"}
    return request("POST", "/v1/sessions", body=body)


def homes(readers: Sequence[PrewarmedUser]) -> list[bytes]:
    """Read the home timeline of each."""
    return [home(reader) for reader in readers]


def posts_by(authors: Sequence[PrewarmedUser], *, each: int) -> list[bytes]:
    """Write ``each`` posts of every author, in turn."""
    return [compose(author, number) for number in range(each) for author in authors]

"""Notifications in a sentence."""

import pytest

from services.notification.delivery.model import Notice
from services.notification.delivery.wording import sentence
from services.notification.model import Kind

NAMES = {1: "Bob", 2: "@carol", 3: "Dave"}


def notice(kind: Kind, actors: list[int], count: int | None = None) -> Notice:
    return Notice(group_id=1, kind=kind, post_id=7, actor_ids=actors, count=count or len(actors))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (notice(Kind.LIKE, [1]), "Bob likes your post"),
        (notice(Kind.LIKE, [1, 2]), "Bob and @carol like your post"),
        (notice(Kind.LIKE, [1, 2, 3], 12), "Bob and 11 others like your post"),
        (notice(Kind.FOLLOW, [2]), "@carol follows you"),
        (notice(Kind.FOLLOW, [2, 3]), "@carol and Dave follow you"),
        (notice(Kind.FOLLOW_REQUEST, [1]), "Bob asks to follow you"),
        (notice(Kind.FOLLOW_ACCEPTED, [1]), "Bob accepted your request"),
        (notice(Kind.MENTION, [1]), "Bob mentioned you"),
        (notice(Kind.REPLY, [1]), "Bob replied to your post"),
        (notice(Kind.REPOST, [1]), "Bob reposted your post"),
        (notice(Kind.QUOTE, [1]), "Bob quoted your post"),
        (notice(Kind.POST, [1]), "Bob wrote a post"),
        (notice(Kind.LIKE, [9]), "Somebody likes your post"),
        (notice(Kind.LIKE, [1, 9]), "Bob and somebody else like your post"),
    ],
)
def test_sentence(told: Notice, said: str) -> None:
    assert sentence(told, NAMES) == said


def test_a_name_of_any_length_leaves_room_for_the_message() -> None:
    said = sentence(notice(Kind.LIKE, [1, 2]), {1: "\U0001f469" * 500, 2: "x" * 500})

    assert len(said.encode()) < 1000

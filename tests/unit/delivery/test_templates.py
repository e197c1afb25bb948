"""Notifications in a sentence."""

import json
from datetime import UTC, datetime

import pytest

from services.delivery.domain.model import Notification
from services.delivery.domain.templates import push_message, sentence
from services.notification.adapters.unread import notification_of
from services.notification.domain.model import Group, Kind

NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
NAMES = {1: "Bob", 2: "@carol", 3: "Dave"}


def of(kind: Kind, actors: list[int], count: int | None = None) -> Notification:
    return notification_of(Group(1, kind, 7, tuple(actors), count or len(actors), NOON, NOON))


@pytest.mark.parametrize(
    ("notification", "said"),
    [
        (of(Kind.LIKE, [1]), "Bob likes your post"),
        (of(Kind.LIKE, [1, 2]), "Bob and @carol like your post"),
        (of(Kind.LIKE, [1, 2, 3], 12), "Bob and 11 others like your post"),
        (of(Kind.FOLLOW, [2]), "@carol follows you"),
        (of(Kind.FOLLOW, [2, 3]), "@carol and Dave follow you"),
        (of(Kind.FOLLOW_REQUEST, [1]), "Bob asks to follow you"),
        (of(Kind.FOLLOW_ACCEPTED, [1]), "Bob accepted your request"),
        (of(Kind.MENTION, [1]), "Bob mentioned you"),
        (of(Kind.REPLY, [1]), "Bob replied to your post"),
        (of(Kind.REPOST, [1]), "Bob reposted your post"),
        (of(Kind.QUOTE, [1]), "Bob quoted your post"),
        (of(Kind.POST, [1]), "Bob wrote a post"),
        (of(Kind.LIKE, [9]), "Somebody likes your post"),
        (of(Kind.LIKE, [1, 9]), "Bob and somebody else like your post"),
    ],
)
def test_sentence(notification: Notification, said: str) -> None:
    assert sentence(notification, NAMES) == said


def test_a_push_message_has_what_a_title_in_another_language_needs() -> None:
    sent = json.loads(push_message(of(Kind.LIKE, [9, 1, 2, 3], 12), NAMES))

    assert sent == {
        "type": "notification",
        "id": "1",
        "kind": "like",
        "post_id": "7",
        "user_ids": ["9", "1", "2", "3"],
        "count": 12,
        "names": ["Bob", "@carol"],
        "title": "Bob and 11 others like your post",
    }


def test_a_push_message_with_the_longest_names_fits() -> None:
    longest = dict.fromkeys([1, 2, 3, 4, 5], "\U0001f469" * 500)

    # A push service takes 4096 bytes, of which encryption needs 103.
    assert len(push_message(of(Kind.LIKE, [1, 2, 3, 4, 5]), longest)) < 3993


def test_a_name_of_any_length_leaves_room_for_the_message() -> None:
    said = sentence(of(Kind.LIKE, [1, 2]), {1: "\U0001f469" * 500, 2: "x" * 500})

    assert len(said.encode()) < 1000


def test_a_name_is_cut_between_characters() -> None:
    family = "👩‍👩‍👧‍👦"

    said = sentence(of(Kind.LIKE, [1]), {1: family * 50})

    assert said == f"{family * 11} likes your post"


def test_a_name_from_right_to_left_does_not_turn_the_sentence() -> None:
    said = sentence(of(Kind.LIKE, [1, 2]), {1: "נועה", 2: "Bob"})

    assert said == "\u2068נועה\u2069 and Bob like your post"

"""Suggestions: users and hashtags in one list."""

from __future__ import annotations

from services.search.domain.hashtags.model import HashtagUse
from services.search.domain.searches.suggestions import merged
from services.search.domain.users.model import FoundUser, Position, Quality, UserField


def a_user(user_id: int, *, quality: Quality = Quality.NAME, followed: bool = False) -> FoundUser:
    position = Position(quality, 0 if followed else 1, 32, "x", user_id)
    return FoundUser(position, UserField.HANDLE)


def a_tag(tag: str) -> HashtagUse:
    return HashtagUse(tag, 1, 1)


def test_users_who_are_near_come_first_then_both_kinds_in_turns() -> None:
    exact = a_user(1, quality=Quality.HANDLE)
    followed, one, other = a_user(2, followed=True), a_user(3), a_user(4)
    tags = [a_tag("a"), a_tag("b"), a_tag("c")]

    assert merged([exact, followed, one, other], tags) == [
        exact,
        followed,
        tags[0],
        one,
        tags[1],
        other,
        tags[2],
    ]


def test_one_kind_alone_keeps_its_order() -> None:
    users, tags = [a_user(3), a_user(1)], [a_tag("b"), a_tag("a")]

    assert merged(users, []) == users
    assert merged([], tags) == tags

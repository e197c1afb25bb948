"""The topics of groups: which notifications replace each other on a device."""

from dataclasses import replace
from datetime import UTC, datetime

from services.notification.domain.model import Group, Kind, topic_of

NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
LIKE = Group(10, Kind.LIKE, 7, (2,), 1, NOON, NOON)


def test_every_kind_has_a_topic_of_its_own() -> None:
    topics = {topic_of(replace(LIKE, kind=each)) for each in Kind}

    assert len(topics) == len(Kind)


def test_all_follows_share_a_topic_and_requests_do_not() -> None:
    follow = replace(LIKE, kind=Kind.FOLLOW, post_id=0)
    request = replace(follow, kind=Kind.FOLLOW_REQUEST)

    assert topic_of(follow) == topic_of(replace(follow, actor_ids=(3,)))
    assert topic_of(request) != topic_of(replace(request, actor_ids=(3,)))

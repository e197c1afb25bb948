"""New posts of hashtags: each once, whatever is delivered again, and one call reads them."""

import random

import pytest
from roost.notification.v1.event_service_pb2 import HashtagActivity

from gateway.protocols.stream.hashtag_news import MOST_NEW, HashtagNews, folded


def news_of(*tags: str) -> HashtagNews:
    news = HashtagNews()
    for tag in tags:
        news.add(tag)
    return news


def test_a_redelivery_of_any_age_is_not_sent_again() -> None:
    news = news_of("roost")
    sent: list[int] = []
    chance = random.Random(7)

    for number in range(1, 2_000):
        for post_id in (number, chance.randint(1, number)):
            news.on_activity(HashtagActivity(tag="roost", post_id=post_id))
            sent += news.take().get("roost", [])

    assert sent == list(range(1, 2_000))


def test_posts_in_any_order_are_sent_oldest_first() -> None:
    news = news_of("roost")
    for post_id in (3, 1, 2):
        news.on_activity(HashtagActivity(tag="roost", post_id=post_id))

    assert news.take() == {"roost": [1, 2, 3]}
    assert not news.waiting


def test_what_is_beyond_one_call_is_first_next_time() -> None:
    tags = [f"tag{number}" for number in range(15)]
    news = news_of(*tags)
    for tag in tags:
        for post_id in range(1, MOST_NEW + 1):
            news.on_activity(HashtagActivity(tag=tag, post_id=post_id))

    first, second = news.take(), news.take()

    assert sum(map(len, first.values())) == 200
    assert sorted([*first, *second]) == sorted(tags)
    assert not news.waiting


def test_hashtags_that_are_not_watched_are_ignored() -> None:
    news = news_of("roost")
    news.on_activity(HashtagActivity(tag="heron", post_id=1))
    news.on_activity(HashtagActivity(tag="roost", post_id=1))
    news.remove("roost")

    assert not news.waiting
    assert news.take() == {}


@pytest.mark.parametrize(
    ("text", "tag"),
    [("Roost", "roost"), ("Straße", "strasse"), ("#roost", None), ("123", None), ("", None)],
)
def test_spellings_share_one_form(text: str, tag: str | None) -> None:
    assert folded(text) == tag

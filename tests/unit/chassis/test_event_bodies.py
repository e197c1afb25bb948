"""Payloads that decode and cannot be true are refused, each with the field that is wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from roost.media.v1 import media_events_pb2 as media
from roost.media.v1.media_pb2 import Medium
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import Entity, Mention, Post, TimelineEntry
from roost.timeline.v1 import timeline_events_pb2 as timelines
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events import routes
from services.chassis.events.records import Event, OutboxMessage, Undecodable
from services.chassis.runtime import ids

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(body: Message) -> Event:
    message = OutboxMessage.of(topic="t", key=1, body=body)
    return Event.from_message(message, time=NOW, traceparent=None)


def mention(user_id: int) -> Post:
    return Post(id=1, author_id=2, entities=[Entity(mention=Mention(user_id=user_id))])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (users.FollowCreated(followee_id=2), "follower_id is 0"),
        (users.FollowCreated(follower_id=-1, followee_id=2), "follower_id is -1"),
        (posts.PostCreated(), "post is missing"),
        (posts.PostCreated(post=Post(id=1)), "post.author_id is 0"),
        (posts.PostReposted(), "entry is missing"),
        (media.MediumUpdated(), "medium is missing"),
        (media.MediumUpdated(medium=Medium(owner_id=2)), "medium.id is 0"),
        (media.MediumDeleted(owner_id=2), "medium_id is 0"),
        (posts.PostCreated(post=mention(-3)), "post.entities.mention.user_id is -3"),
        (
            users.UserDeleted(user_id=1, delete_time=Timestamp(seconds=1 << 62)),
            "delete_time is no time",
        ),
        (
            users.UserDeleted(user_id=1, delete_time=Timestamp(nanos=-1)),
            "delete_time is no time",
        ),
        (
            posts.PostLiked(post_id=2**63 - 1, author_id=1, user_id=2),
            "post_id is 9223372036854775807, an id of the future",
        ),
        (
            timelines.EntryDelivered(
                entry=TimelineEntry(entry_id=1, post_id=1, author_id=1), user_ids=range(1, 100_001)
            ),
            "user_ids has 100000 entries",
        ),
        (
            timelines.EntryDelivered(
                entry=TimelineEntry(entry_id=1, post_id=1, author_id=1), user_ids=[1, 0]
            ),
            "user_ids is 0",
        ),
    ],
)
def test_body_that_cannot_be_true_is_refused_by_the_field(body: Message, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason):
        routes.read(event(body), type(body))


def test_bytes_that_are_no_message_are_refused() -> None:
    broken = replace(event(users.FollowCreated()), payload=b"\xff\xff")

    with pytest.raises(Undecodable):
        routes.read(broken, users.FollowCreated)


@pytest.mark.parametrize(
    "body",
    [
        posts.PostCreated(post=Post(id=5, author_id=1)),
        posts.PostDeleted(post_id=5, author_id=1),
        # A medium that belongs to no post.
        media.MediumProcessed(medium=Medium(id=5, owner_id=1)),
        media.MediumDeleted(medium_id=5, owner_id=1),
        users.UserUpdated(user=User(id=1, avatar=Medium(id=5))),
        timelines.FanOutContinued(entry=TimelineEntry(entry_id=1, post_id=1, author_id=1)),
        # Where somebody has read to is for the client to say.
        timelines.ReadMarkerMoved(user_id=1, last_read_id=2**63 - 1),
    ],
)
def test_body_without_what_is_optional_is_read(body: Message) -> None:
    assert routes.read(event(body), type(body)) == body


def test_ids_may_be_as_much_ahead_as_clocks_are_apart() -> None:
    ahead = ids.first_id_at(NOW + timedelta(hours=23))
    body = posts.PostLiked(post_id=ahead, author_id=1, user_id=2)

    assert routes.read(event(body), posts.PostLiked).post_id == ahead

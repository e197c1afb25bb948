"""The message of each domain event, and its key."""

from dataclasses import replace

import pytest
from roost.media.v1.media_pb2 import MEDIUM_KIND_PICTURE
from roost.post.v1 import post_events_pb2 as wire
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS

from services.post.domain.domain_events import (
    DomainEvent,
    PostCreated,
    PostDeleted,
    PostLiked,
    PostReposted,
    PostUnliked,
    PostUpdated,
    RepostUndone,
)
from services.post.domain.model import (
    AudienceLimit,
    Entry,
    Mention,
    Tombstone,
    Visibility,
)
from services.post.rpc.events import describe
from tests.builders.posts import START, a_medium, a_medium_message, a_post

AUTHOR, ACTOR, POST, REPOST = 11, 12, 13, 14
WRITTEN = a_post(POST, AUTHOR, entities=(Mention(0, 4, 5, "bob"), Mention(5, 9, 5, "bob")))
ENTRY = Entry(REPOST, POST, AUTHOR, ACTOR)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (PostCreated(WRITTEN, 0), AUTHOR),
        (PostUpdated(WRITTEN, replace(WRITTEN, entities=(), revision=2)), AUTHOR),
        (PostDeleted(Tombstone(POST, AUTHOR, 1, 2, Visibility.FOLLOWERS), START), AUTHOR),
        (PostLiked(POST, AUTHOR, ACTOR), ACTOR),
        (PostUnliked(POST, AUTHOR, ACTOR), ACTOR),
        (PostReposted(ENTRY), ACTOR),
        (RepostUndone(ENTRY), ACTOR),
    ],
)
def test_an_event_has_the_user_who_caused_it_as_its_key(change: DomainEvent, key: int) -> None:
    message = describe(change)

    assert (message.topic, message.key) == ("roost.post.v1", str(key))
    assert message.type == f"roost.post.v1.{type(change).__name__}"


def test_an_edit_event_has_the_previous_mentions() -> None:
    after = replace(WRITTEN, text="new", entities=(), revision=2, edit_time=START)

    event_body = wire.PostUpdated.FromString(describe(PostUpdated(WRITTEN, after)).payload)

    assert list(event_body.previous_mentioned_user_ids) == [5]
    assert (event_body.post.text, event_body.post.revision) == ("new", 2)


def test_events_of_posts_have_their_media_in_order() -> None:
    before = replace(WRITTEN, media=(a_medium(9), a_medium(7)))
    after = replace(before, media=(a_medium(7, version=2),), revision=2)

    created = wire.PostCreated.FromString(describe(PostCreated(before, 0)).payload)
    updated = wire.PostUpdated.FromString(describe(PostUpdated(before, after)).payload)

    assert list(created.post.media) == [a_medium_message(9), a_medium_message(7)]
    assert list(created.post.media_ids) == [9, 7]
    assert list(updated.post.media) == [a_medium_message(7, version=2)]


def test_events_of_posts_have_what_an_index_of_posts_stores() -> None:
    limits = (AudienceLimit(21, Visibility.FOLLOWERS, (22,), protected=True),)
    before = replace(WRITTEN, limits=limits, media=(a_medium(7),), language="en")
    after = replace(before, language="de", revision=2)

    created = wire.PostCreated.FromString(describe(PostCreated(before, 0)).payload).post
    updated = wire.PostUpdated.FromString(describe(PostUpdated(before, after)).payload).post

    assert [created.language, updated.language] == ["en", "de"]
    for post in (created, updated):
        assert [each.mention.user_id for each in post.entities] == [5, 5]
        assert [(each.kind, each.alt_text) for each in post.media] == [
            (MEDIUM_KIND_PICTURE, "medium 7, version 1")
        ]
        (limit,) = post.audience_limits
        assert (limit.author_id, list(limit.addressed_user_ids)) == (21, [22])
        assert (limit.visibility, limit.was_protected) == (VISIBILITY_FOLLOWERS, True)


def test_a_deletion_event_has_the_parent_and_the_quoted_post() -> None:
    event_body = wire.PostDeleted.FromString(
        describe(PostDeleted(Tombstone(POST, AUTHOR, 1, 2, Visibility.FOLLOWERS), START)).payload
    )

    assert (event_body.post_id, event_body.author_id) == (POST, AUTHOR)
    assert (event_body.reply_to_post_id, event_body.quoted_post_id) == (1, 2)
    assert event_body.visibility == VISIBILITY_FOLLOWERS
    assert event_body.delete_time.ToDatetime(START.tzinfo) == START

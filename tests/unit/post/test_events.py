"""What is told of each change, and under which key."""

from dataclasses import replace

import pytest
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
    Entry,
    Mention,
    Tombstone,
    Visibility,
)
from services.post.rpc.events import describe
from tests.builders.posts import START, a_post

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
def test_a_change_is_told_under_the_name_of_who_made_it(change: DomainEvent, key: int) -> None:
    message = describe(change)

    assert (message.topic, message.key) == ("roost.post.v1", str(key))
    assert message.type == f"roost.post.v1.{type(change).__name__}"


def test_an_edit_tells_whom_the_text_named_before() -> None:
    after = replace(WRITTEN, text="new", entities=(), revision=2, edit_time=START)

    told = wire.PostUpdated.FromString(describe(PostUpdated(WRITTEN, after)).payload)

    assert list(told.previous_mentioned_user_ids) == [5]
    assert (told.post.text, told.post.revision) == ("new", 2)


def test_a_deletion_tells_where_the_post_hung() -> None:
    told = wire.PostDeleted.FromString(
        describe(PostDeleted(Tombstone(POST, AUTHOR, 1, 2, Visibility.FOLLOWERS), START)).payload
    )

    assert (told.post_id, told.author_id) == (POST, AUTHOR)
    assert (told.reply_to_post_id, told.quoted_post_id) == (1, 2)
    assert told.visibility == VISIBILITY_FOLLOWERS
    assert told.delete_time.ToDatetime(START.tzinfo) == START

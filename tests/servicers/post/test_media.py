"""Posts with media through a real channel, with a Media service that behaves as its contract."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from roost.media.v1.media_pb2 import (
    MEDIUM_KIND_ANIMATION,
    MEDIUM_KIND_AUDIO,
    MEDIUM_KIND_PICTURE,
    MEDIUM_KIND_VIDEO,
    MEDIUM_STATE_FAILED,
    MEDIUM_STATE_PROCESSING,
    MEDIUM_USE_POST,
    MediumKind,
    MediumVariant,
)
from roost.media.v1.media_service_pb2 import ClaimMediaRequest, ReleaseMediaRequest
from roost.post.v1 import post_events_pb2 as events
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, Post

from services.chassis.auth.caller import ServiceCaller
from services.chassis.cache import redis_client
from services.chassis.rpc.paging import DEFAULT_SIZE
from services.chassis.runtime.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unavailable,
    WrongState,
)
from services.chassis.storage.postgres import DatabaseUnavailable
from services.post.adapters.memory import MemoryStore
from services.post.domain.store import NewPost
from services.post.rpc.convert import to_medium
from tests.servicers.grpc_server import raises_reason
from tests.servicers.post.conftest import NOWHERE, Scenario, a_scenario

PICTURE, ANIMATION, VIDEO, AUDIO = (
    MEDIUM_KIND_PICTURE,
    MEDIUM_KIND_ANIMATION,
    MEDIUM_KIND_VIDEO,
    MEDIUM_KIND_AUDIO,
)


def pictures(scenario: Scenario, number: int = 1, **given: Any) -> list[int]:
    return [scenario.media.add(scenario.alice, **given) for _ in range(number)]


def released(scenario: Scenario) -> list[ReleaseMediaRequest]:
    return [each for each in scenario.media.calls if isinstance(each, ReleaseMediaRequest)]


def claims(scenario: Scenario) -> list[ClaimMediaRequest]:
    return [each for each in scenario.media.calls if isinstance(each, ClaimMediaRequest)]


async def edit(
    scenario: Scenario, post: Post, media_ids: Sequence[int] | None, text: str = "x", **given: Any
) -> Post:
    media = None if media_ids is None else rpc.MediaList(media_ids=media_ids)
    request = rpc.UpdatePostRequest(post_id=post.id, text=text, media=media, **given)
    return (await scenario.posts(scenario.alice).UpdatePost(request)).post


# Creation.


async def test_a_post_has_its_media_in_the_order_of_the_request(scenario: Scenario) -> None:
    one, two, three, four = pictures(scenario, 4)
    wanted = [three, one, four, two]

    post = await scenario.write(scenario.alice, media_ids=wanted)

    assert list(post.media_ids) == wanted
    assert [each.id for each in post.media] == wanted
    assert [each.alt_text for each in post.media] == [f"medium {id_}, version 1" for id_ in wanted]
    assert await scenario.read(post.id, scenario.alice) == post


@pytest.mark.parametrize("kind", [ANIMATION, VIDEO, AUDIO])
async def test_a_post_may_have_one_medium_of_any_kind(scenario: Scenario, kind: MediumKind) -> None:
    (medium_id,) = pictures(scenario, kind=kind)

    post = await scenario.write(scenario.alice, media_ids=[medium_id])

    assert [each.kind for each in post.media] == [kind]


@pytest.mark.parametrize(
    "kinds", [(PICTURE, VIDEO), (ANIMATION, PICTURE), (AUDIO, AUDIO), (VIDEO, ANIMATION)]
)
async def test_other_combinations_are_refused_and_their_claims_released(
    scenario: Scenario, kinds: Sequence[MediumKind]
) -> None:
    media_ids = [scenario.media.add(scenario.alice, kind=each) for each in kinds]

    with raises_reason(RuleBroken, "MEDIA_COMBINATION_NOT_ALLOWED"):
        await scenario.write(scenario.alice, media_ids=media_ids)

    assert scenario.media.claims == {}
    assert scenario.published("PostCreated") == []


@pytest.mark.parametrize("media_ids", [[1, 2, 3, 4, 5], [1, 1], [0], [-1]])
async def test_media_ids_that_break_the_contract_are_refused_before_a_claim(
    scenario: Scenario, media_ids: list[int]
) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await scenario.write(scenario.alice, media_ids=media_ids)

    assert scenario.media.calls == []


@pytest.mark.parametrize("text", ["", "  \n"])
async def test_the_text_may_be_empty_beside_media(scenario: Scenario, text: str) -> None:
    post = await scenario.write(scenario.alice, text, media_ids=pictures(scenario))

    assert (post.text, len(post.media)) == ("", 1)


async def test_a_text_that_breaks_a_rule_is_refused_before_a_claim(scenario: Scenario) -> None:
    for text, reason in (("a" * 501, "TEXT_TOO_LONG"), ("\u3164", "TEXT_EMPTY")):
        with raises_reason(RuleBroken, reason):
            await scenario.write(scenario.alice, text, media_ids=pictures(scenario))

    assert scenario.media.calls == []


async def test_a_post_with_media_makes_one_call_to_the_media_service(scenario: Scenario) -> None:
    media_ids = pictures(scenario, 2)

    post = await scenario.write(scenario.alice, media_ids=media_ids)

    (call,) = claims(scenario)
    assert scenario.media.calls == [call]
    assert (call.owner_id, list(call.medium_ids)) == (scenario.alice, media_ids)
    assert (call.claim.use, call.claim.post_id) == (MEDIUM_USE_POST, post.id)


async def test_posts_without_media_make_no_call_to_the_media_service(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice)
    await edit(scenario, post, None, "another text")
    await edit(scenario, post, [], "a third")
    await scenario.delete(scenario.alice, post.id)

    assert scenario.media.calls == []


async def test_a_refused_post_makes_no_claim(scenario: Scenario) -> None:
    hidden = await scenario.write(scenario.bob, visibility=VISIBILITY_FOLLOWERS)

    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.write(
            scenario.alice, media_ids=pictures(scenario), reply_to_post_id=hidden.id
        )

    assert scenario.media.calls == []


@pytest.mark.parametrize("state", [MEDIUM_STATE_PROCESSING, MEDIUM_STATE_FAILED])
async def test_a_medium_that_is_not_ready_is_refused(scenario: Scenario, state: Any) -> None:
    ready, other = pictures(scenario)[0], pictures(scenario, state=state)[0]

    with raises_reason(WrongState, "MEDIA_NOT_READY") as caught:
        await scenario.write(scenario.alice, media_ids=[ready, other])

    assert caught.value.metadata == {"media_id": str(other)}
    assert scenario.media.claims == {}
    assert scenario.published("PostCreated") == []


async def test_media_of_another_user_are_refused(scenario: Scenario) -> None:
    with raises_reason(WrongState, "MEDIA_NOT_READY"):
        await scenario.write(scenario.bob, media_ids=pictures(scenario))


async def test_a_medium_belongs_to_one_post(scenario: Scenario) -> None:
    media_ids = pictures(scenario)
    scenario.media.confirm(await scenario.write(scenario.alice, media_ids=media_ids))

    with raises_reason(WrongState, "MEDIUM_IN_USE") as caught:
        await scenario.write(scenario.alice, media_ids=media_ids)

    assert caught.value.metadata == {"media_id": str(media_ids[0])}


async def test_the_event_of_a_creation_has_the_media(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, media_ids=pictures(scenario, 2))

    (event,) = scenario.published("PostCreated")
    assert events.PostCreated.FromString(event.payload).post.media == post.media


async def test_addresses_are_not_stored(scenario: Scenario) -> None:
    variant = MediumVariant(name="thumb", file="320.webp", url="https://media.example/s/t/p/k/f")
    media_ids = pictures(scenario, variants=[variant])

    post = await scenario.write(scenario.alice, media_ids=media_ids)

    assert [(each.file, each.url) for each in post.media[0].variants] == [("320.webp", "")]
    assert not post.media[0].HasField("address_expire_time")
    assert b"media.example" not in scenario.published("PostCreated")[0].payload


# Failures.


async def test_without_a_media_service_only_posts_with_media_fail(scenario: Scenario) -> None:
    media_ids = pictures(scenario)
    earlier = await scenario.write(scenario.alice, media_ids=media_ids)
    scenario.media.failure = Unavailable()

    with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
        await scenario.write(scenario.alice, media_ids=pictures(scenario))
    await scenario.write(scenario.alice)
    kept = await edit(scenario, earlier, None, "x")
    reordered = await edit(scenario, earlier, media_ids, "y")

    assert [list(each.media_ids) for each in (kept, reordered)] == [media_ids, media_ids]
    assert (await scenario.read(earlier.id)).media == earlier.media
    assert len(scenario.published("PostCreated")) == 2


async def test_a_media_service_that_is_too_slow_is_unavailable(scenario: Scenario) -> None:
    scenario.media.failure = DeadlineExceeded()

    with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
        await scenario.write(scenario.alice, media_ids=pictures(scenario))

    assert scenario.published("PostCreated") == []


async def test_claims_of_a_post_that_could_not_be_written_are_released(
    scenario: Scenario,
) -> None:
    parent = await scenario.write(scenario.bob)
    media_ids = pictures(scenario, 2)

    async def delete_parent() -> None:
        await scenario.delete(scenario.bob, parent.id)

    scenario.media.after_claim = delete_parent
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.write(scenario.alice, media_ids=media_ids, reply_to_post_id=parent.id)

    (claim,), (release,) = claims(scenario), released(scenario)
    assert (release.owner_id, release.medium_ids, release.claim) == (
        claim.owner_id,
        claim.medium_ids,
        claim.claim,
    )
    assert scenario.media.claims == {}


async def test_a_failed_release_does_not_replace_the_reason(scenario: Scenario) -> None:
    parent = await scenario.write(scenario.bob)

    async def delete_parent_and_go() -> None:
        await scenario.delete(scenario.bob, parent.id)
        scenario.media.failure = Unavailable()

    scenario.media.after_claim = delete_parent_and_go
    with raises_reason(NotFound, "POST_NOT_FOUND"):
        await scenario.write(
            scenario.alice, media_ids=pictures(scenario), reply_to_post_id=parent.id
        )

    assert len(released(scenario)) == 1


class UncertainStore(MemoryStore):
    """Loses the answers to the next creations: those before the commit, or those after it."""

    lost_before = lost_after = 0

    async def create(self, new: NewPost) -> bytes | None:
        if self.lost_before:
            self.lost_before -= 1
            raise DatabaseUnavailable
        first = await super().create(new)
        if self.lost_after:
            self.lost_after -= 1
            raise DatabaseUnavailable
        return first


@pytest.fixture
async def uncertain() -> AsyncIterator[Scenario]:
    async with (
        redis_client.connect(NOWHERE) as nowhere,
        a_scenario(nowhere, store=UncertainStore) as scenario,
    ):
        yield scenario


@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
@pytest.mark.parametrize("confirmed", [False, True])
async def test_a_request_with_an_unknown_outcome_may_be_repeated(
    uncertain: Scenario, lost: str, confirmed: bool
) -> None:
    media_ids = pictures(uncertain, 2)
    request = rpc.CreatePostRequest(text="Once", media_ids=media_ids, request_id="key-1")
    setattr(uncertain.store, lost, 1)
    with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
        await uncertain.posts(uncertain.alice).CreatePost(request)
    # The post may exist, so the media stay claimed.
    assert released(uncertain) == []
    if confirmed:
        for event in uncertain.published("PostCreated"):
            uncertain.media.confirm(events.PostCreated.FromString(event.payload).post)

    response = await uncertain.posts(uncertain.alice).CreatePost(request)

    (event,) = uncertain.published("PostCreated")
    assert response.post.id == events.PostCreated.FromString(event.payload).post.id
    assert [each.id for each in response.post.media] == media_ids
    assert len({each.claim.claim_key for each in claims(uncertain)}) == 1
    assert released(uncertain) == []


async def test_a_repeated_creation_gives_the_same_bytes_and_one_post(scenario: Scenario) -> None:
    media_ids = pictures(scenario)
    request = rpc.CreatePostRequest(media_ids=media_ids, request_id="key-1")

    first = await scenario.posts(scenario.alice).CreatePost(request)
    second = await scenario.posts(scenario.alice).CreatePost(request)
    scenario.media.confirm(first.post)
    scenario.media.change(media_ids[0], alt_text="another")
    third = await scenario.posts(scenario.alice).CreatePost(request)

    assert first.SerializeToString() == second.SerializeToString() == third.SerializeToString()
    assert len(scenario.published("PostCreated")) == 1
    assert released(scenario) == []


async def test_another_request_with_the_same_id_does_not_take_the_claim(
    scenario: Scenario,
) -> None:
    media_ids = pictures(scenario)
    await scenario.write(scenario.alice, "One", media_ids=media_ids, request_id="key-1")
    before = dict(scenario.media.claims)

    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await scenario.write(scenario.alice, "Two", media_ids=media_ids, request_id="key-1")
    with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
        await scenario.write(
            scenario.alice, "Two", media_ids=pictures(scenario), request_id="key-1"
        )

    assert scenario.media.claims == before


async def test_writes_without_a_request_id_have_claims_of_their_own(scenario: Scenario) -> None:
    media_ids = pictures(scenario)
    await scenario.write(scenario.alice, media_ids=media_ids)

    with raises_reason(WrongState, "MEDIUM_IN_USE"):
        await scenario.write(scenario.alice, media_ids=media_ids)


# Edits.


async def test_an_edit_changes_media_and_keeps_the_old_ones_as_a_revision(
    scenario: Scenario,
) -> None:
    one, two, three = pictures(scenario, 3)
    post = await scenario.write(scenario.alice, "One", media_ids=[one, two])
    scenario.media.calls.clear()

    edited = await edit(scenario, post, [three, two], "Two", etag=post.etag)

    assert [each.id for each in edited.media] == [three, two]
    assert (edited.revision, edited.etag) == (2, "2")
    assert await scenario.read(post.id, scenario.alice) == edited
    (call,) = claims(scenario)
    assert (list(call.medium_ids), call.claim.post_id) == ([three], post.id)
    (event,) = scenario.published("PostUpdated")
    assert events.PostUpdated.FromString(event.payload).post.media == edited.media
    response = await scenario.posts().ListPostRevisions(
        rpc.ListPostRevisionsRequest(post_id=post.id)
    )
    assert [[each.id for each in revision.media] for revision in response.revisions] == [
        [three, two],
        [one, two],
    ]


async def test_an_edit_without_media_keeps_them(scenario: Scenario) -> None:
    media_ids = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, "One", media_ids=media_ids)

    edited = await edit(scenario, post, None, "")

    assert (edited.text, edited.media) == ("", post.media)


async def test_an_edit_may_remove_all_media(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, media_ids=pictures(scenario))

    edited = await edit(scenario, post, [], "words")

    assert (list(edited.media), list(edited.media_ids)) == ([], [])


async def test_a_post_without_media_needs_text_after_an_edit(scenario: Scenario) -> None:
    bare = await scenario.write(scenario.alice, "One")
    post = await scenario.write(scenario.alice, "One", media_ids=pictures(scenario))

    for each, media_ids in ((bare, None), (bare, []), (post, [])):
        with raises_reason(RuleBroken, "TEXT_EMPTY") as caught:
            await edit(scenario, each, media_ids, " ")
        assert [violation.field for violation in caught.value.violations] == ["text"]


async def test_an_empty_text_does_not_show_whether_a_hidden_post_has_media(
    scenario: Scenario,
) -> None:
    for media_ids in ([], pictures(scenario)):
        post = await scenario.write(
            scenario.alice, media_ids=media_ids, visibility=VISIBILITY_FOLLOWERS
        )
        with raises_reason(NotFound, "POST_NOT_FOUND"):
            await scenario.posts(scenario.bob).UpdatePost(
                rpc.UpdatePostRequest(post_id=post.id, text="")
            )


async def test_another_order_of_the_media_is_an_edit(scenario: Scenario) -> None:
    one, two = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, "x", media_ids=[one, two])

    same = await edit(scenario, post, [one, two])
    turned = await edit(scenario, post, [two, one])

    assert (same.revision, turned.revision) == (1, 2)
    assert [each.id for each in turned.media] == [two, one]


async def test_an_edit_to_another_combination_is_refused_and_its_claim_released(
    scenario: Scenario,
) -> None:
    (one,) = pictures(scenario)
    (video,) = pictures(scenario, kind=VIDEO)
    post = await scenario.write(scenario.alice, "x", media_ids=[one])

    with raises_reason(RuleBroken, "MEDIA_COMBINATION_NOT_ALLOWED"):
        await edit(scenario, post, [one, video])

    assert list(scenario.media.claims) == [one]
    assert (await scenario.read(post.id)).media == post.media


async def test_claims_of_an_edit_that_another_edit_overtook_are_released(
    scenario: Scenario,
) -> None:
    one, two = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, "x", media_ids=[one])

    async def overtake() -> None:
        scenario.media.after_claim = None
        await edit(scenario, post, None, "first")

    scenario.media.after_claim = overtake
    with raises_reason(Conflict, "ETAG_MISMATCH"):
        await edit(scenario, post, [one, two], etag=post.etag)

    assert list(scenario.media.claims) == [one]


async def test_an_edit_does_not_restore_a_medium_that_the_post_lost(
    scenario: Scenario,
) -> None:
    one, two = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, "x", media_ids=[one])

    async def lose() -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.remove_medium(post.id, one)

    scenario.media.after_claim = lose
    with raises_reason(Conflict, "ETAG_MISMATCH"):
        await edit(scenario, post, [one, two])

    assert list((await scenario.read(post.id)).media) == []


async def test_an_edit_keeps_a_change_of_a_medium_that_came_before_its_commit(
    scenario: Scenario,
) -> None:
    one, two = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, "x", media_ids=[one])
    changed = to_medium(scenario.media.change(one, alt_text="newer"))

    async def change() -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.replace_medium(post.id, changed)

    scenario.media.after_claim = change
    edited = await edit(scenario, post, [one, two])

    assert [each.alt_text for each in edited.media] == ["newer", f"medium {two}, version 1"]


async def test_only_the_author_edits_media(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, media_ids=pictures(scenario))
    scenario.media.calls.clear()
    media = rpc.MediaList(media_ids=[scenario.media.add(scenario.bob)])

    with raises_reason(Forbidden, "NOT_AUTHOR"):
        await scenario.posts(scenario.bob).UpdatePost(
            rpc.UpdatePostRequest(post_id=post.id, text="x", media=media)
        )

    assert scenario.media.calls == []


async def test_a_repeated_edit_is_made_once(scenario: Scenario) -> None:
    one, two = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, "x", media_ids=[one])
    request = rpc.UpdatePostRequest(
        post_id=post.id, text="x", media=rpc.MediaList(media_ids=[two]), request_id="key-1"
    )

    first = await scenario.posts(scenario.alice).UpdatePost(request)
    scenario.media.confirm(first.post)
    second = await scenario.posts(scenario.alice).UpdatePost(request)

    assert first == second
    assert second.post.revision == 2
    assert released(scenario) == []


# Reading.


async def test_media_are_in_every_response_with_the_post(scenario: Scenario) -> None:
    media_ids = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, media_ids=media_ids)
    reply = await scenario.write(
        scenario.alice, reply_to_post_id=post.id, media_ids=pictures(scenario)
    )
    quote = await scenario.write(scenario.bob, quoted_post_id=post.id)
    scenario.media.calls.clear()
    posts = scenario.posts()

    got = await posts.GetPost(rpc.GetPostRequest(post_id=quote.id))
    batch = await posts.BatchGetPosts(rpc.BatchGetPostsRequest(post_ids=[post.id, reply.id]))
    thread = await posts.GetThread(rpc.GetThreadRequest(post_id=reply.id))
    replies = await posts.ListReplies(rpc.ListRepliesRequest(post_id=post.id))
    profile = await posts.ListUserPosts(
        rpc.ListUserPostsRequest(user_id=scenario.alice, include_replies=True)
    )

    assert got.includes.quoted_posts[0].media == post.media
    assert [each.media for each in batch.posts] == [post.media, reply.media]
    assert (thread.ancestors[0].media, thread.post.media) == (post.media, reply.media)
    assert [each.media for each in replies.posts] == [reply.media]
    assert [each.media for each in profile.posts] == [reply.media, post.media]
    assert scenario.media.calls == []


async def test_a_deleted_post_has_no_media(scenario: Scenario) -> None:
    post = await scenario.write(scenario.alice, media_ids=pictures(scenario))
    await scenario.write(scenario.bob, reply_to_post_id=post.id)
    await scenario.delete(scenario.alice, post.id)

    thread = await scenario.posts().GetThread(rpc.GetThreadRequest(post_id=post.id))

    assert thread.post.deleted
    assert (list(thread.post.media), list(thread.post.media_ids)) == ([], [])


async def listed(scenario: Scenario, who: int | None = None, **given: Any) -> Any:
    request = rpc.ListUserPostsRequest(user_id=scenario.alice, only_media=True, **given)
    return await scenario.posts(who).ListUserPosts(request)


async def test_only_media_lists_own_posts_with_media_and_replies_without_reposts(
    scenario: Scenario,
) -> None:
    other = await scenario.write(scenario.bob)
    picture = await scenario.write(scenario.alice, media_ids=pictures(scenario))
    await scenario.write(scenario.alice)
    reply = await scenario.write(
        scenario.alice, reply_to_post_id=other.id, media_ids=pictures(scenario, kind=VIDEO)
    )
    await scenario.repost(scenario.alice, other.id)
    await scenario.repost(scenario.alice, picture.id)

    response = await listed(scenario)

    assert [(each.post_id, each.reposter_id) for each in response.entries] == [
        (reply.id, 0),
        (picture.id, 0),
    ]
    assert [each.media for each in response.posts] == [reply.media, picture.media]
    assert response.includes.users[0].id == scenario.alice


async def test_only_media_pages_are_full_although_some_posts_are_hidden(
    scenario: Scenario,
) -> None:
    shown = []
    for number in range(7):
        hidden = number % 2
        post = await scenario.write(
            scenario.alice,
            media_ids=pictures(scenario),
            visibility=VISIBILITY_FOLLOWERS if hidden else 0,
        )
        shown += [] if hidden else [post.id]

    pages, token = [], ""
    while not pages or token:
        page = await listed(scenario, page_size=2, page_token=token)
        pages.append([each.post_id for each in page.entries])
        token = page.next_page_token

    assert pages == [[shown[3], shown[2]], [shown[1], shown[0]]]
    with raises_reason(Invalid, "PAGE_TOKEN_INVALID"):
        first = await listed(scenario, page_size=2)
        await scenario.posts().ListUserPosts(
            rpc.ListUserPostsRequest(user_id=scenario.alice, page_token=first.next_page_token)
        )


async def test_only_media_of_a_protected_account_is_for_followers(scenario: Scenario) -> None:
    await scenario.write(scenario.alice, media_ids=pictures(scenario))
    scenario.users.protect(scenario.alice)
    scenario.users.follow(scenario.bob, scenario.alice)

    with raises_reason(Forbidden, "ACCOUNT_PROTECTED"):
        await listed(scenario, scenario.carol)

    assert len((await listed(scenario, scenario.bob, page_size=DEFAULT_SIZE)).entries) == 1


# Review of claims.


async def test_the_media_service_reads_which_media_posts_have(scenario: Scenario) -> None:
    one, two = pictures(scenario, 2)
    post = await scenario.write(scenario.alice, media_ids=[two], visibility=VISIBILITY_FOLLOWERS)
    await edit(scenario, post, [one])
    bare = await scenario.write(scenario.alice)
    gone = await scenario.write(scenario.alice, media_ids=pictures(scenario))
    await scenario.delete(scenario.alice, gone.id)

    response = await scenario.posts(ServiceCaller("media")).BatchGetPostMedia(
        rpc.BatchGetPostMediaRequest(post_ids=[bare.id, gone.id, post.id, post.id, 77])
    )

    assert [(each.post_id, list(each.media_ids)) for each in response.posts] == [
        (bare.id, []),
        (post.id, [one, two]),
    ]

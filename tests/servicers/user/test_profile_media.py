"""Profile pictures and banners: claimed, shown, refreshed and removed."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message
from roost.media.v1 import media_events_pb2 as media_pb
from roost.media.v1.media_pb2 import (
    MEDIUM_KIND_ANIMATION,
    MEDIUM_KIND_AUDIO,
    MEDIUM_KIND_PICTURE,
    MEDIUM_KIND_UNSPECIFIED,
    MEDIUM_KIND_VIDEO,
    MEDIUM_USE_AVATAR,
    MEDIUM_USE_BANNER,
    MEDIUM_USE_POST,
    MEDIUM_USE_UNSPECIFIED,
    Medium,
)
from roost.media.v1.media_service_pb2 import ClaimMediaRequest, ReleaseMediaRequest
from roost.post.v1.post_pb2 import Post
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.auth_service_pb2 import AuthenticateRequest
from roost.user.v1.graph_service_pb2 import FollowRequest, ListFollowersRequest
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import (
    BatchGetUsersRequest,
    DeleteUserRequest,
    GetUserByHandleRequest,
    GetUserRequest,
)
from structlog.testing import capture_logs

from services.chassis.auth.caller import ServiceCaller
from services.chassis.auth.tokens import ServiceIdentity
from services.chassis.events.records import Event, OutboxMessage, Undecodable
from services.chassis.rpc.clients import Mesh
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import (
    Conflict,
    DeadlineExceeded,
    Internal,
    Invalid,
    RuleBroken,
    Unauthenticated,
    Unavailable,
    WrongState,
)
from services.user.adapters.media_client import MeshMediaClaims
from services.user.domain.model import ProfileUse
from services.user.domain.ports import MediaClaim
from services.user.worker.consumer import UserConsumer
from tests.builders.media import picture
from tests.servicers.grpc_server import SERVICE_KEYS, raises_reason
from tests.servicers.user.conftest import PASSWORD, Actor, UserServiceStack
from tests.servicers.user.test_profiles import read, update

FIRST, SECOND = 71, 72
USES = pytest.mark.parametrize("use", ["avatar", "banner"])
CLAIM = MediaClaim(1, FIRST, ProfileUse.AVATAR, "key")


def add(stack: UserServiceStack, owner: Actor, medium_id: int = FIRST, **given: Any) -> Medium:
    """A medium of the owner, at the Media service."""
    return stack.media.put(picture(medium_id, owner.id, **given))


async def put(person: Actor, use: str, medium_id: int, **more: Any) -> User:
    return await update(person, **{f"{use}_media_id": medium_id}, **more)


async def happen(stack: UserServiceStack, *bodies: Message) -> None:
    """Delivers events of the Media service, as one batch."""
    messages = [OutboxMessage.of(topic="roost.media.v1", key=1, body=body) for body in bodies]
    events = [
        Event.from_message(each, time=stack.clock.now(), traceparent=None) for each in messages
    ]
    consume = UserConsumer(store=stack.store, user_cache=stack.user_cache, clock=stack.clock)
    await consume(events)


def changed(medium: Medium, use: Any = MEDIUM_USE_AVATAR, **given: Any) -> media_pb.MediumUpdated:
    """A later version of the medium."""
    after = Medium()
    after.CopyFrom(medium)
    for field, value in {"etag": "4", "use": use, **given}.items():
        setattr(after, field, value)
    return media_pb.MediumUpdated(medium=after, changed_fields=list(given))


def claims_of(stack: UserServiceStack) -> list[ClaimMediaRequest]:
    return [each for each in stack.media.calls if isinstance(each, ClaimMediaRequest)]


def releases_of(stack: UserServiceStack) -> list[ReleaseMediaRequest]:
    return [each for each in stack.media.calls if isinstance(each, ReleaseMediaRequest)]


def updates(stack: UserServiceStack) -> list[list[str]]:
    """The changed fields of every published change of a profile."""
    return [list(each.changed_fields) for each in stack.events(events_pb.UserUpdated)]


class TestShowing:
    @USES
    async def test_a_medium_is_claimed_in_the_name_of_its_owner(
        self, stack: UserServiceStack, alice: Actor, use: str
    ) -> None:
        add(stack, alice)

        user = await put(alice, use, FIRST)

        (claim,) = claims_of(stack)
        assert (claim.owner_id, list(claim.medium_ids)) == (alice.id, [FIRST])
        assert claim.claim.use == {"avatar": MEDIUM_USE_AVATAR, "banner": MEDIUM_USE_BANNER}[use]
        assert claim.claim.post_id == 0
        assert getattr(user, f"{use}_media_id") == FIRST
        assert getattr(user, use).id == FIRST
        assert releases_of(stack) == []

    async def test_a_picture_has_what_is_needed_to_show_it_and_nothing_else(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        stored = add(stack, alice)

        shown = (await put(alice, "avatar", FIRST)).avatar

        kept = (
            "id",
            "state",
            "progress",
            "kind",
            "width",
            "height",
            "alt_text",
            "blurhash",
            "dominant_color",
        )
        kept += ("focal_point", "etag", "folder", "variants")
        assert {field.name for field, _ in shown.ListFields()} == set(kept)
        for name in kept[:-1]:
            assert getattr(shown, name) == getattr(stored, name), name
        assert [each.name for each in shown.variants] == ["thumb", "small"]
        assert list(shown.variants) == list(stored.variants)[:2]
        assert shown.ByteSize() < 300

    async def test_a_banner_has_the_large_size_too(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)

        banner = (await put(alice, "banner", FIRST)).banner

        assert [each.name for each in banner.variants] == ["thumb", "small", "large"]

    async def test_a_long_description_is_cut_in_profile_pictures_alone(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice, alt_text="a" * 1_500)
        add(stack, alice, SECOND, alt_text="b" * 1_500)

        await put(alice, "avatar", FIRST)
        user = await put(alice, "banner", SECOND)

        assert user.avatar.alt_text == "a" * 1_000
        assert user.banner.alt_text == "b" * 1_500

    async def test_a_picture_without_a_focal_point_has_none(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice, focal_point=None)

        assert not (await put(alice, "avatar", FIRST)).avatar.HasField("focal_point")

    async def test_addresses_are_not_stored(self, stack: UserServiceStack, alice: Actor) -> None:
        medium = add(stack, alice)
        for variant in medium.variants:
            variant.url = "https://media.example/secret"
        medium.address_expire_time.GetCurrentTime()

        user = await put(alice, "avatar", FIRST)

        kept = stack.store.database.tables.users[alice.id].avatar
        assert kept is not None
        assert b"media.example" not in kept.content
        assert not Medium.FromString(kept.content).HasField("address_expire_time")
        assert not any(each.url for each in user.avatar.variants)

    async def test_every_read_has_the_picture_and_profiles_have_the_banner(
        self, stack: UserServiceStack, alice: Actor, bob: Actor
    ) -> None:
        add(stack, alice)
        add(stack, alice, SECOND)
        # Caches that hold the profile as it was.
        await read(stack, alice)
        both = await update(alice, avatar_media_id=FIRST, banner_media_id=SECOND)
        await alice.graph.Follow(FollowRequest(user_id=bob.id))

        profile = await read(stack, alice, viewer=bob)
        by_handle = await stack.users().GetUserByHandle(GetUserByHandleRequest(handle="alice"))
        listed = await stack.graph().ListFollowers(ListFollowersRequest(user_id=bob.id))
        batch = await stack.users(ServiceCaller("post")).BatchGetUsers(
            BatchGetUsersRequest(user_ids=[alice.id])
        )
        signed_in = await stack.auth().Authenticate(
            AuthenticateRequest(handle="alice", password=PASSWORD)
        )

        for user in (both, profile, by_handle.user):
            assert (user.avatar.id, user.banner.id) == (FIRST, SECOND)
        for user in (listed.users[0], batch.users[0], signed_in.user):
            assert user.avatar == both.avatar
            assert user.banner_media_id == SECOND
            assert not user.HasField("banner")

    async def test_other_caches_are_invalidated_before_the_answer(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)

        await put(alice, "avatar", FIRST)

        assert stack.cache_invalidation.profiles == [alice.id]

    async def test_the_event_has_both_media(self, stack: UserServiceStack, alice: Actor) -> None:
        add(stack, alice)
        add(stack, alice, SECOND)

        user = await update(alice, bio="Birds", avatar_media_id=FIRST, banner_media_id=SECOND)

        (event,) = stack.events(events_pb.UserUpdated)
        assert event.user == user
        assert list(event.changed_fields) == ["bio", "avatar_media_id", "banner_media_id"]

    @USES
    async def test_zero_removes_a_medium_without_a_call(
        self, stack: UserServiceStack, alice: Actor, use: str
    ) -> None:
        add(stack, alice)
        before = await put(alice, use, FIRST)
        stack.media.calls.clear()

        user = await put(alice, use, 0)

        assert getattr(user, f"{use}_media_id") == 0
        assert not user.HasField(use)  # type: ignore[arg-type]
        assert not (await read(stack, alice)).HasField(use)  # type: ignore[arg-type]
        assert user.etag != before.etag
        assert updates(stack) == [[f"{use}_media_id"]] * 2
        assert stack.media.calls == []

    async def test_the_same_medium_again_changes_nothing(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        first = await put(alice, "avatar", FIRST)

        again = await put(alice, "avatar", FIRST)

        assert again == first
        assert updates(stack) == [["avatar_media_id"]]
        assert releases_of(stack) == []

    async def test_an_update_without_media_makes_no_call(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        await put(alice, "avatar", FIRST)
        stack.media.calls.clear()

        user = await update(alice, bio="Birds", protected=True)

        assert user.avatar.id == FIRST
        assert stack.media.calls == []

    async def test_a_deleted_account_keeps_no_media(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        add(stack, alice, SECOND)
        await update(alice, avatar_media_id=FIRST, banner_media_id=SECOND)

        await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

        kept = stack.store.database.tables.users[alice.id]
        assert (kept.avatar, kept.banner) == (None, None)


class TestRefusing:
    @USES
    @pytest.mark.parametrize("kind", [MEDIUM_KIND_PICTURE, MEDIUM_KIND_ANIMATION])
    async def test_pictures_and_animations_are_accepted(
        self, stack: UserServiceStack, alice: Actor, use: str, kind: Any
    ) -> None:
        add(stack, alice, kind=kind)

        assert getattr(await put(alice, use, FIRST), use).kind == kind

    @USES
    @pytest.mark.parametrize(
        "kind", [MEDIUM_KIND_VIDEO, MEDIUM_KIND_AUDIO, MEDIUM_KIND_UNSPECIFIED]
    )
    async def test_other_kinds_are_refused_and_their_claim_ends(
        self, stack: UserServiceStack, alice: Actor, use: str, kind: Any
    ) -> None:
        add(stack, alice, kind=kind)

        with raises_reason(WrongState, "MEDIA_NOT_READY") as caught:
            await put(alice, use, FIRST)

        assert caught.value.metadata["media_id"] == str(FIRST)
        assert stack.media.claims == {}
        assert not (await read(stack, alice)).HasField(use)  # type: ignore[arg-type]
        assert updates(stack) == []

    async def test_media_of_others_and_unknown_media_are_refused(
        self, stack: UserServiceStack, alice: Actor, bob: Actor
    ) -> None:
        add(stack, bob)

        for medium_id in (FIRST, SECOND):
            with raises_reason(WrongState, "MEDIA_NOT_READY") as caught:
                await put(alice, "avatar", medium_id)
            assert caught.value.metadata["media_id"] == str(medium_id)

        assert (await read(stack, alice)).avatar_media_id == 0

    async def test_a_medium_of_a_post_is_refused(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        stack.media.confirm(Post(id=5, media_ids=[FIRST]))

        with raises_reason(WrongState, "MEDIUM_IN_USE"):
            await put(alice, "avatar", FIRST)

    async def test_if_the_second_medium_is_refused_the_first_is_released(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)

        with raises_reason(WrongState, "MEDIUM_IN_USE"):
            await update(alice, avatar_media_id=FIRST, banner_media_id=FIRST)

        assert stack.media.claims == {}
        assert updates(stack) == []

    async def test_a_stale_etag_releases_the_claim(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        first = await update(alice, bio="one")
        await update(alice, bio="two")

        with raises_reason(Conflict, "ETAG_MISMATCH"):
            await put(alice, "avatar", FIRST, etag=first.etag)

        (released,) = releases_of(stack)
        (claimed,) = claims_of(stack)
        assert released.claim == claimed.claim
        assert (released.owner_id, list(released.medium_ids)) == (alice.id, [FIRST])

    async def test_a_wrong_text_beside_a_medium_makes_no_call(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)

        with raises_reason(Invalid, "VALIDATION_FAILED"):
            await put(alice, "avatar", FIRST, bio="x" * 161)
        with raises_reason(Invalid, "VALIDATION_FAILED"):
            await put(alice, "avatar", -1)

        assert claims_of(stack) == []

    async def test_a_deleted_user_claims_nothing_for_good(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

        with raises_reason(Unauthenticated, "SESSION_REVOKED"):
            await put(alice, "avatar", FIRST)

        assert stack.media.claims == {}

    async def test_a_failure_after_which_the_update_may_be_stored_releases_nothing(
        self, stack: UserServiceStack, alice: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add(stack, alice)

        def broken() -> Any:
            raise ConnectionResetError

        async def cut() -> None:
            monkeypatch.setattr(stack.store, "transaction", broken)

        stack.media.after_claim = cut
        with pytest.raises(Internal):
            await put(alice, "avatar", FIRST)

        assert len(stack.media.claims) == 1
        assert releases_of(stack) == []


class TestRepeating:
    async def test_a_repeated_update_claims_once(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        add(stack, alice, SECOND)
        first = await put(alice, "avatar", FIRST, request_id="u-1")
        await put(alice, "avatar", SECOND)
        # The replaced medium is deleted.
        stack.media.delete(FIRST)
        stack.media.calls.clear()

        again = await put(alice, "avatar", FIRST, request_id="u-1")

        assert again == first
        assert claims_of(stack) == []
        assert (await read(stack, alice)).avatar_media_id == SECOND

    async def test_attempts_of_one_request_have_the_same_claim_key(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        stack.media.confirm(Post(id=5, media_ids=[FIRST]))
        for _ in range(2):
            with raises_reason(WrongState, "MEDIUM_IN_USE"):
                await put(alice, "avatar", FIRST, request_id="r" * 64)

        one, other = (each.claim.claim_key for each in claims_of(stack))
        assert one == other

    async def test_updates_without_a_request_id_have_different_claim_keys(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        await put(alice, "avatar", FIRST)
        await put(alice, "avatar", FIRST)

        one, other = (each.claim.claim_key for each in claims_of(stack))
        assert one != other

    async def test_a_second_attempt_that_meets_the_first_leaves_its_claim_alone(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)

        async def first_attempt_commits() -> None:
            stack.media.after_claim = None
            await put(alice, "avatar", FIRST, request_id="u-1", bio="one")

        stack.media.after_claim = first_attempt_commits
        with raises_reason(RuleBroken, "IDEMPOTENCY_KEY_REUSED"):
            await put(alice, "avatar", FIRST, request_id="u-1", bio="two")

        assert len(stack.media.claims) == 1
        assert releases_of(stack) == []
        assert (await read(stack, alice)).bio == "one"


class TestWithoutTheMediaService:
    async def test_a_claim_is_unavailable_and_a_release_never_fails(
        self, stack: UserServiceStack
    ) -> None:
        identity = ServiceIdentity(SERVICE_KEYS["user"], clock=stack.clock)
        async with Mesh("127.0.0.1:1", identity=identity) as nowhere:
            claims = MeshMediaClaims(nowhere)

            with pytest.raises(Unavailable):
                await claims.claim(CLAIM)
            with capture_logs() as logs:
                await claims.release(CLAIM)

        assert [each["event"] for each in logs] == ["media_release_failed"]

    async def test_a_media_service_that_does_not_answer_in_time_is_unavailable(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        stack.media.failure = DeadlineExceeded()

        with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
            await put(alice, "avatar", FIRST)

        # The claim may exist.
        assert len(releases_of(stack)) == 1

    async def test_a_release_is_made_after_the_deadline_of_the_update(
        self, stack: UserServiceStack
    ) -> None:
        with deadline.within(0):
            await stack.media_claims.release(CLAIM)

        assert [each.claim.claim_key for each in releases_of(stack)] == ["key"]

    async def test_everything_but_new_media_works(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        await put(alice, "avatar", FIRST)
        stack.media.failure = Unavailable()

        with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
            await put(alice, "avatar", FIRST, bio="lost")
        assert (await update(alice, bio="Birds")).avatar.id == FIRST
        assert not (await put(alice, "avatar", 0)).HasField("avatar")
        assert (await read(stack, alice)).bio == "Birds"


class TestFollowingMedia:
    @USES
    async def test_a_later_version_of_a_medium_is_shown_at_once(
        self, stack: UserServiceStack, alice: Actor, use: str
    ) -> None:
        medium = add(stack, alice)
        before = await put(alice, use, FIRST)
        await read(stack, alice)
        stack.clock.advance(5)

        number = {"avatar": MEDIUM_USE_AVATAR, "banner": MEDIUM_USE_BANNER}[use]
        await happen(stack, changed(medium, number, folder="m/open", alt_text="A grey heron"))

        user = await read(stack, alice)
        shown = getattr(user, use)
        assert (shown.folder, shown.alt_text, shown.etag) == ("m/open", "A grey heron", "4")
        assert (user.etag, user.update_time) == (before.etag, before.update_time)
        assert updates(stack) == [[f"{use}_media_id"], [use]]
        assert getattr(stack.events(events_pb.UserUpdated)[-1].user, use) == shown

    async def test_an_older_version_never_replaces_a_newer_one(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        medium = add(stack, alice)
        await put(alice, "avatar", FIRST)
        newest = changed(medium, etag="10", alt_text="newest")
        older = changed(medium, etag="9", alt_text="older")

        await happen(stack, newest, older)
        await happen(stack, older, changed(medium, etag="3", alt_text="oldest"))

        assert (await read(stack, alice)).avatar.alt_text == "newest"
        assert updates(stack) == [["avatar_media_id"], ["avatar"]]

    async def test_a_repeated_event_changes_nothing_and_invalidates_the_cache_again(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        medium = add(stack, alice)
        old = await put(alice, "avatar", FIRST)
        later = changed(medium, alt_text="later")
        await happen(stack, later)
        # A process that died after its commit left the old profile in the cache.
        stack.own_cache._kept[alice.id] = old.SerializeToString()

        await happen(stack, later)

        assert (await read(stack, alice)).avatar.alt_text == "later"
        assert len(updates(stack)) == 2

    async def test_media_that_the_profile_does_not_show_change_nothing(
        self, stack: UserServiceStack, alice: Actor, bob: Actor
    ) -> None:
        medium = add(stack, alice)
        await put(alice, "avatar", FIRST)
        before = await read(stack, alice)
        stack.cache_invalidation.profiles.clear()

        await happen(
            stack,
            changed(add(stack, alice, SECOND), alt_text="another medium"),
            changed(medium, owner_id=bob.id, alt_text="another owner"),
            changed(medium, MEDIUM_USE_POST, alt_text="of a post"),
            changed(medium, owner_id=99, alt_text="of an unknown user"),
            media_pb.MediumProcessed(medium=medium),
            media_pb.MediumDeleted(medium_id=SECOND, owner_id=alice.id),
            media_pb.MediumDeleted(medium_id=FIRST, owner_id=bob.id, use=MEDIUM_USE_AVATAR),
            media_pb.MediumDeleted(medium_id=FIRST, owner_id=alice.id, use=MEDIUM_USE_POST),
        )

        assert await read(stack, alice) == before
        assert updates(stack) == [["avatar_media_id"]]

    @USES
    @pytest.mark.parametrize("still_claimed", [True, False])
    async def test_a_deleted_medium_leaves_the_profile(
        self, stack: UserServiceStack, alice: Actor, use: str, still_claimed: bool
    ) -> None:
        add(stack, alice)
        before = await put(alice, use, FIRST)
        await read(stack, alice)
        number = {"avatar": MEDIUM_USE_AVATAR, "banner": MEDIUM_USE_BANNER}[use]
        gone = media_pb.MediumDeleted(
            medium_id=FIRST,
            owner_id=alice.id,
            use=number if still_claimed else MEDIUM_USE_UNSPECIFIED,
        )
        stack.clock.advance(5)

        await happen(stack, gone)
        await happen(stack, gone)

        user = await read(stack, alice)
        assert not user.HasField(use)  # type: ignore[arg-type]
        assert getattr(user, f"{use}_media_id") == 0
        assert user.etag != before.etag
        assert user.update_time.seconds == before.update_time.seconds + 5
        assert updates(stack) == [[f"{use}_media_id"]] * 2

    async def test_changes_and_the_deletion_in_one_batch_apply_in_order(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        medium = add(stack, alice)
        await put(alice, "avatar", FIRST)

        await happen(
            stack,
            changed(medium, alt_text="last words"),
            media_pb.MediumDeleted(medium_id=FIRST, owner_id=alice.id, use=MEDIUM_USE_AVATAR),
            changed(medium, etag="5", alt_text="too late"),
        )

        assert not (await read(stack, alice)).HasField("avatar")

    async def test_an_event_of_a_replaced_medium_leaves_its_successor_alone(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        add(stack, alice)
        add(stack, alice, SECOND)
        await put(alice, "avatar", FIRST)
        await put(alice, "avatar", SECOND)

        await happen(
            stack,
            media_pb.MediumDeleted(medium_id=FIRST, owner_id=alice.id, use=MEDIUM_USE_AVATAR),
        )

        assert (await read(stack, alice)).avatar.id == SECOND

    async def test_events_of_a_deleted_user_change_nothing(
        self, stack: UserServiceStack, alice: Actor
    ) -> None:
        medium = add(stack, alice)
        await put(alice, "avatar", FIRST)
        await alice.users.DeleteUser(DeleteUserRequest(password=PASSWORD))

        await happen(stack, changed(medium, alt_text="later"))

        assert stack.store.database.tables.users[alice.id].avatar is None

    @pytest.mark.parametrize("etag", ["", "-1", "4.5", "abc", "\u0663", "9" * 19])
    async def test_a_version_that_is_no_number_is_undecodable(
        self, stack: UserServiceStack, alice: Actor, etag: str
    ) -> None:
        medium = add(stack, alice)
        await put(alice, "avatar", FIRST)

        with pytest.raises(Undecodable, match="etag"):
            await happen(stack, changed(medium, etag=etag))


async def test_anonymous_viewers_see_pictures_of_protected_accounts(
    stack: UserServiceStack, alice: Actor
) -> None:
    add(stack, alice)
    await put(alice, "avatar", FIRST, protected=True)

    found = await stack.users().GetUser(GetUserRequest(user_id=alice.id))

    assert found.user.avatar.id == FIRST

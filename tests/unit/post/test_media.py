"""Claims of media, and which media a post may have."""

from collections.abc import Sequence

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from roost.media.v1.media_pb2 import (
    MEDIUM_KIND_ANIMATION,
    MEDIUM_KIND_AUDIO,
    MEDIUM_KIND_PICTURE,
    MEDIUM_KIND_VIDEO,
    Medium,
)

from services.chassis.runtime.errors import Unavailable
from services.chassis.storage.idempotency import RequestIdReused, RequestInFlight, RequestKey
from services.chassis.storage.transaction import TransactionAborted
from services.post.domain.errors import EtagMismatch, MediaCombinationNotAllowed, PostNotFound
from services.post.domain.media import MediaClaim, check_combination, claim_key, claimed
from services.post.domain.model import Medium as StoredMedium
from services.post.rpc.convert import to_media, to_medium
from tests.builders.posts import a_medium, a_medium_message

CLAIM = MediaClaim(owner_id=1, medium_ids=[7], post_id=5, key="key")
PICTURE, ANIMATION, VIDEO, AUDIO = (
    MEDIUM_KIND_PICTURE,
    MEDIUM_KIND_ANIMATION,
    MEDIUM_KIND_VIDEO,
    MEDIUM_KIND_AUDIO,
)
# A kind that a later release of the Media service may have.
UNKNOWN = 9


class RecordedClaims:
    """Records what is claimed and released."""

    def __init__(self) -> None:
        self.claimed: list[MediaClaim] = []
        self.released: list[MediaClaim] = []

    async def claim(self, claim: MediaClaim) -> Sequence[StoredMedium]:
        self.claimed.append(claim)
        return [a_medium(each) for each in claim.medium_ids]

    async def release(self, claim: MediaClaim) -> None:
        self.released.append(claim)


async def fails(claims: RecordedClaims, claim: MediaClaim, error: type[Exception]) -> None:
    """A write with this claim that fails with the error."""

    async def write() -> None:
        async with claimed(claims, claim):
            raise error

    with pytest.raises(error):
        await write()


@pytest.mark.parametrize(
    "kinds",
    [(), (PICTURE,), (PICTURE,) * 4, (ANIMATION,), (VIDEO,), (AUDIO,), (UNKNOWN,)],
)
def test_a_post_may_have_pictures_or_one_other_medium(kinds: Sequence[int]) -> None:
    check_combination([a_medium(id_, kind=kind) for id_, kind in enumerate(kinds)])


@pytest.mark.parametrize(
    "kinds",
    [(PICTURE, other)[::turn] for other in (ANIMATION, VIDEO, AUDIO, UNKNOWN) for turn in (1, -1)]
    + [(VIDEO, VIDEO), (PICTURE, PICTURE, PICTURE, AUDIO)],
)
def test_other_media_are_alone(kinds: Sequence[int]) -> None:
    with pytest.raises(MediaCombinationNotAllowed):
        check_combination([a_medium(id_, kind=kind) for id_, kind in enumerate(kinds)])


def test_the_key_of_a_claim_identifies_the_request() -> None:
    first = RequestKey("1", "request-1", b"fingerprint")

    assert claim_key(first, 5) == claim_key(first, 6)
    assert len({
        claim_key(first, 5),
        claim_key(RequestKey("2", "request-1", b"fingerprint"), 5),
        claim_key(RequestKey("1", "request-2", b"fingerprint"), 5),
        claim_key(RequestKey("1", "request-1", b"other"), 5),
        claim_key(None, 5),
        claim_key(None, 6),
    }) == 6  # fmt: skip
    assert len(claim_key(first, 5)) <= 128


async def test_nothing_is_claimed_for_a_write_without_media() -> None:
    claims = RecordedClaims()

    async with claimed(claims, CLAIM._replace(medium_ids=[])) as media:
        assert media == ()
    await fails(claims, CLAIM._replace(medium_ids=[]), PostNotFound)

    assert (claims.claimed, claims.released) == ([], [])


async def test_a_claim_of_a_write_that_succeeds_stays() -> None:
    claims = RecordedClaims()

    async with claimed(claims, CLAIM) as media:
        assert media == (a_medium(7),)

    assert (claims.claimed, claims.released) == ([CLAIM], [])


@pytest.mark.parametrize(
    "refusal",
    [PostNotFound, EtagMismatch, MediaCombinationNotAllowed, RequestIdReused, TransactionAborted],
)
async def test_a_claim_of_a_refused_write_is_released(refusal: type[Exception]) -> None:
    claims = RecordedClaims()

    await fails(claims, CLAIM, refusal)

    assert claims.released == [CLAIM]


@pytest.mark.parametrize("failure", [Unavailable, TimeoutError, RequestInFlight, RuntimeError])
async def test_a_claim_of_a_write_that_may_have_happened_stays(failure: type[Exception]) -> None:
    claims = RecordedClaims()

    await fails(claims, CLAIM, failure)

    assert claims.released == []


def test_a_snapshot_has_everything_but_addresses() -> None:
    message = a_medium_message(7, alt_text="a fox", dominant_color="#aabbcc", version=12)
    with_addresses = Medium()
    with_addresses.CopyFrom(message)
    with_addresses.address_expire_time.CopyFrom(Timestamp(seconds=5))
    for variant in with_addresses.variants:
        variant.url = "https://media.example/s/token/p/key/320.webp"

    medium = to_medium(with_addresses)

    assert (medium.id, medium.kind, medium.version) == (7, MEDIUM_KIND_PICTURE, 12)
    assert to_media([medium]) == [message]
    assert with_addresses.variants[0].url


def test_fields_of_a_later_release_are_kept() -> None:
    later = a_medium_message(7).SerializeToString() + b"\xc2\x3e\x03new"

    (shown,) = to_media([to_medium(Medium.FromString(later))])

    assert shown.SerializeToString().endswith(b"new")


@pytest.mark.parametrize("etag", ["", "abc", "1.5"])
def test_an_etag_that_is_no_number_is_refused(etag: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        to_medium(a_medium_message(7, etag=etag))

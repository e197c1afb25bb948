"""Which passwords are refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.user import password_rule
from services.user.errors import PasswordTooWeak


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
    ],
)
def test_what_anybody_would_guess_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        password_rule.check(password, handle="robin")


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
    password_rule.check(password, handle="robin")


@pytest.mark.parametrize("password", ["robinrobin", "Robin-2024!", "xXrobinXx"])
def test_the_handle_is_no_password(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        password_rule.check(password, handle="Robin")


def test_a_short_handle_may_be_part_of_a_password_but_not_all_of_it() -> None:
    password_rule.check("zebra lamp 9", handle="amp")
    with pytest.raises(PasswordTooWeak):
        password_rule.check("amp#123456789!", handle="amp")


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    composed, decomposed = "caf\u00e9 noir", "cafe\u0301 noir"

    assert password_rule.normalized(composed) == password_rule.normalized(decomposed)


@given(st.text(min_size=8, max_size=64))
def test_the_rule_answers_for_every_text_alike_in_both_unicode_forms(password: str) -> None:
    def refused(text: str) -> bool:
        try:
            password_rule.check(text, handle="robin")
        except PasswordTooWeak:
            return True
        return False

    assert refused(password) == refused(unicodedata.normalize("NFD", password))


@given(st.binary(min_size=12, max_size=12).map(bytes.hex))
def test_random_passwords_are_hardly_ever_refused(password: str) -> None:
    if len(set(password)) >= 8 and not password.isdecimal():
        password_rule.check(password, handle="robin")


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
        password_rule.check(hostile, handle="robin")
    assert password_rule.normalized(hostile) == hostile
    assert normalised == []
    assert password_rule.normalized("Ame\u0301lie") == "Am\u00e9lie"
    assert normalised == ["Ame\u0301lie"]

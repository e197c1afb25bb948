"""What a profile's fields may contain."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.runtime.errors import Invalid
from services.user.domain.profiles import UPDATABLE, cleaned, device_name


def wrong_fields(**changes: str | int | bool) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        cleaned(changes)
    assert caught.value.reason == "VALIDATION_FAILED"
    return [(each.field, each.rule) for each in caught.value.violations]


def test_values_are_kept_in_nfc_without_white_space_around() -> None:
    kept = cleaned({"display_name": "  Ame\u0301lie \t", "bio": "One\r\nTwo\n"})

    assert kept == {"display_name": "Am\u00e9lie", "bio": "One\nTwo"}


@pytest.mark.parametrize(
    ("field", "limit"), [("display_name", 50), ("bio", 160), ("location", 30), ("website", 100)]
)
def test_lengths_are_limited(field: str, limit: int) -> None:
    prefix = "https://a.example/" if field == "website" else ""
    fits = prefix + "é" * (limit - len(prefix))

    assert cleaned({field: fits}) == {field: fits}
    assert wrong_fields(**{field: fits + "e"}) == [(f"user.{field}", "string.max_len")]


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\u0085", "\uffff"])
@pytest.mark.parametrize("field", ["display_name", "bio", "location"])
def test_control_characters_are_refused(field: str, sign: str) -> None:
    assert wrong_fields(**{field: f"a{sign}b"}) == [(f"user.{field}", "string.no_control")]


def test_only_a_bio_has_lines() -> None:
    assert cleaned({"bio": "a\nb"}) == {"bio": "a\nb"}
    for sign in "\n\t\u2028\u2029":
        wrong = wrong_fields(display_name=f"a{sign}b")
        assert wrong == [("user.display_name", "string.no_control")]


@pytest.mark.parametrize("field", ["display_name", "bio", "location"])
def test_no_text_can_turn_the_direction_of_what_follows(field: str) -> None:
    honest = "\u200fRoost \u2067שלום\u2069"

    assert cleaned({field: honest}) == {field: honest}
    assert wrong_fields(**{field: "a\u202eb"}) == [(f"user.{field}", "string.no_direction")]
    assert wrong_fields(**{field: "a\u2067b"}) == [(f"user.{field}", "string.no_direction")]


def test_emoji_count_as_a_reader_counts_them() -> None:
    families = "👩‍👩‍👧‍👦" * 50

    assert cleaned({"display_name": families}) == {"display_name": families}
    assert wrong_fields(display_name=families + "a") == [("user.display_name", "string.max_len")]


@pytest.mark.parametrize("invisible", ["\u200b\u200b", "\u3164", "\u2800", "\u0301"])
@pytest.mark.parametrize("field", ["display_name", "bio", "location", "website"])
def test_a_text_is_empty_or_shows_something(field: str, invisible: str) -> None:
    assert wrong_fields(**{field: invisible}) == [(f"user.{field}", "string.visible")]
    assert cleaned({field: " "}) == {field: ""}


def test_the_name_of_a_device_follows_the_same_rules() -> None:
    assert (
        device_name(" Ame\u0301lie's telephone ", field="device_name") == "Am\u00e9lie's telephone"
    )
    assert device_name("", field="device_name") == ""
    for wrong, rule in [
        ("a" * 101, "string.max_len"),
        ("a\u202eb", "string.no_direction"),
        ("\u3164", "string.visible"),
        ("a\0b", "string.no_control"),
        ("a" + "\u0301" * 31, "string.max_marks"),
    ]:
        with pytest.raises(Invalid) as caught:
            device_name(wrong, field="device_name")
        violations = caught.value.violations
        assert [(each.field, each.rule) for each in violations] == [("device_name", rule)]


@pytest.mark.parametrize(
    "website",
    [
        "",
        "https://example.org",
        "http://example.org:8080/a?b=c#d",
        "https://bücher.example/ü",
        "HTTPS://EXAMPLE.ORG",
        "https://💩.la",
        "https://my_blog.example.com",
    ],
)
def test_web_addresses_are_taken(website: str) -> None:
    assert cleaned({"website": website}) == {"website": website}


@pytest.mark.parametrize(
    "website",
    [
        "example.org",
        "javascript:alert(1)",
        "ftp://example.org",
        "https://",
        "https:///path",
        "https://bank.example@evil.example",
        "https://example.org:99999",
        "https://example.org:x",
        "https://exa mple.org",
        "https://example.org/\"onclick='",
        "https://[::1",
        "//example.org",
        "https://[::1]/",
        "https://10.0.0.1",
        "https://localhost",
        "https://google.com∕.evil.example",
        "https://goo\u200bgle.com",
        "https://goo\u00adgle.com",
        "https://example.org and more",
    ],
)
def test_anything_else_is_no_web_address(website: str) -> None:
    assert wrong_fields(website=website) == [("user.website", "string.web_address")]


def test_every_wrong_field_is_named_at_once() -> None:
    wrong = wrong_fields(display_name="x" * 51, website="x", avatar_media_id=-1, bio="fine")

    assert [field for field, _ in wrong] == [
        "user.display_name",
        "user.website",
        "user.avatar_media_id",
    ]


@given(st.sampled_from(["display_name", "bio", "location", "website"]), st.text(max_size=60))
def test_what_is_kept_would_be_kept_again_as_it_is(field: str, text: str) -> None:
    try:
        kept = cleaned({field: text})
    except Invalid:
        return

    assert cleaned(kept) == kept
    assert unicodedata.is_normalized("NFC", str(kept[field]))


def test_the_updatable_fields_are_those_of_the_contract() -> None:
    assert {
        "display_name",
        "bio",
        "location",
        "website",
        "avatar_media_id",
        "banner_media_id",
        "protected",
    } == UPDATABLE

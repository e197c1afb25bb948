"""Text rules as errors of the Post service, and the resolution of mentions."""

import pytest
from roost.errors.v1.error_reason_pb2 import ErrorReason
from roost.user.v1.user_pb2 import User

from services.chassis.runtime.errors import RuleBroken
from services.post.domain.errors import TextEmpty, TextInvalid, TextTooLong
from services.post.domain.model import Hashtag, Link, Mention
from services.post.domain.text import (
    cleaned,
    found_in,
    handles_of,
    resolved,
)


@pytest.mark.parametrize(
    ("text", "error", "rule"),
    [
        ("", TextEmpty, "string.visible"),
        (" \n", TextEmpty, "string.visible"),
        ("\u3164", TextEmpty, "string.visible"),
        ("\u2800", TextEmpty, "string.visible"),
        ("\u115f", TextEmpty, "string.visible"),
        ("\uffa0", TextEmpty, "string.visible"),
        ("a" * 501, TextTooLong, "string.max_len"),
        ("\u1100" * 5001, TextTooLong, "string.max_len"),
        ("a\0b", TextInvalid, "string.no_control"),
        ("a\u202eb", TextInvalid, "string.no_direction"),
        ("a\u2067b", TextInvalid, "string.no_direction"),
        ("a" + "\u0315" * 31, TextInvalid, "string.max_marks"),
    ],
)
def test_a_refusal_names_the_field_and_the_rule(
    text: str, error: type[RuleBroken], rule: str
) -> None:
    with pytest.raises(error) as caught:
        cleaned(text)

    assert [(each.field, each.rule) for each in caught.value.violations] == [("text", rule)]
    assert caught.value.message == f"The text {caught.value.violations[0].description}."
    assert ErrorReason.Value(f"ERROR_REASON_{caught.value.reason}")


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_text_may_be_empty_with_media(text: str) -> None:
    assert cleaned(text, with_media=True) == ""


@pytest.mark.parametrize(
    ("text", "error"), [("\u3164", TextEmpty), ("a" * 501, TextTooLong), ("a\0b", TextInvalid)]
)
def test_media_change_no_other_rule_of_a_text(text: str, error: type[RuleBroken]) -> None:
    with pytest.raises(error):
        cleaned(text, with_media=True)


def test_handles_are_returned_once_in_lower_case() -> None:
    assert handles_of(found_in("@Bob @bob ＠ALICE #bob")) == ["bob", "alice"]


def test_only_existing_users_become_mentions() -> None:
    found = found_in("@Bob @nobody #Roost https://a.example")

    assert resolved(found, {"bob": User(id=7, handle="bob")}) == (
        Mention(0, 4, 7, "bob"),
        Hashtag(13, 19, "roost"),
        Link(20, 37, "https://a.example"),
    )

"""The rules of a text: what is kept, what is refused, and what is found in it."""

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.post import text as texts
from services.post.errors import TextEmpty, TextInvalid, TextTooLong
from services.post.model import Hashtag, Link
from services.post.text import Handle, characters, cleaned, found_in, handles_of

FAMILY = "👩‍👩‍👧‍👦"


def as_written(text: str) -> list[str]:
    return [text[each.start : each.end] for each in found_in(text)]


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("  hello  ", "hello"),
        ("\u00a0\u3000hello\u2003", "hello"),
        ("one\r\ntwo", "one\ntwo"),
        ("tab\there\n\nand there", "tab\there\n\nand there"),
        ("e\u0301", "é"),
        ("👋🏽", "👋🏽"),
        ("عربي עברית", "عربي עברית"),
    ],
)
def test_a_text_is_normalized_and_trimmed(given_text: str, kept: str) -> None:
    assert cleaned(given_text) == kept


@pytest.mark.parametrize("text", ["", "   ", "\n\t ", "\u200b\u200d", "\ufeff", "\u0301"])
def test_a_text_without_anything_to_see_is_empty(text: str) -> None:
    with pytest.raises(TextEmpty):
        cleaned(text)


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\r", "\ud800", "\ufffe", "\U0001ffff"]
)
def test_controls_and_what_is_no_character_are_refused(character: str) -> None:
    with pytest.raises(TextInvalid):
        cleaned(f"a{character}b")


@pytest.mark.parametrize("character", ["a", "é", FAMILY, "🇨🇭", "नि", "각", "e\u0323\u0302"])
def test_characters_are_counted_as_people_count_them(character: str) -> None:
    assert characters(character) == 1
    assert cleaned(character * 500) == unicodedata.normalize("NFC", character * 500)
    with pytest.raises(TextTooLong):
        cleaned(character * 501)


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("@alice", ["@alice"]),
        ("(@alice), @bob_1! .@carol", ["@alice", "@bob_1", "@carol"]),
        ("@a @abcdefghijklmno", ["@a", "@abcdefghijklmno"]),
        ("@abcdefghijklmnop", []),
        ("mail alice@example.com", []),
        ("é@alice 日@alice _@alice", []),
        ("@@alice @alice@bob @alice@", []),
        ("@aliceé @al-ice", ["@al"]),
        ("@\u212aelvin @\u017fam ﬀ@x", []),
        ("@", []),
    ],
)
def test_mentions_by_the_rules(text: str, mentions: list[str]) -> None:
    assert as_written(text) == mentions


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#Roost", ["roost"]),
        ("#Straße #ΣΊΣΥΦΟΣ", ["strasse", "σίσυφοσ"]),
        ("#日本語 #हिन्दी #عربي", ["日本語", "हिन्दी", "عربي"]),
        ("#a1 #1a #a_b #_a", ["a1", "1a", "a_b", "_a"]),
        ("#2024 #_ #1_2 #٣", []),
        ("a#b ##c &#39; /#d é#f", []),
        ("#one#two", ["one"]),
        ("(#a) #b, #c. “#d”", ["a", "b", "c", "d"]),
        ("#️⃣ # #-", []),
        ("#" + "a" * 100, ["a" * 100]),
        ("#" + "a" * 101, []),
    ],
)
def test_hashtags_by_the_rules(text: str, tags: list[str]) -> None:
    assert [each.tag for each in found_in(text) if isinstance(each, Hashtag)] == tags


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("http://example.com", ["http://example.com"]),
        ("see https://example.com/a?b=c#d.", ["https://example.com/a?b=c#d"]),
        ("HTTPS://Example.COM/X", ["HTTPS://Example.COM/X"]),
        ("(https://example.com/a_(b))", ["https://example.com/a_(b)"]),
        (
            "https://example.com/a), https://b.example]!?",
            ["https://example.com/a", "https://b.example"],
        ),
        (
            "https://bücher.example/ä https://例え.jp",
            ["https://bücher.example/ä", "https://例え.jp"],
        ),
        ("https://example.com。次", ["https://example.com"]),
        ("<https://example.com>", ["https://example.com"]),
        ("https://a.example:8080/x", ["https://a.example:8080/x"]),
        ("https://localhost https://10.0.0.1 https://a https://.com https://a..com", []),
        ("https://user:pass@example.com https://bank.example@evil.example", []),
        ("https://example.com:99999999 https://-a.com ftp://a.com javascript://a.com", []),
        ("xhttps://example.com /https://example.com", []),
        ("example.com", []),
    ],
)
def test_links_by_the_rules(text: str, links: list[str]) -> None:
    assert [each.url for each in found_in(text) if isinstance(each, Link)] == links


def test_nothing_else_is_found_inside_a_link() -> None:
    assert as_written("https://example.com/@alice#tag @bob") == [
        "https://example.com/@alice#tag",
        "@bob",
    ]


def test_offsets_are_code_points_in_ascending_order() -> None:
    text = f"{FAMILY} @bob 日本 #go 👋 https://a.example"

    assert found_in(text) == [
        Handle(8, 12, "bob"),
        Hashtag(16, 19, "go"),
        Link(22, 39, "https://a.example"),
    ]


def test_handles_are_asked_for_once_in_lower_case() -> None:
    assert handles_of(found_in("@Bob @bob @ALICE #bob")) == ["bob", "alice"]


def test_only_so_many_people_and_entities_are_looked_at() -> None:
    people = " ".join(f"@u{number}" for number in range(80))
    tags = " ".join(f"#t{number}" for number in range(200))

    assert len(handles_of(found_in(people))) == texts.MAX_HANDLES
    assert len(found_in(f"{people} @u1 {tags}")) == texts.MAX_ENTITIES
    assert len(found_in(tags)) == texts.MAX_ENTITIES


@pytest.mark.parametrize(
    "hostile",
    [
        "@" * 20_000,
        "#" * 20_000,
        "#a" * 10_000,
        "@a" * 10_000,
        "https://" * 2_500,
        "http://a" + ".a" * 9_000,
        "https://a.example/" + "(" * 9_000 + ")" * 9_000,
        "https://a.example/" + ")" * 19_000,
        "https://a.example" + "." * 19_000,
        "#" + "a\u0301" * 9_000,
        "a" + "\u0301" * 19_000,
        "\u200d" * 6_000,
        "🇨" * 5_000,
        " " * 20_000,
        "https://" + "-" * 19_000,
        "https://" + "a-" * 9_000 + ".com",
    ],
)
def test_a_hostile_text_takes_linear_time(hostile: str) -> None:
    def seconds(text: str) -> float:
        best = 1.0
        for _ in range(3):
            begin = time.process_time()
            found_in(text)
            characters(text)
            best = min(best, time.process_time() - begin)
        return best

    # Some milliseconds each; quadratic time would take seconds.
    assert seconds(hostile) < 0.25


@given(st.text(max_size=200))
def test_whatever_is_accepted_is_stable_and_its_entities_are_where_they_say(text: str) -> None:
    try:
        clean = cleaned(text)
    except (TextEmpty, TextInvalid, TextTooLong):
        return

    assert cleaned(clean) == clean
    end = 0
    for entity in found_in(clean):
        assert end <= entity.start < entity.end <= len(clean)
        end = entity.end
        assert clean[entity.start] in "@#hH"


@given(st.lists(st.sampled_from(["@bob", "#tag", "https://a.example/x", " ", "é", "@", "#", "."])))
def test_entities_never_overlap(words: list[str]) -> None:
    found = found_in("".join(words))

    assert all(a.end <= b.start for a, b in pairwise(found))

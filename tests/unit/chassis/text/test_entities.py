"""The grammar of mentions, hashtags and links."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.text.entities import (
    MAX_ENTITIES,
    MAX_HANDLES,
    FoundHandle,
    FoundLink,
    FoundTag,
    find,
    is_web_address,
)
from services.chassis.text.kinds import POST
from services.chassis.text.rules import TextRefused, clean
from tests.text_examples import EXAMPLES, Example

FAMILY = "👩‍👩‍👧‍👦"


def as_written(text: str) -> list[str]:
    return [text[each.start : each.end] for each in find(text)]


def links_in(text: str) -> list[str]:
    return [each.url for each in find(text) if isinstance(each, FoundLink)]


def tags_in(text: str) -> list[str]:
    return [each.tag for each in find(text) if isinstance(each, FoundTag)]


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: f"{example.script} {example.text}"
)
def test_the_documented_examples_hold(example: Example) -> None:
    assert clean(example.text, POST) == example.text
    assert as_written(example.text) == example.found
    assert tags_in(example.text) == example.tags


def test_the_examples_are_of_twelve_scripts_and_more() -> None:
    assert len({example.script for example in EXAMPLES}) >= 12


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("@alice", ["@alice"]),
        ("(@alice), @bob_1! .@carol", ["@alice", "@bob_1", "@carol"]),
        ("@a @abcdefghijklmno", ["@a", "@abcdefghijklmno"]),
        ("@abcdefghijklmnop", []),
        ("mail alice@example.com", []),
        ("é@alice _@alice 1@alice e\u0323@alice", []),
        ("日@alice ー@alice", ["@alice", "@alice"]),
        ("@@alice @alice@bob @alice@ ＠@alice @alice＠bob alice＠example.com", []),
        ("@aliceé @alice\u0301 @aliceя @al-ice", ["@al"]),
        ("@alice\u200d! @alice\ufe0f @alice\u200cx", ["@alice", "@alice", "@alice"]),
        ("@aliceさん @alice님 @aliceครับ", ["@alice", "@alice", "@alice"]),
        ("＠alice", ["＠alice"]),
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
        ("#2024 #_ #1_2 #٣ #1·2 #1\u20e3", []),
        ("a#b ##c &#39; /#d é#f a＃b #＃c", []),
        ("日#b", ["b"]),
        ("#one#two", ["one"]),
        ("(#a) #b, #c. “#d”", ["a", "b", "c", "d"]),
        ("#️⃣ # #- #\u3164 #\u200da #·a", []),
        ("#" + "a" * 100, ["a" * 100]),
        ("#" + "a" * 101, []),
        ("#" + "a" * 100 + "·b", []),
        ("#" + "a" * 100 + "· b", ["a" * 100]),
        ("#a··b #a\u200d\u200db #a\u200d", ["a", "a", "a"]),
        ("#葛\U000e0100城", ["葛城"]),
    ],
)
def test_hashtags_by_the_rules(text: str, tags: list[str]) -> None:
    assert tags_in(text) == tags


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
        ("https://a.example:8080です", ["https://a.example:8080"]),
        ("https://a.example:80and https://a.example:", ["https://a.example"] * 2),
        ("https://localhost https://10.0.0.1 https://a https://.com https://a..com", []),
        ("https://user:pass@example.com https://bank.example@evil.example", []),
        ("https://bank.example:@evil.example https://@bank.example", []),
        ("https://example.com:99999999 https://-a.com ftp://a.com javascript://a.com", []),
        ("https://a.example:0 https://a.example:65536", []),
        ("xhttps://example.com /https://example.com @https://example.com", []),
        ("見てhttps://example.com", ["https://example.com"]),
        ("https://example.com... https://example.com-", ["https://example.com"] * 2),
        ("https://example.com./x", ["https://example.com./x"]),
        ("https://example.com's https://example.com_", ["https://example.com"] * 2),
        ("https://example.comпривет https://例え.jpを", ["https://example.com", "https://例え.jp"]),
        ("https://example.comを見て. https://1.1日. https://1.1日._", ["https://example.com"]),
        ("https://google.com∕.evil.example", ["https://google.com"]),
        ("https://a,https://b.example", ["https://b.example"]),
        ("example.com", []),
    ],
)
def test_links_by_the_rules(text: str, links: list[str]) -> None:
    assert links_in(text) == links


@pytest.mark.parametrize(
    "sign", ["'s", ",https://b.example", ";then", "(really)", ":and", "!", "*", "$", "~x", "%41"]
)
def test_a_link_ends_before_a_sign_that_no_host_has(sign: str) -> None:
    assert as_written(f"https://a.example.com{sign}")[0] == "https://a.example.com"


def test_nothing_else_is_found_inside_an_address() -> None:
    assert as_written("https://example.com/@alice#tag @bob") == [
        "https://example.com/@alice#tag",
        "@bob",
    ]
    assert as_written("https://localhost/@alice#tag https://x@y.example/@alice") == []


@pytest.mark.parametrize(
    "address",
    [
        "https://💩.la",
        "https://my_blog.example.com",
        "https://example.org",
        "http://example.org:8080/a?b=c#d",
        "https://bücher.example/ü",
        "HTTPS://EXAMPLE.ORG",
    ],
)
def test_a_web_address_is_a_whole_link(address: str) -> None:
    assert is_web_address(address)
    assert as_written(f"({address})") == [address]
    assert not is_web_address(f"{address} ")
    assert not is_web_address(f"see {address}")


@settings(deadline=None)
@given(st.text("htps:/.@#a💩é日-_ '1\u200d", max_size=30).map(lambda rest: f"https://{rest}"))
def test_every_link_is_a_web_address_by_itself(text: str) -> None:
    assert all(is_web_address(link) for link in links_in(text))


def test_offsets_are_code_points_in_ascending_order() -> None:
    text = f"{FAMILY} @bob 日本 #go 👋 https://a.example"

    assert find(text) == [
        FoundHandle(8, 12, "bob"),
        FoundTag(16, 19, "go"),
        FoundLink(22, 39, "https://a.example"),
    ]


def test_only_so_many_people_and_entities_are_looked_at() -> None:
    people = " ".join(f"@u{number}" for number in range(80))
    tags = " ".join(f"#t{number}" for number in range(200))

    handles = {each.handle for each in find(people) if isinstance(each, FoundHandle)}
    assert len(handles) == MAX_HANDLES
    assert len(find(f"{people} @u1 {tags}")) == MAX_ENTITIES
    assert len(find(tags)) == MAX_ENTITIES


HOSTILE = {
    "at": "@",
    "number sign": "#",
    "tags": "#a",
    "mentions": "@a",
    "wide": "＠a＃a",
    "schemes": "https://",
    "labels": ".a",
    "short links": "https://a.bc,",
    "user names": "https://a.bc:x",
    "brackets": "()",
    "closing": ")",
    "dots": ".",
    "hyphens": "-",
    "hyphens in a label": "a-",
    "joiners in a tag": "a\u200d",
    "middle dots": "a·",
    "marks": "a\u0301",
    "emoji": "💩",
    "emoji labels": "💩.",
    "flags": "🇨",
    "letters": "h",
}


@pytest.mark.parametrize("before", ["", "#a", "https://", "https://a.example/", "https://a."])
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_work_grows_with_the_length_of_a_hostile_text(before: str, piece: str) -> None:
    def seconds(length: int) -> float:
        text = before + piece * (length // len(piece))
        best = float("inf")
        for _ in range(5):
            begin = time.process_time()
            find(text)
            best = min(best, time.process_time() - begin)
        return best

    # The longest post takes some milliseconds of this process, and would take seconds if the work
    # grew with the square of the length.
    assert seconds(POST.max_code_points) < 0.25


PIECES = [
    "@bob",
    "＠bob",
    "#tag",
    "＃日本",
    "https://a.example/x",
    "https://a.example",
    " ",
    "é",
    "さん",
]
SIGNS = [
    "@",
    "#",
    ".",
    "·",
    "・",
    "\u200d",
    "\u200c",
    "'",
    ",",
    ":",
    "(",
    ")",
    "_",
    "-",
    "\n",
    "💩",
]


@settings(deadline=None)
@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(PIECES + SIGNS) | st.text(max_size=3)).map("".join)
)
def test_entities_ascend_apart_and_spell_what_the_text_has(text: str) -> None:
    try:
        text = clean(text, POST)
    except TextRefused:
        return

    end = 0
    for each in find(text):
        assert end <= each.start < each.end <= len(text)
        end = each.end
        written = text[each.start : each.end]
        if isinstance(each, FoundHandle):
            assert written[0] in "@＠"
            assert written[1:] == each.handle
        elif isinstance(each, FoundTag):
            assert written[0] in "#＃"
            assert each.tag
        else:
            assert written == each.url
            assert written.lower().startswith(("http://", "https://"))

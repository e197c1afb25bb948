"""The parser of search queries: trees, errors with their columns, limits and its time."""

import time
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.runtime.ids import MAX_ID, first_id_at
from services.search.domain.query.costs import MAX_DEPTH, MAX_LEAVES
from services.search.domain.query.errors import QueryInvalid, QueryTooCostly
from services.search.domain.query.model import (
    AtLeast,
    Conjunction,
    Disjunction,
    IdRange,
    Negation,
    Node,
    Person,
    Property,
    Query,
    Term,
    Text,
    Within,
)
from services.search.domain.query.operators import OPERATORS
from services.search.domain.query.parser import parse

PART = "a word, a phrase in quotation marks, an operator or a group"
HASHTAG = "a hashtag of letters, digits and underscores after the #"
TIME = "a date or time such as 2026-11-30 or 2026-11-30T18:00Z"
COLON = "a value directly after the colon"
UNMINUSED = "a word or operator beside it without a minus"
NAMES = ", ".join(f"{name}:" for name in OPERATORS)
NO_OPERATOR = f"one of {NAMES}; or quotation marks around an ordinary text"


def bare(node: Any) -> Any:
    """The node with every column set to 0."""
    if isinstance(node, tuple):
        return tuple(map(bare, node))
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {each.name: bare(getattr(node, each.name)) for each in fields(node)}
    return replace(node, **changed | ({"column": 0} if "column" in changed else {}))


def tree(text: str) -> Any:
    return bare(parse(text).root)


def parsed_or_error(text: str) -> Query | QueryInvalid | QueryTooCostly:
    try:
        return parse(text)
    except (QueryInvalid, QueryTooCostly) as error:
        return error


def word(text: str) -> Text:
    return Text(text, 0)


def phrase(text: str) -> Text:
    return Text(text, 0, exact=True)


def term(value: str) -> Property:
    return Property(Term(value), 0)


def both(*parts: Node) -> Conjunction:
    return Conjunction(parts)


def either(*parts: Node) -> Disjunction:
    return Disjunction(parts)


def minus(part: Node) -> Negation:
    return Negation(part, 0)


def id_at(*moment: int) -> int:
    return first_id_at(datetime(*moment, tzinfo=UTC))  # type: ignore[misc,arg-type]


a, b, c = word("a"), word("b"), word("c")

TREES = [
    # Words, phrases and groups.
    ("a", a),
    ("  a \u3000 b\n", both(a, b)),
    ("a -b c", both(a, minus(b), c)),
    ("a OR b c", either(a, both(b, c))),
    ("a b OR c", either(both(a, b), c)),
    ("(a OR b) -c", both(either(a, b), minus(c))),
    ("a -(b OR c)", both(a, minus(either(b, c)))),
    ("a (-b)", both(a, minus(b))),
    ("(((((a)))))", a),
    ("（a OR b）－c", both(either(a, b), minus(c))),
    ("a −b", both(a, minus(b))),
    ("a or b", both(a, word("or"), b)),
    ("a AND b", both(a, word("AND"), b)),
    ("ORacle OREO", both(word("ORacle"), word("OREO"))),
    ('"OR" a', both(phrase("OR"), a)),
    ("f(x)", both(word("f"), word("x"))),
    # Quotation marks.
    ('"a b"', phrase("a b")),
    ("“curly quotes”", phrase("curly quotes")),
    ('"from a phone”', phrase("from a phone")),
    ("„unten und oben“", phrase("unten und oben")),
    ("”både uppe”", phrase("både uppe")),
    ("« entre guillemets »", phrase(" entre guillemets ")),
    ("»nach innen«", phrase("nach innen")),
    ("‹einfach›", phrase("einfach")),
    ("「熱力学」とは", both(phrase("熱力学"), word("とは"))),
    ("『本』", phrase("本")),
    ("＂a＂", phrase("a")),
    ('-"a b" c', both(minus(phrase("a b")), c)),
    ('"a"b', both(phrase("a"), b)),
    ("rock'n'roll O’Neil ‘tis", both(word("rock'n'roll"), word("O’Neil"), word("‘tis"))),
    ('5" x 6"', both(word('5"'), word("x"), word('6"'))),
    # A colon in an ordinary word.
    ("12:30", word("12:30")),
    ("title: a", both(word("title:"), a)),
    ("std::vector", word("std::vector")),
    ("ftp://files", word("ftp://files")),
    ("b2b:sales", word("b2b:sales")),
    (":smile:", word(":smile:")),
    (":D", word(":D")),
    ('"note:this"', phrase("note:this")),
    ("größe:xl", word("größe:xl")),
    # Users.
    ("from:alice", Person("from", "alice", 0)),
    ("from:@Alice", Person("from", "alice", 0)),
    ('from:"alice"', Person("from", "alice", 0)),
    ("from:“@alice”", Person("from", "alice", 0)),
    ("From：ALICE", Person("from", "alice", 0)),
    ("from:me", Person("from", "", 0)),
    ("from:@me", Person("from", "me", 0)),
    ('from:"me"', Person("from", "me", 0)),
    ("to:bob mentions:me", both(Person("to", "bob", 0), Person("mentions", "", 0))),
    ("-from:alice a", both(minus(Person("from", "alice", 0)), a)),
    # Properties.
    ("#Tag", term("#tag")),
    ("＃ＳＹＮＴＨ,", term("#synth")),
    ("#Zähler", term("#zähler")),
    ("#ทวิตล่ม", term("#ทวิตล่ม")),
    *((f"has:{kind}", term(f"has:{kind}")) for kind in ("media", "images", "video", "audio")),
    *((f"has:{kind}", term(f"has:{kind}")) for kind in ("links", "alt")),
    ("has:quotes", Property(AtLeast("quotes", 1), 0)),
    ("has:replies", Property(AtLeast("replies", 1), 0)),
    ("-has:Images a", both(minus(term("has:images")), a)),
    ("is:reply", term("is:reply")),
    ("IS:QUOTE", term("is:quote")),
    ("lang:EN", term("lang:en")),
    ("min_likes:10", Property(AtLeast("likes", 10), 0)),
    ("in:following", Within("following", 0)),
    ("in:bookmarks", Within("bookmarks", 0)),
    ("a -in:own", both(a, minus(Within("own", 0)))),
    # Times.
    ("since:2026-11-30", Property(IdRange(id_at(2026, 11, 30), MAX_ID), 0)),
    ("until:2026-11-30", Property(IdRange(0, id_at(2026, 11, 30) - 1), 0)),
    ("since:2026-11-30T18:00", Property(IdRange(id_at(2026, 11, 30, 18), MAX_ID), 0)),
    ("since:2026-11-30t18:00:30z", Property(IdRange(id_at(2026, 11, 30, 18, 0, 30), MAX_ID), 0)),
    ("until:2026-11-30T01:00+02:00", Property(IdRange(0, id_at(2026, 11, 29, 23) - 1), 0)),
    (
        "since:2026-11-30T18:00:30.5Z",
        Property(IdRange(id_at(2026, 11, 30, 18, 0, 30, 500_000), MAX_ID), 0),
    ),
    ("until:1999-12-31", Property(IdRange(0, -1), 0)),
]


@pytest.mark.parametrize(("text", "expected"), TREES, ids=[text for text, _ in TREES])
def test_a_query_has_this_tree(text: str, expected: Node) -> None:
    assert tree(text) == expected


FAULTS = [
    ("", 1, "", "something to search for"),
    (" \u200b ", 1, "", "something to search for"),
    ("(", 1, "(", PART),
    ("a (", 3, "(", PART),
    ("()", 2, ")", PART),
    (")", 1, ")", "an opening parenthesis before it"),
    ("a b)", 4, ")", "an opening parenthesis before it"),
    ("(a", 1, "(", "a closing parenthesis"),
    ("a (b OR (c) d", 3, "(", "a closing parenthesis"),
    ("a OR", 3, "OR", PART),
    ("OR a", 1, "OR", PART),
    ("a OR OR b", 6, "OR", PART),
    ("(a OR) b", 6, ")", PART),
    ("-", 1, "-", f"{PART} directly after the minus sign"),
    ("salt - pepper", 6, "-", f"{PART} directly after the minus sign"),
    ("a --b", 4, "-b", f"{PART} directly after the minus sign"),
    ("a -OR b", 4, "OR", f"{PART} directly after the minus sign"),
    ("-a", 1, "-", UNMINUSED),
    ("-a -b", 1, "-", UNMINUSED),
    ("a OR -b", 6, "-", UNMINUSED),
    ("a OR (-b -c)", 7, "-", UNMINUSED),
    ("-(-a)", 1, "-", UNMINUSED),
    ("a | b", 3, "|", "OR, in upper case"),
    ("a || b", 3, "||", "OR, in upper case"),
    ("a run*", 6, "*", "a whole word: beginnings of words are not searched"),
    ('a "b', 3, '"', "a closing quotation mark"),
    ("「熱力学", 1, "「", "a closing quotation mark"),
    ('from:"alice', 6, '"', "a closing quotation mark"),
    ("foo:bar", 1, "foo:", NO_OPERATOR),
    ("a -Filter:links", 4, "Filter:", NO_OPERATOR),
    ("from:", 1, "from:", COLON),
    ("from: alice", 1, "from:", COLON),
    ('a from: "alice"', 3, "from:", COLON),
    ("from:(alice OR bob)", 6, "(", COLON),
    ("from:!", 6, "!", "a handle, or me"),
    ("from:alice,bob", 6, "alice,bob", "a handle, or me"),
    ("from:a_handle_of_16__", 6, "a_handle_of_16__", "a handle, or me"),
    ("from:ålice", 6, "ålice", "a handle, or me"),
    ("from:@", 6, "@", "a handle, or me"),
    ("#", 1, "#", HASHTAG),
    ("a #123", 3, "#123", HASHTAG),
    ("#C++", 1, "#C++", HASHTAG),
    ("#a#b", 1, "#a#b", HASHTAG),
    (
        "has:pictures",
        5,
        "pictures",
        "one of media, images, video, audio, links, alt, quotes, replies",
    ),
    ('is:""', 5, "", "one of reply, quote"),
    ("-in:library a", 5, "library", "one of following, bookmarks, own"),
    ("lang:english", 6, "english", "a language code of two or three letters, such as en"),
    ("since:yesterday", 7, "yesterday", TIME),
    ("since:2026-02-30", 7, "2026-02-30", TIME),
    ("until:2026-11-30T25:00", 7, "2026-11-30T25:00", TIME),
    ("since:0001-01-01T00:00+23:00", 7, "0001-01-01T00:00+23:00", TIME),
    ("until:２０２６-11-30", 7, "２０２６-11-30", TIME),
    ("min_likes:0", 11, "0", "a number from 1 to 1,000,000,000"),
    ("min_likes:many", 11, "many", "a number from 1 to 1,000,000,000"),
    ("min_likes:٣", 11, "٣", "a number from 1 to 1,000,000,000"),
    ('from:"@" a', 7, "@", "a handle, or me"),
    ("a\x07b", 2, "\x07", "a text without U+0007"),
    ("one\ntwo", 4, "\n", "a text without U+000A"),
    ("a \u202eb", 3, "\u202e", "a text without U+202E"),
    ("🙂 e\u0301 )", 6, ")", "an opening parenthesis before it"),
]


@pytest.mark.parametrize(
    ("text", "column", "token", "expected"), FAULTS, ids=[repr(fault[0]) for fault in FAULTS]
)
def test_a_fault_is_named_with_its_column(
    text: str, column: int, token: str, expected: str
) -> None:
    with pytest.raises(QueryInvalid) as caught:
        parse(text)

    assert caught.value.metadata == {"column": str(column), "token": token, "expected": expected}


@pytest.mark.parametrize(
    ("text", "limit", "most"),
    [
        ("a" * 513, "characters", 512),
        ("a" + "\u0301" * 3 + (" 🇨🇭" * 600), "characters", 512),
        ("👨‍👩‍👧‍👦" * 300, "code points", 2_048),
        (" ".join("a" * (MAX_LEAVES + 1)), "words, phrases and operators", MAX_LEAVES),
        (
            "(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1),
            "groups within each other",
            MAX_DEPTH,
        ),
        ("a " + "-(b " * 100 + "c" + ")" * 100, "words, phrases and operators", MAX_LEAVES),
        ("(" * 250 + "a" + ")" * 250, "groups within each other", MAX_DEPTH),
    ],
)
def test_a_query_beyond_a_limit_is_too_costly(text: str, limit: str, most: int) -> None:
    with pytest.raises(QueryTooCostly) as caught:
        parse(text)

    assert caught.value.metadata == {"limit": limit, "most": str(most)}


def test_a_query_at_the_limits_is_parsed() -> None:
    assert len(list(parse(" ".join("a" * MAX_LEAVES)).leaves())) == MAX_LEAVES
    assert parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH).root == Text("a", MAX_DEPTH + 1)
    assert tree("a" * 512) == word("a" * 512)


def test_columns_count_the_code_points_of_the_text_as_given() -> None:
    text = '  🙂 e\u0301 -(from:@alice OR "b c") #tag https://a.example/x in:own'

    columns = [leaf.column for leaf in parse(text).leaves()]

    assert [text[column - 1 :].split(maxsplit=1)[0] for column in columns] == [
        "🙂",
        "e\u0301",
        "@alice",
        "b",
        "#tag",
        "https://a.example/x",
        "own",
    ]


# --- Every query that is printed is parsed to the same tree. ---

_WORDS = st.text(alphabet="abcxyzäßéñруß熱力ทว😀'’.,!", min_size=1, max_size=8).map(word)
_PHRASES = st.text(alphabet="abc äé熱-():#OR", min_size=1, max_size=12).map(phrase)
_HANDLES = st.text(alphabet="abcXYZ019_", min_size=1, max_size=15).map(str.lower)
_PERSONS = st.builds(
    Person,
    st.sampled_from(["from", "to", "mentions"]),
    _HANDLES | st.just(""),
    st.just(0),
)
_CHOICES = st.sampled_from(
    [term(f"has:{kind}") for kind in ("media", "images", "video", "audio", "links", "alt")]
    + [
        term("is:reply"),
        term("is:quote"),
        term("lang:en"),
        term("lang:gsw"),
        term("#тег"),
        term("#a_1"),
    ]
    + [Within("own", 0), Within("following", 0), Within("bookmarks", 0)]
    + [Property(AtLeast("likes", 7), 0), Property(AtLeast("quotes", 1), 0)]
)
_QUERY_LEAVES = st.one_of(_WORDS, _PHRASES, _PERSONS, _CHOICES)


def _is_positive(node: Node) -> bool:
    match node:
        case Negation():
            return False
        case Conjunction(parts):
            return any(map(_is_positive, parts))
        case Disjunction(parts):
            return all(map(_is_positive, parts))
        case _:
            return True


def _grown(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    parts = st.lists(nodes, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        parts.map(Conjunction),
        parts.map(Disjunction),
        nodes.map(minus),
    )


_NODES: st.SearchStrategy[Node] = st.recursive(_QUERY_LEAVES, _grown, max_leaves=12)


def _depth(node: Node) -> int:
    """How many groups `printed` nests."""
    match node:
        case Negation(part):
            nested = _depth(part)
            return nested + (not isinstance(part, Text | Person | Property | Within))
        case Conjunction(parts) | Disjunction(parts):
            return max(_depth(part) + _needs_group(part, node) for part in parts)
        case _:
            return 0


def _needs_group(part: Node, around: Node) -> bool:
    if isinstance(part, Disjunction):
        return True
    return isinstance(part, Conjunction) and isinstance(around, Conjunction)


def printed(node: Node) -> str:
    match node:
        case Text(text, _, exact):
            return f"“{text}”" if exact else text
        case Person(relation, handle):
            return f"{relation}:{f'@{handle}' if handle else 'me'}"
        case Within(source):
            return f"in:{source}"
        case Property(AtLeast("likes", least)):
            return f"min_likes:{least}"
        case Property(AtLeast(count)):
            return f"has:{count}"
        case Property(Term(value)):
            return value
        case Negation(part):
            grouped = not isinstance(part, Text | Person | Property | Within)
            return f"-({printed(part)})" if grouped else f"-{printed(part)}"
        case Conjunction(parts):
            return " ".join(_grouped(part, node) for part in parts)
        case Disjunction(parts):
            return " OR ".join(_grouped(part, node) for part in parts)
    raise AssertionError(node)


def _grouped(part: Node, around: Node) -> str:
    return f"({printed(part)})" if _needs_group(part, around) else printed(part)


@settings(max_examples=500)
@given(_NODES)
def test_a_printed_query_is_parsed_to_the_same_tree(node: Node) -> None:
    text = printed(node)
    if not _is_positive(node) or _depth(node) > MAX_DEPTH:
        with pytest.raises((QueryInvalid, QueryTooCostly)):
            parse(text)
    else:
        assert tree(text) == node


# --- Any text is a query, or an error that says where. ---

_PIECES = st.sampled_from(
    [
        *"()-#:\"“”«»「」|*@!'\\ \n",
        "OR",
        " OR ",
        "from:",
        "me",
        "-(",
        "in:",
        "own",
        "since:",
        "foo:",
        "2026-11-30",
        "min_likes:",
        "9",
        "https://",
        "a.example/",
        "\u202e",
        "\u0301",
        "\ud800",
        "\x00",
        "a",
        "熱",
        "😀",
        "#t",
        "has:",
        "media",
        "url:",
        "domain:",
        "lang:en",
        "（",
        "）",
        "\u2028",
    ]
)


@settings(max_examples=1_000)
@given(st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=60))
def test_any_text_is_a_query_or_an_error_with_a_column(text: str) -> None:
    outcome = parsed_or_error(text)

    if isinstance(outcome, QueryInvalid):
        column, token = int(outcome.metadata["column"]), outcome.metadata["token"]
        assert outcome.metadata["expected"]
        assert 1 <= column <= max(len(text), 1)
        assert text[column - 1 :].startswith(token)
    elif isinstance(outcome, Query):
        assert 1 <= len(list(outcome.leaves())) <= MAX_LEAVES


@pytest.mark.parametrize(
    "repeated",
    [
        "(",
        ")",
        "-(",
        "-",
        "a ",
        "a OR ",
        '"',
        '"a" ',
        "“",
        "#",
        "#a ",
        "a:",
        "from:",
        "has:(",
        "a(",
        "*",
        "https://(",
        "https://()",
        "!",
    ],
)
def test_the_time_of_a_hostile_text_is_linear(repeated: str) -> None:
    parse("warm")

    def seconds(length: int) -> float:
        text = (repeated * length)[:length]
        began = time.thread_time()
        for _ in range(5):
            parsed_or_error(text)
        return time.thread_time() - began

    assert seconds(2_048) < 1

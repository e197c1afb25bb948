"""Segments of version 2: what they hold, and that they are the text of version 1 all along."""

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from roost.post.v1.post_pb2 import Entity, Hashtag, Link, Mention, PostRevision

from gateway.api.posts import entity_types as graphql
from gateway.api.posts import segment_types as graphql_segments
from gateway.core.hydrate import Hydrated
from gateway.views import presentation as v1
from gateway.views import shapes as v1_types
from gateway.views.v2 import presentation as v2
from gateway.views.v2 import shapes as v2_types
from services.post.domain import text as texts
from services.post.domain.errors import TextEmpty, TextInvalid, TextTooLong
from services.post.rpc import convert
from tests.gateway.samples import (
    ALICE,
    BOB,
    NAMES,
    person,
    post,
)
from tests.text_examples import EXAMPLES, Example

PEOPLE = {NAMES[each]: person(each) for each in (ALICE, BOB)}

# What is cut, and what tempts one to cut in the wrong place.
PIECES = (
    *("@alice", "@BOB", "@nobody", "#Roost", "#Größe", "#日本", "#1", "@", "#"),
    *("https://a.b", "https://a.b/@alice", "https://a.b/#roost", "(https://a.b/c)", "HTTP://A.B."),
    *("＠alice", "＃日本", "@aliceさん", "日本@alice", "#نرم\u200cافزار", "#ぼっち・ざ", "·", "・"),
    *("https://a.example's", "https://💩.la", "https://a_b.example,https://b.example"),
    *("@alice@bob", "#roost#roost", "@alice#roost", "@alicehttps://a.b"),
    *("👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "😀", "𝒳", "e\u0301", "x\u0323\u0307", "\u0301"),
    *("שלום", "مرحبا", "\u2067@bob\u2069", "\u200f", "\u200e", "\u200d", "\ufe0f"),
    *(" ", "\n", ".", "!", "(", ")", "word"),
)
written = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), min_size=1).map("".join)


def found_in(text: str) -> list[Entity]:
    """What the Post service finds in a cleaned text."""
    return convert.to_entities(texts.resolved(texts.found_in(text), PEOPLE))


def both(text: str, entities: list[Entity]) -> tuple[v1_types.Post, v2_types.Post]:
    """A post as each version's clients read it."""
    found = Hydrated(users={ALICE: person(ALICE)})
    message = post(100, ALICE, text=text, entities=entities)
    return (
        msgspec.json.decode(
            msgspec.json.encode(v1.Presenter(found).message(message)), type=v1_types.Post
        ),
        msgspec.json.decode(
            msgspec.json.encode(v2.Presenter(found).message(message)), type=v2_types.Post
        ),
    )


@settings(deadline=None)
@given(written)
@example("@alice 👩‍👩‍👧‍👦 https://a.b/@bob#roost e\u0301 #Roost\u2067@bob\u2069")
def test_segments_put_together_are_the_text_and_name_what_the_entities_name(text: str) -> None:
    try:
        text = texts.cleaned(text)
    except (TextEmpty, TextTooLong, TextInvalid):
        return

    old, new = both(text, found_in(text))

    assert "".join(each.text for each in new.content) == old.text == text
    named = [each for each in new.content if not isinstance(each, v2_types.PlainText)]
    assert [each.text for each in named] == [text[each.start : each.end] for each in old.entities]
    facts = {"start", "end", "text"}
    assert [
        {name: value for name, value in msgspec.to_builtins(each).items() if name not in facts}
        for each in named
    ] == [
        {name: value for name, value in msgspec.to_builtins(each).items() if name not in facts}
        for each in old.entities
    ]


spans = st.builds(
    lambda start, end, kind: Entity(start=start, end=end, **kind),
    st.integers(0, 12),
    st.integers(0, 12),
    st.sampled_from(
        [
            {"mention": Mention(user_id=BOB, handle="bob")},
            {"hashtag": Hashtag(tag="roost")},
            {"link": Link(url="https://a.b")},
            {},
        ]
    ),
)


@settings(deadline=None)
@given(st.text(max_size=10), st.lists(spans))
def test_no_entity_can_take_anything_from_the_text(text: str, entities: list[Entity]) -> None:
    cut = v2.content(text, entities)

    assert "".join(each.text for each in cut) == text
    assert all(each.text for each in cut)


def test_offsets_are_code_points_and_segments_are_what_they_span() -> None:
    text = "👩‍👩‍👧 @Bob!"
    start = text.index("@")
    entities = [Entity(start=start, end=start + 4, mention=Mention(user_id=BOB, handle="Bob"))]

    assert v2.content(text, entities) == [
        v2_types.PlainText("👩‍👩‍👧 "),
        v2_types.Mention("@Bob", str(BOB), "Bob"),
        v2_types.PlainText("!"),
    ]


def test_what_overlaps_is_left_as_text() -> None:
    entities = [
        Entity(start=0, end=14, link=Link(url="https://a.b/@c")),
        Entity(start=12, end=14, mention=Mention(user_id=BOB, handle="c")),
    ]

    assert v2.content("https://a.b/@c d", entities) == [
        v2_types.Link("https://a.b/@c", "https://a.b/@c"),
        v2_types.PlainText(" d"),
    ]


def test_a_kind_that_is_newer_than_the_gateway_is_text() -> None:
    assert v2.content("$ROOST up", [Entity(start=0, end=6)]) == [
        v2_types.PlainText("$ROOST"),
        v2_types.PlainText(" up"),
    ]
    assert v1.entities([Entity(start=0, end=6)]) == []
    assert graphql.entities([Entity(start=0, end=6)]) == []


@pytest.mark.parametrize("order", [(v1, v2), (v2, v1)], ids=["v1 first", "v2 first"])
def test_what_one_version_printed_is_not_shown_by_another(order: tuple[object, object]) -> None:
    found = Hydrated(users={ALICE: person(ALICE)})
    message = post(len(str(order)), ALICE, text="printed twice")

    shown = {}
    for version in (*order, *order):
        showing: v1.Presenter = version.Presenter(found)  # type: ignore[attr-defined]
        shown.setdefault(version, set()).add(msgspec.json.encode(showing.message(message)))

    assert [len(each) for each in shown.values()] == [1, 1]
    assert all(b'"entities"' in each for each in shown[v1])
    assert all(b'"content"' in each for each in shown[v2])


def test_a_post_is_printed_once_by_each_version() -> None:
    found = Hydrated(users={ALICE: person(ALICE)})
    message = post(100, ALICE, text="kept")

    for version in (v1.Presenter, v2.Presenter):
        first, again = (version(found).message(message) for _ in range(2))
        assert first is again


def test_a_revision_has_segments_too() -> None:
    message = PostRevision(revision=1, text="#Roost!", entities=found_in("#Roost!"))

    assert msgspec.to_builtins(v2.Presenter.revision(message))["content"] == [
        {"type": "hashtag", "text": "#Roost", "tag": "roost"},
        {"type": "text", "text": "!"},
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.script} {each.text}")
def test_the_documented_examples_are_segments_of_every_version(example: Example) -> None:
    everybody = {handle: person(BOB) for handle in texts.handles_of(texts.found_in(example.text))}
    entities = convert.to_entities(texts.resolved(texts.found_in(example.text), everybody))
    rest = v2.content(example.text, entities)
    in_graphql = graphql_segments.content(example.text, entities)

    for cut, plain in ((rest, v2_types.PlainText), (in_graphql, graphql_segments.TextSegment)):
        assert "".join(each.text for each in cut) == example.text
        assert [each.text for each in cut if not isinstance(each, plain)] == example.found
    assert [each.tag for each in rest if isinstance(each, v2_types.Hashtag)] == example.tags
    assert [
        each.tag for each in in_graphql if isinstance(each, graphql_segments.HashtagSegment)
    ] == example.tags

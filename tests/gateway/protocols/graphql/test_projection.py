"""Printing a selection as a whole gives what field_case field by field gives."""

import asyncio
from collections.abc import Awaitable
from typing import Any, ClassVar, cast

import msgspec
import pytest
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLObjectType,
    GraphQLOutputType,
    execute,
    get_named_type,
    is_composite_type,
    is_object_type,
    is_union_type,
    parse,
    validate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from roost.post.v1.post_pb2 import Entity, Hashtag, Link, Mention
from roost.post.v1.post_service_pb2 import BatchGetPostsResponse
from roost.timeline.v1.timeline_service_pb2 import GetPublicTimelineResponse

from bench.scenarios.graphql import FULL, SCREEN
from gateway.api.posts.types import Seen
from gateway.api.schema import SCHEMA
from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated
from gateway.protocols.graphql import projection
from gateway.protocols.graphql.context import Context
from gateway.protocols.graphql.documents import Document
from gateway.protocols.graphql.execution import ProjectingContext
from gateway.protocols.graphql.fields import COST, RESOLVED_WITHIN
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    entry,
    includes,
    person,
    post,
)

_ENTITIES = [
    Entity(start=0, end=4, mention=Mention(user_id=BOB, handle="bob")),
    Entity(start=5, end=9, hashtag=Hashtag(tag="tag")),
    Entity(start=10, end=20, link=Link(url="https://a.b")),
]


class OnePage:
    """Services that know one page of the public timeline, with everything that a post may have."""

    @property
    def timelines(self) -> "OnePage":
        return self

    @property
    def posts(self) -> "OnePage":
        return self

    async def GetPublicTimeline(self, _: object) -> GetPublicTimelineResponse:
        places = [entry(100, BOB), entry(101, BOB, reposter=CAROL, entry_id=900), entry(103, BOB)]
        return GetPublicTimelineResponse(entries=places)

    async def BatchGetPosts(self, _: object) -> BatchGetPostsResponse:
        edited = post(101, BOB, quoted_post_id=49, reply_to_post_id=1, reply_to_author_id=CAROL)
        edited.edit_time.FromSeconds(1_770_000_000)
        found = [
            post(100, BOB, viewer=ALICE, quoted_post_id=50, entities=_ENTITIES),
            edited,
            post(103, BOB, text="", deleted=True),
        ]
        people = person(BOB, viewer=ALICE, following=True), person(CAROL)
        quoted = post(50, CAROL, media_ids=[7, 8], quoted_post_id=103)
        return BatchGetPostsResponse(posts=found, includes=includes(*people, quoted=(quoted,)))


def shown_fields(shape: GraphQLObjectType) -> list[str]:
    """Those that can be printed without a call."""
    return [
        name
        for name, definition in shape.fields.items()
        if COST not in definition.extensions["strawberry-definition"].metadata
        or RESOLVED_WITHIN in definition.extensions["strawberry-definition"].metadata
    ]


@st.composite
def selections(draw: st.DrawFn, shape: GraphQLOutputType, within: frozenset[str]) -> str:
    """A selection of an object or a union, as text: with aliases, fragments and conditions."""
    if is_union_type(shape):
        parts = [
            f"... on {each.name} {{ {draw(selections(each, within))} }}" for each in shape.types
        ]
        return "__typename " + " ".join(parts)
    assert is_object_type(shape)
    names = draw(st.lists(st.sampled_from(shown_fields(shape)), min_size=1, max_size=4))
    chosen = []
    for name in names:
        if name in within:
            continue
        definition = shape.fields[name]
        inner = get_named_type(definition.type)
        alias = draw(st.sampled_from(["", "", f"{name}_{len(chosen)}: "]))
        text = f"{alias}{name}"
        if draw(st.integers(0, 5)) == 0:
            text += f" @{draw(st.sampled_from(['skip', 'include']))}(if: $yes)"
        if is_composite_type(inner):
            # Twice: what a quoted post quotes is loaded, what that one quotes is not here.
            deeper = within | {name} if "once" in within else within | {"once"}
            below = deeper if name == "quotedPost" else within
            text += f" {{ {draw(selections(inner, below))} }}"
        if draw(st.integers(0, 5)) == 0:
            text = f"... on {shape.name} {{ {text} }}"
        chosen.append(text)
    return " ".join(["__typename", *chosen])


@given(data=st.data(), yes=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_selection_is_printed_as_graphql_core_would(data: st.DataObject, yes: bool) -> None:
    shape = SCHEMA.type_map["TimelineItemConnection"]
    selection = data.draw(selections(shape, frozenset()))
    text = f"query($yes: Boolean!) {{ publicTimeline {{ {selection} }} ...Uses }}"
    text += " fragment Uses on Query { __typename @skip(if: $yes) }"
    document = Document(SCHEMA, parse(text))
    assert validate(SCHEMA, document.node) == []

    whole = asyncio.run(printed(document, yes, ProjectingContext))
    by_field = asyncio.run(printed(document, yes, Executor))

    assert whole == by_field


async def printed(document: Document, yes: bool, executor: type[Executor]) -> bytes:
    """The data in JSON, whose order counts."""
    backends = cast(Backends, OnePage())
    context = Context(backends=backends, viewer_id=ALICE, take=lambda _: None)
    context.projections = document.projections(document.operations[0].variables({"yes": yes}))
    running = execute(
        SCHEMA,
        document.node,
        context_value=context,
        variable_values={"yes": yes},
        executor_class=executor,
    )
    result = await cast(Awaitable[ExecutionResult], running)
    assert result.errors is None, result.errors
    return msgspec.json.encode(result.data)


def test_what_is_too_large_is_printed_but_not_kept() -> None:
    text = "query($yes: Boolean!) { __typename @include(if: $yes) publicTimeline { nodes { post { "
    text += " ".join(f"a{each}: text" for each in range(700)) + " } } } }"
    document = Document(SCHEMA, parse(text))

    whole = asyncio.run(printed(document, True, ProjectingContext))

    assert whole == asyncio.run(printed(document, True, Executor))
    assert len(whole) > projection._LARGEST
    assert max(map(len, kept())) <= projection._LARGEST


def test_a_post_with_a_huge_text_is_no_key() -> None:
    huge = Seen(Hydrated.of([post(1, BOB, text="x" * 9_000)], includes()))
    small = Seen(Hydrated.of([post(1, BOB)], includes()))

    assert huge.post(huge.found.posts[1]).json_cache_key() is None
    assert small.post(small.found.posts[1]).json_cache_key() is not None


def kept() -> list[bytes]:
    """What is remembered of objects that were printed."""
    return [bytes(each) for each in projection._printed.values()]


class Counting(ProjectingContext):
    """Notes which objects are asked for field by field."""

    by_field: ClassVar[list[str]] = []

    def execute_collected_subfields(self, parent_type: GraphQLObjectType, *rest: Any) -> Any:
        self.by_field.append(parent_type.name)
        return super().execute_collected_subfields(parent_type, *rest)


@pytest.mark.parametrize("text", [FULL, SCREEN], ids=["all fields", "a phone's"])
def test_a_home_is_printed_as_a_whole_but_for_quotes_in_quotes(text: str) -> None:
    """Also where one fragment shows posts and what they quote."""
    document = Document(SCHEMA, parse(text.replace("homeTimeline", "publicTimeline")))
    Counting.by_field.clear()

    asyncio.run(printed(document, True, Counting))

    of_the_one_quote = {"TimelineItemConnection", "TimelineItem", "Post"}
    assert set(Counting.by_field) <= of_the_one_quote
    assert len(Counting.by_field) <= 4

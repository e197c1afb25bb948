"""The committed schema: what it promises, and how changes of it are classified."""

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLNamedType,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_introspection_type,
    is_object_type,
)

from gateway.api import sdl as texts
from gateway.api.schema import SCHEMA, sdl

ROSE = '"""A rose."""\ntype Query { rose: String, thorn(sharp: Boolean): Int }\n'


def own_types() -> list[GraphQLNamedType]:
    built_in = {"String", "Boolean", "Int", "Float", "ID"}
    return [
        shape
        for shape in SCHEMA.type_map.values()
        if not is_introspection_type(shape) and shape.name not in built_in
    ]


def undescribed() -> Iterator[str]:
    for shape in own_types():
        if not shape.description:
            yield shape.name
        if is_object_type(shape) or is_interface_type(shape) or is_input_object_type(shape):
            for name, member in shape.fields.items():
                if not member.description:
                    yield f"{shape.name}.{name}"
                for argument, declared in getattr(member, "args", {}).items():
                    if not declared.description:
                        yield f"{shape.name}.{name}({argument})"
        if is_enum_type(shape):
            yield from (
                f"{shape.name}.{name}"
                for name, member in shape.values.items()
                if not member.description
            )


def test_everything_is_described() -> None:
    assert list(undescribed()) == []


def test_what_is_deprecated_says_why() -> None:
    for shape in own_types():
        for name, member in getattr(shape, "fields", {}).items():
            reason = member.deprecation_reason
            assert reason is None or len(reason) > len("No longer supported"), (shape.name, name)


def test_the_committed_text_is_what_the_code_declares() -> None:
    assert texts.COMMITTED.read_text(encoding="utf-8") == sdl()


@pytest.mark.parametrize(
    "after",
    [
        ROSE.replace("rose: String", "lily: String"),
        ROSE.replace("rose: String", "rose: Int"),
        ROSE.replace("sharp: Boolean", "sharp: Boolean!"),
    ],
    ids=["a field is gone", "a field is another", "an argument is required"],
)
def test_a_change_that_breaks_clients_is_told(after: str) -> None:
    breaks, _ = texts.breaking(ROSE, after)

    assert len(breaks) == 1


@pytest.mark.parametrize(
    "after",
    [
        ROSE.replace("rose: String", "rose: String, lily: String"),
        ROSE.replace("rose: String", 'rose: String @deprecated(reason: "See lily.")'),
        ROSE.replace("sharp: Boolean", "sharp: Boolean"),
    ],
    ids=["a field more", "a field is deprecated", "nothing"],
)
def test_a_safe_change_is_not(after: str) -> None:
    assert texts.breaking(ROSE, after) == ([], [])


def test_a_value_more_of_an_enum_may_surprise() -> None:
    before = "enum Colour { RED }\ntype Query { colour: Colour }"

    breaks, may_break = texts.breaking(before, before.replace("RED", "RED BLUE"))

    assert (len(breaks), len(may_break)) == (0, 1)

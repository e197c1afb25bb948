"""The AsyncAPI document says what the frames are, and nothing that is not there."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from gateway.core import problems
from gateway.protocols.stream import frames
from gateway.protocols.stream.asyncapi import document, tag_of
from tests.gateway.conftest import Client

PAGE = document(public_url="https://roost.example")
FRAMES = [*get_args(frames.ClientFrame), *get_args(frames.ServerFrame)]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(PAGE):
        place: Any = PAGE
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_every_frame_is_a_message_and_nothing_else_is() -> None:
    messages = PAGE["components"]["messages"]

    assert set(messages) == {kind.__name__ for kind in FRAMES}
    assert {each["name"] for each in messages.values()} == {tag_of(kind) for kind in FRAMES}
    assert all(each["summary"] for each in messages.values())


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_names_its_type(kind: type[msgspec.Struct]) -> None:
    shape = PAGE["components"]["schemas"][kind.__name__]

    assert shape["properties"]["type"]["enum"] == [tag_of(kind)]
    assert "type" in shape["required"]


def test_every_code_that_closes_is_explained() -> None:
    codes = {*problems.CLOSE_CODES.values(), problems.CLOSE_INTERNAL, problems.CLOSE_TRY_AGAIN}

    assert {str(code) for code in codes} <= set(PAGE["x-close-codes"])
    for reason, code in problems.CLOSE_CODES.items():
        assert PAGE["x-close-codes"][str(code)].startswith(reason)


def test_browsers_are_told_where_the_stream_is() -> None:
    assert PAGE["servers"] == {"public": {"host": "roost.example", "protocol": "wss"}}
    assert PAGE["channels"]["stream"]["address"] == "/v1/stream"


async def test_the_document_is_served(stranger: Client) -> None:
    answer = await stranger.get("/v1/asyncapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["asyncapi"] == "3.0.0"

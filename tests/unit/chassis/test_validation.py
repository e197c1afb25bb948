"""What protovalidate says of a request, in words."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
import roost
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor
from roost.post.v1.post_service_pb2 import CreatePostRequest
from roost.user.v1.auth_service_pb2 import RegisterRequest

from services.chassis.rpc import validation
from services.chassis.runtime.errors import Invalid, Violation


def requests() -> Iterator[Descriptor]:
    """The request of every method of every service."""
    for found in pkgutil.walk_packages(roost.__path__, "roost."):
        if found.name.endswith("_service_pb2"):
            module = importlib.import_module(found.name)
            for service in module.DESCRIPTOR.services_by_name.values():
                yield from (method.input_type for method in service.methods)


def patterns_of(message: Descriptor, seen: set[str]) -> Iterator[str]:
    """The patterns of a message's fields, and of the messages in it."""
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    for field in message.fields:
        rules = field.GetOptions().Extensions[validate_pb2.field]
        for each in (rules, rules.repeated.items):
            if each.string.HasField("pattern"):
                yield each.string.pattern
        if field.message_type is not None:
            yield from patterns_of(field.message_type, seen)


def test_every_pattern_of_the_contracts_has_its_rule_in_words() -> None:
    seen: set[str] = set()

    found = {each for message in requests() for each in patterns_of(message, seen)}

    assert "^[A-Za-z0-9_.-]*$" in found
    assert found <= set(validation.PATTERNS)


@pytest.mark.parametrize("key", ["a b", "abc\n", "é"])
def test_a_text_of_another_form_is_refused_in_words(key: str) -> None:
    request = CreatePostRequest(text="a", request_id=key)

    with pytest.raises(Invalid) as refused:
        validation.parse(CreatePostRequest, request.SerializeToString())

    assert refused.value.violations == (
        Violation("request_id", "string.pattern", "must be letters, digits, _ . and -"),
    )


def test_other_rules_are_said_as_protovalidate_says_them() -> None:
    with pytest.raises(Invalid) as refused:
        validation.parse(RegisterRequest, RegisterRequest(handle="a" * 99).SerializeToString())

    details = {each.field: each.description for each in refused.value.violations}
    assert details["handle"] == "must be at most 64 characters"
    assert not any("regex" in each for each in details.values())

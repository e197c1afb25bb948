"""Every RPC of the contracts has a row that says who may call it; shared rules hold for all."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import roost
from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from roost.rules.v1 import rules_pb2

import services
from services.chassis.auth.access_policy import Policy, policy_of


def contracts() -> Iterator[tuple[str, str, Any, Any]]:
    """Every service of the contracts: noun, name, descriptor, generated servicer."""
    for found in pkgutil.walk_packages(roost.__path__, "roost."):
        if found.name.endswith("_service_pb2"):
            module = importlib.import_module(found.name)
            generated = importlib.import_module(f"{found.name}_grpc")
            for name, descriptor in module.DESCRIPTOR.services_by_name.items():
                noun = found.name.split(".")[1]
                yield noun, name, descriptor, getattr(generated, f"{name}Servicer")


ROOT = Path(__file__).parents[2]
HERE = {package.name for package in pkgutil.iter_modules(services.__path__)}
CONTRACTS = [each for each in contracts() if each[0] in HERE]


def rows(noun: str) -> dict[str, dict[str, Policy]]:
    """What the tests of a service call MATRIX: by service and method, who may call."""
    found: dict[str, dict[str, Policy]] = {}
    for path in Path(__file__).parent.glob(f"{noun}/**/test_*.py"):
        if "\nMATRIX = {" in path.read_text():
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found |= importlib.import_module(module).MATRIX
    return found


def descendants(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from descendants(each)


def offered(noun: str, generated: type, methods: list[str]) -> dict[str, Policy | None]:
    """The RPCs that the service's own servicer answers, with the policy of each."""
    importlib.import_module(f"services.{noun}.compose")
    ours = [each for each in descendants(generated) if each.__module__.startswith("services.")]
    return {
        method: policy_of(getattr(servicer, method))
        for servicer in ours
        for method in methods
        if getattr(servicer, method) is not getattr(generated, method)
    }


@pytest.mark.parametrize(
    ("noun", "name", "descriptor", "generated"), CONTRACTS, ids=[each[1] for each in CONTRACTS]
)
def test_every_rpc_that_is_offered_has_a_row(
    noun: str, name: str, descriptor: Any, generated: type
) -> None:
    assert offered(noun, generated, list(descriptor.methods_by_name)) == rows(noun).get(name, {})


def test_contracts_of_every_service_that_is_here_are_looked_at() -> None:
    assert {noun for noun, *_ in CONTRACTS} == HERE - {"chassis"}


SHARED = {
    "page_size": rules_pb2.FIELD_RULE_PAGE_SIZE,
    "page_token": rules_pb2.FIELD_RULE_PAGE_TOKEN,
    "request_id": rules_pb2.FIELD_RULE_REQUEST_ID,
}
# Pages of ids and events for other services have sizes of their own.
OWN_PAGE_SIZES = {
    "BatchListFollowerIdsRequest",
    "ListFollowerIdsRequest",
    "ListFollowingIdsRequest",
    "ListPostIdsByAuthorsRequest",
    "ReadEventsRequest",
}
SHARED_FIELDS = [
    field
    for _, _, service, _ in contracts()
    for method in service.methods
    for field in method.input_type.fields
    if field.name in SHARED
    and not (field.name == "page_size" and method.input_type.name in OWN_PAGE_SIZES)
]


@pytest.mark.parametrize("field", SHARED_FIELDS, ids=[each.full_name for each in SHARED_FIELDS])
def test_paging_and_idempotency_keys_follow_the_shared_rules(field: FieldDescriptor) -> None:
    rule = SHARED[field.name]
    declared = rules_pb2.FieldRule.DESCRIPTOR.values_by_number[rule].GetOptions()

    assert field.GetOptions().Extensions[rules_pb2.rule] == rule
    assert (
        field.GetOptions().Extensions[validate_pb2.field] == declared.Extensions[rules_pb2.demands]
    )

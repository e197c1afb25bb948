"""Every gRPC service of the contracts has a manifest, every served RPC has a row with its permitted
callers, and shared rules apply to all RPCs."""

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

from services.chassis.auth.access_policy import policy_of
from services.chassis.auth.caller import Policy
from services.chassis.rpc.invalidation import InvalidationServicer
from services.chassis.runtime.manifest import Manifest, deployed, manifests
from tests.completeness import assert_listed, assert_rows

ROOT = Path(__file__).parents[2]


def contracts() -> Iterator[tuple[Any, Any]]:
    """Every gRPC service of the contracts: its descriptor and its generated servicer."""
    for found in pkgutil.walk_packages(roost.__path__, "roost."):
        if found.name.endswith("_service_pb2"):
            module = importlib.import_module(found.name)
            generated = importlib.import_module(f"{found.name}_grpc")
            for name, descriptor in module.DESCRIPTOR.services_by_name.items():
                yield descriptor, getattr(generated, f"{name}Servicer")


CONTRACTS = {descriptor.full_name: (descriptor, servicer) for descriptor, servicer in contracts()}
SERVED = [
    (host, offered.name) for host in deployed() if host.processes for offered in host.grpc_services
]


def rows() -> dict[str, dict[str, Policy]]:
    """The MATRIX of all tests: the policy by gRPC service and method."""
    found: dict[str, dict[str, Policy]] = {}
    for path in Path(__file__).parent.rglob("test_*.py"):
        if "\nMATRIX = {" in path.read_text():
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found |= importlib.import_module(module).MATRIX
    return found


def owner(service: str) -> str:
    """The noun whose manifest names this gRPC service."""
    (noun,) = {
        each.noun
        for each in manifests()
        for offered in each.grpc_services
        if offered.name == service
    }
    return noun


def descendants(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from descendants(each)


# Servicers that several packages share: they derive from none of the generated ones.
SHARED_SERVICERS = {"InvalidationService": InvalidationServicer}


def offered(host: Manifest, descriptor: Any, generated: type) -> dict[str, Policy | None]:
    """The RPCs that the service implements, with the policy of each."""
    importlib.import_module(f"services.{host.noun}.compose")
    methods = list(descriptor.methods_by_name)
    if descriptor.name in SHARED_SERVICERS:
        servicer = SHARED_SERVICERS[descriptor.name]
        return {method: policy_of(getattr(servicer, method)) for method in methods}
    ours = [each for each in descendants(generated) if each.__module__.startswith("services.")]
    return {
        method: policy_of(getattr(servicer, method))
        for servicer in ours
        for method in methods
        if getattr(servicer, method) is not getattr(generated, method)
    }


@pytest.mark.parametrize(
    ("host", "name"), SERVED, ids=[name.rpartition(".")[2] for _, name in SERVED]
)
def test_every_served_rpc_has_a_row(host: Manifest, name: str) -> None:
    descriptor, generated = CONTRACTS[name]

    found = offered(host, descriptor, generated)

    assert_rows(
        found,
        rows().get(descriptor.name, {}),
        kind="row in MATRIX",
        file=f"tests/servicers/{owner(name)}/test_access.py",
        guide="Add an RPC, step 5: who may call it",
    )


def test_every_grpc_service_of_the_contracts_is_in_a_manifest() -> None:
    assert_listed(
        CONTRACTS,
        [offered.name for host in deployed() for offered in host.grpc_services],
        kind="manifest",
        file="services/<noun>/service.py",
        guide="Add a service",
    )


SHARED = {
    "page_size": rules_pb2.FIELD_RULE_PAGE_SIZE,
    "page_token": rules_pb2.FIELD_RULE_PAGE_TOKEN,
    "request_id": rules_pb2.FIELD_RULE_REQUEST_ID,
}
# Pages of ids and events for other services, and suggestions, have other sizes.
OWN_PAGE_SIZES = {
    "BatchListFollowerIdsRequest",
    "ListBookmarkIdsRequest",
    "ListFollowerIdsRequest",
    "ListFollowingIdsRequest",
    "ListHashtagEntriesRequest",
    "ListPostIdsByAuthorsRequest",
    "ReadEventsRequest",
    "ScanPostsRequest",
    "ScanUsersRequest",
    "TypeaheadRequest",
}
SHARED_FIELDS = [
    field
    for service, _ in contracts()
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

"""Each error has the metadata that the contract promises for its reason."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import gateway
import services
from services.chassis.runtime.errors import RoostError

PROTO = Path(__file__).parents[2] / "protos/roost/errors/v1/error_reason.proto"
REASON = re.compile(r"((?:^  //.*\n)+)^  ERROR_REASON_(\w+) = \d+;$", re.MULTILINE)
METADATA = re.compile(r"Metadata: (none|[a-z_]+(?:, [a-z_]+)*)\.")
# Errors that never reach a caller: the relay catches them.
INTERNAL = {"PublishFailed"}

COMMENTS = {reason: comment.splitlines() for comment, reason in REASON.findall(PROTO.read_text())}


class Construction(NamedTuple):
    """One place that constructs an error, and the keys of its metadata."""

    reason: str
    place: str
    keys: frozenset[str]


def promised(reason: str) -> frozenset[str]:
    found = METADATA.fullmatch(COMMENTS[reason][-1].removeprefix("  // "))
    assert found, f"the comment of {reason} does not end with a line of its metadata"
    return frozenset() if found[1] == "none" else frozenset(found[1].split(", "))


def modules() -> Iterator[ModuleType]:
    for root in (services, gateway):
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def keys_of(call: ast.Call) -> frozenset[str] | None:
    """The keys of a `metadata={…}` argument; None where there is no such argument."""
    for argument in call.keywords:
        if argument.arg == "metadata":
            assert isinstance(argument.value, ast.Dict), ast.unparse(call)
            return frozenset(ast.literal_eval(key) for key in argument.value.keys if key)
    return None


def keys_of_class(kind: type[RoostError]) -> frozenset[str]:
    """The keys that the constructor of an error sets by itself."""
    module = importlib.import_module(kind.__module__)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
            calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
            found = [keys for each in calls if (keys := keys_of(each)) is not None]
            return found[0] if found else frozenset()
    return frozenset()


@cache
def constructions() -> tuple[Construction, ...]:
    """Every place of the services and the gateway that constructs an error."""
    return tuple(each for module in modules() for each in constructions_of(module))


def constructions_of(module: ModuleType) -> Iterator[Construction]:
    path = Path(str(module.__file__))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        call = node if isinstance(node, ast.Call) else None
        name = call.func if call else node.exc if isinstance(node, ast.Raise) else None
        kind = getattr(module, name.id, None) if isinstance(name, ast.Name) else None
        if isinstance(kind, type) and issubclass(kind, RoostError):
            keys = keys_of(call) if call else None
            place = f"{module.__name__}:{node.lineno} {kind.__name__}"
            if kind.__name__ not in INTERNAL:
                yield Construction(kind.reason, place, keys or keys_of_class(kind))


@pytest.mark.parametrize("reason", COMMENTS)
def test_the_comment_of_a_reason_ends_with_its_metadata(reason: str) -> None:
    assert len(COMMENTS[reason]) > 1
    promised(reason)


def test_errors_have_the_metadata_that_their_reason_promises() -> None:
    wrong = [each for each in constructions() if each.keys != promised(each.reason)]

    assert len(constructions()) > 200
    assert wrong == []


def test_metadata_that_a_reason_promises_are_set_somewhere() -> None:
    constructed = {each.reason for each in constructions()}

    assert {reason for reason in COMMENTS if promised(reason)} <= constructed

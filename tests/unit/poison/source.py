"""What the services' source declares, so that what is new there is tested or named as missing."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SERVICES = Path(__file__).parents[3] / "services"


def consumer_groups() -> set[str]:
    """The groups that `bus.Subscriber` is made for anywhere in the services."""
    return {_value(path, group) for path, group in _subscribers()}


def endless_functions() -> set[str]:
    """Coroutine functions that work in an endless loop: `folder.module.function`."""
    found = set()
    for path, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFunctionDef) and any(map(_is_endless, ast.walk(node))):
                module = ".".join(path.relative_to(SERVICES).with_suffix("").parts)
                found.add(f"{module}.{node.name}")
    return found


def _is_endless(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.While)
        and isinstance(node.test, ast.Constant)
        and node.test.value is True
    )


def _subscribers() -> Iterator[tuple[Path, ast.expr]]:
    for path, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Subscriber":
                (group,) = (each.value for each in node.keywords if each.arg == "group")
                yield path, group


def _value(path: Path, expression: ast.expr) -> str:
    """What an expression of a module is there."""
    module = importlib.import_module(
        ".".join(("services", *path.relative_to(SERVICES).with_suffix("").parts))
    )
    value: str = eval(ast.unparse(expression), vars(module))
    return value


@cache
def _sources() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text())) for path in sorted(SERVICES.rglob("*.py"))]

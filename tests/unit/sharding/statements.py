"""Finds the SQL statements of the stores, in modules and in the functions of migrations."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pglast
import pglast.stream

from local.migration_lint import applied_part
from services.chassis.deployment import migrations
from services.chassis.runtime.manifest import SERVICES, manifests

_BEGINS = re.compile(r"\s*(?:--[^\n]*\n\s*)*\(?\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
# The variable, its field or its element, that an expression of PL/pgSQL is assigned to.
_ASSIGNED = re.compile(r"^\s*[\w.]+(?:\[[^]]*\])?\s*:=")
# libpg_query knows no tables, so it refuses variables that are arrays of rows.
_ARRAY = re.compile(r"(?m)^(  \w+ )\w+\[\](?=;| :=)")
_CHASSIS = "chassis"


class Statement(NamedTuple):
    """A statement, where it is, and the noun whose database executes it."""

    noun: str
    name: str
    sql: str


def of_modules() -> Iterator[Statement]:
    """The statements of all adapters, and those of the chassis."""
    for noun in (_CHASSIS, *(each.noun for each in manifests())):
        folder = SERVICES / noun / ("storage" if noun == _CHASSIS else "adapters")
        for file in sorted(folder.rglob("*.py")):
            yield from _of_file(noun, file)


def of_functions(noun: str) -> Iterator[Statement]:
    """The statements of the PL/pgSQL functions in a service's database, in their last version."""
    latest: dict[str, tuple[str, str]] = {}
    files = [file for folder in migrations.folders_of(noun) for file in folder.glob("*.sql")]
    for file in sorted(files, key=lambda each: each.name):
        for raw in pglast.parse_sql(applied_part(file.read_text())[0]):
            statement = raw.stmt
            if isinstance(statement, pglast.ast.CreateFunctionStmt):
                text = pglast.stream.RawStream()(raw)
                name = ".".join(part.sval for part in statement.funcname)
                inputs = [
                    each for each in statement.parameters or () if each.mode.value not in "ot"
                ]
                latest[f"{name}/{len(inputs)}"] = (name, text)
            elif isinstance(statement, pglast.ast.DropStmt):
                for dropped in statement.objects:
                    _forget(latest, dropped)
    for key, (_, text) in sorted(latest.items()):
        if "plpgsql" not in text:
            continue
        for number, sql in enumerate(
            _queries(pglast.parse_plpgsql(_ARRAY.sub(r"\1text[]", text))), 1
        ):
            yield Statement(noun, f"{key}#{number}", sql)


def dynamic_calls() -> Iterator[str]:
    """Where a statement that is composed in a function is executed: nothing here sees it."""
    for each in manifests():
        for file in sorted((SERVICES / each.noun / "adapters").rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
                    isinstance(inner, ast.JoinedStr) and _BEGINS.match(_text_of(inner))
                    for inner in ast.walk(node)
                ):
                    yield f"{_module_of(file)}.{node.name}"


def _of_file(noun: str, file: Path) -> Iterator[Statement]:
    name = _module_of(file)
    module = importlib.import_module(name)
    for constant, sql in _constants(module):
        yield Statement(noun, f"{name}.{constant}", sql)
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                if (
                    isinstance(inner, ast.Constant)
                    and isinstance(inner.value, str)
                    and _is_statement(inner.value)
                ):
                    yield Statement(noun, f"{name}.{node.name}", inner.value)


def _constants(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in vars(module).items():
        if name.startswith("__"):
            continue
        if isinstance(value, str) and _is_statement(value):
            yield name, value
        elif isinstance(value, Mapping):
            for key, content in value.items():
                if isinstance(content, str) and _is_statement(content):
                    yield f"{name}[{key}]", content
                elif isinstance(key, str) and _is_statement(key):
                    yield name, key
        elif isinstance(value, tuple):
            for content in value:
                if isinstance(content, str) and _is_statement(content):
                    yield name, content


def _is_statement(text: str) -> bool:
    if not _BEGINS.match(text):
        return False
    try:
        pglast.parse_sql(text)
    except pglast.parser.ParseError:
        # A part of one: the whole is in another constant.
        return False
    return True


def _queries(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        expression = tree.get("PLpgSQL_expr")
        if expression is not None and _BEGINS.match(expression["query"]):
            yield expression["query"]
        elif expression is not None and "SELECT" in expression["query"]:
            yield f"SELECT {_ASSIGNED.sub('', expression['query'])}"
        for value in tree.values():
            yield from _queries(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _queries(value)


def _forget(latest: dict[str, tuple[str, str]], dropped: Any) -> None:
    if isinstance(dropped, pglast.ast.ObjectWithArgs):
        name = ".".join(part.sval for part in dropped.objname)
        count = None if dropped.args_unspecified else len(dropped.objargs or ())
        for key in [each for each in latest if each.split("/")[0] == name]:
            if count is None or key == f"{name}/{count}":
                del latest[key]


def _text_of(joined: ast.JoinedStr) -> str:
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "x"
        for part in joined.values
    )


def _module_of(file: Path) -> str:
    inner = file.relative_to(SERVICES.parent).with_suffix("")
    return ".".join(part for part in inner.parts if part != "__init__")


def described(statement: Statement) -> str:
    """The statement in one line, for messages."""
    return json.dumps(" ".join(statement.sql.split()))[:300]

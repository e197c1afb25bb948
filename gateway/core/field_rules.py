"""Rules of fields in words: the `detail` of a violation, from msgspec's messages."""

import ast
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Meta, inspect

from services.chassis.text.kinds import (
    TextKind,
)

# Python's `$` also matches before a line feed at the end, unlike that of JSON Schema (ECMAScript).
# With this behind it both mean the end.
_STRICT_END = "$(?!\\n)"

_rules: dict[str, str] = {}
_LENGTH_RULE = "length"

_PATTERN = re.compile(r"Expected `str(?: \| null)?` matching regex (.+)", re.DOTALL)
_LENGTH = re.compile(r"Expected `(str|array)(?: \| null)?` of length (<=|>=) ([0-9]+)")
_BOUND = re.compile(r"Expected `(?:int|float)(?: \| null)?` (<=|>=) (-?[0-9.]+)")
_CHOICE = re.compile(r"Invalid enum value .+", re.DOTALL)
_TYPES = re.compile(r"`([a-z][a-z |]*)`")
_JSON_TERMS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_MOST = {"<=": "at most", ">=": "at least"}
_COUNTED = {"str": ("character", "characters"), "array": ("item", "items")}


def pattern(expression: str, rule: str) -> str:
    """An expression for `msgspec.Meta(pattern=…)` that has to fit the whole text.

    It begins with `^` and ends with `$`. `rule` says the same in words, and begins with "must".
    """
    if not (expression.startswith("^") and expression.endswith("$") and rule.startswith("must ")):
        raise ValueError(f"{expression}: {rule}")
    strict = expression.removesuffix("$") + _STRICT_END
    _rules[strict] = rule
    return strict


def text(*, most: int, rule: str, description: str) -> Meta:
    """The constraints of a text of at most so many code points. `rule` says them in words."""
    return Meta(max_length=most, description=description, extra={_LENGTH_RULE: rule})


def rules() -> Mapping[str, str]:
    """The rules of all patterns that were declared, in words."""
    return _rules


def documented(schema: Any) -> Any:
    """A JSON schema, with patterns as readers of JSON Schema know them."""
    if isinstance(schema, dict):
        return {
            key: value.replace(_STRICT_END, "$")
            if key == "pattern" and isinstance(value, str)
            else documented(value)
            for key, value in schema.items()
        }
    return [documented(each) for each in schema] if isinstance(schema, list) else schema


def detail_of(said: str, kind: Any, path: str = "") -> str:
    """A message of msgspec without the place, in JSON's terms.

    The value is in the field at `path` of the type, by names with dots between; empty for the type.
    """
    if found := _PATTERN.fullmatch(said):
        return _rules.get(str(ast.literal_eval(found[1])), "must have another form")
    if found := _LENGTH.fullmatch(said):
        one, many = _COUNTED[found[1]]
        words = f"must have {_MOST[found[2]]} {found[3]} {one if found[3] == '1' else many}"
        return _length_rule(_declared(kind, path)) or words if found[2] == "<=" else words
    if found := _BOUND.fullmatch(said):
        return f"must be {_MOST[found[1]]} {found[2]}"
    if _CHOICE.fullmatch(said):
        return f"must be {_listed(_choices(_declared(kind, path)))}"
    return _TYPES.sub(_in_json_terms, said).replace("Expected ", "must be ", 1)


@lru_cache(maxsize=256)
def _declared(kind: Any, path: str) -> inspect.Type | None:
    found: inspect.Type | None = inspect.type_info(kind)
    for name in path.split(".") if path else ():
        found = _bare(found)
        fields = found.fields if isinstance(found, inspect.StructType) else ()
        found = next((each.type for each in fields if each.encode_name == name), None)
    return found


def _bare(declared: inspect.Type | None) -> inspect.Type | None:
    return declared.type if isinstance(declared, inspect.Metadata) else declared


def _length_rule(declared: inspect.Type | None) -> str | None:
    extra = declared.extra if isinstance(declared, inspect.Metadata) else None
    return extra.get(_LENGTH_RULE) if extra else None


def _choices(declared: inspect.Type | None) -> Sequence[Any]:
    bare = _bare(declared)
    return bare.values if isinstance(bare, inspect.LiteralType) else ()


def _listed(choices: Sequence[Any]) -> str:
    if not choices:
        return "another value"
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}" if others else last


def _in_json_terms(types: re.Match[str]) -> str:
    return " or ".join(_JSON_TERMS.get(each, each) for each in types[1].split(" | "))


# What PostgreSQL cannot store. Texts that users read are left to their services, whose rules
# (docs/text.md) refuse it too.
NO_NUL = pattern("^[^\\u0000]*$", "must not contain U+0000")


def text_meta(kind: TextKind, meaning: str) -> Meta:
    """A text of this kind. Only its code points are counted here: its service counts characters
    and refuses what breaks another rule, by name."""
    return text(most=kind.max_code_points, rule=kind.rule, description=f"{meaning} {kind.limits}.")

"""What is wrong with a field, in words: the `detail` of a violation, from what msgspec says."""

import ast
import re
from collections.abc import Mapping
from typing import Any

# Python's `$` also matches before a line feed at the end, unlike that of JSON Schema (ECMAScript).
# With this behind it both mean the end.
_STRICT_END = "$(?!\\n)"

_rules: dict[str, str] = {}

_PATTERN = re.compile(r"Expected `str(?: \| null)?` matching regex (.+)", re.DOTALL)
_LENGTH = re.compile(r"Expected `(str|array)(?: \| null)?` of length (<=|>=) ([0-9]+)")
_BOUND = re.compile(r"Expected `(?:int|float)(?: \| null)?` (<=|>=) (-?[0-9.]+)")
_CHOICE = re.compile(r"Invalid enum value (.+)", re.DOTALL)
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


def detail_of(said: str) -> str:
    """What msgspec says of a value, without the place, for people who think in JSON."""
    if found := _PATTERN.fullmatch(said):
        return _rules.get(str(ast.literal_eval(found[1])), "must have another form")
    if found := _LENGTH.fullmatch(said):
        one, many = _COUNTED[found[1]]
        return f"must have {_MOST[found[2]]} {found[3]} {one if found[3] == '1' else many}"
    if found := _BOUND.fullmatch(said):
        return f"must be {_MOST[found[1]]} {found[2]}"
    if found := _CHOICE.fullmatch(said):
        return f"{found[1]} is not one of the values that there are"
    return _TYPES.sub(_in_json_terms, said).replace("Expected ", "must be ", 1)


def _in_json_terms(types: re.Match[str]) -> str:
    return " or ".join(_JSON_TERMS.get(each, each) for each in types[1].split(" | "))

"""Prints computed selections as a whole: a selection becomes a function of the object.

graphql-core asks for one field after the other, and on a page of posts that is most of the work. A
selection that loads nothing (see `fields`) is a pure function, so it is put together once for a
document and its `@skip`s, and then called. Everything else — arguments, lists, nulls, errors, and
every field that is loaded — stays graphql-core's, whose answers the tests compare with these.

A post or user whose bytes were printed by the same selection before is not printed again.
"""

from collections.abc import Callable
from itertools import count
from operator import attrgetter
from typing import Any

import msgspec
from cachebox import LRUCache
from graphql import (
    Executor,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList

from gateway.protocols.graphql.fields import EMBEDDED, RESOLVED_WITHIN, SHOW

# What a value becomes in JSON; None for a value that is JSON as it is.
Print = Callable[[Any], Any]
_Made = tuple[Print | None] | None

# About as much as REST keeps, for selections are smaller than its objects.
_KEPT = 32_768
# What is larger is not cached: aliases could make any text so long that a few hundred
# documents would fill the memory of the process.
_LARGEST = 8_192

_encoder = msgspec.json.Encoder()
_printed: LRUCache[tuple[int, object], msgspec.Raw] = LRUCache(_KEPT)
_numbers = count()


class NeedsResolving(Exception):
    """A field of this object has to be loaded."""


class Projections:
    """Those of one document under one choice of its `@skip`s and `@include`s."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Print | None] = {}

    def find(
        self,
        executor: "Executor[Any]",
        shape: GraphQLObjectType,
        fields: FieldDetailsList,
        field_name: str,
    ) -> Print | None:
        """What prints an object of this shape that a field of this name holds; None where its
        selection loads something. It raises NeedsResolving for an object where that shows late."""
        # Nodes live as long as their document, and this as long as they.
        key = (shape.name, *(id(each.node) for each in fields))
        try:
            return self._known[key]
        except KeyError:
            made = _object(executor, shape, fields, frozenset((field_name,)))
            self._known[key] = made
            return made


def _object(
    executor: "Executor[Any]",
    shape: GraphQLObjectType,
    fields: FieldDetailsList,
    above: frozenset[str],
) -> Print | None:
    parts: list[tuple[str, Print, Print | None]] = []
    for key, group in executor.collect_subfields(shape, fields).grouped_field_set.items():
        name = group[0].node.name.value
        if name == "__typename":
            parts.append((key, _constant(shape.name), None))
            continue
        definition = shape.fields[name]
        declared = definition.extensions.get("strawberry-definition")
        if declared is None:
            return None  # of the schema's own description
        show = declared.metadata.get(SHOW)
        if show is None and declared.is_basic_field:
            show = attrgetter(declared.python_name)
        if show is None:
            return None
        if declared.metadata.get(RESOLVED_WITHIN) in above:
            show = _is_embedded(show, declared.metadata[EMBEDDED])
        made = _value(executor, definition.type, group, above | {name})
        if made is None:
            return None
        parts.append((key, show, made[0]))

    def print_object(value: Any) -> dict[str, Any]:
        return {
            key: show(value) if inner is None else inner(show(value)) for key, show, inner in parts
        }

    kind = shape.extensions["strawberry-definition"].origin
    return _cached(print_object) if hasattr(kind, "json_cache_key") else print_object


def _value(
    executor: "Executor[Any]",
    shape: GraphQLOutputType,
    fields: FieldDetailsList,
    above: frozenset[str],
) -> _Made:
    """The printer in a tuple; None where there is none."""
    if is_non_null_type(shape):
        return _value(executor, shape.of_type, fields, above)
    if is_enum_type(shape):
        return (_nullable(attrgetter("name")),)
    if is_leaf_type(shape):
        return (None,)
    if is_list_type(shape):
        inner = _value(executor, shape.of_type, fields, above)
        return inner and (_nullable(_each(inner[0])),)
    if is_object_type(shape):
        made = _object(executor, shape, fields, above)
        return made and (_nullable(made),)
    if is_abstract_type(shape):
        kinds: dict[type[Any], Print] = {}
        for possible in executor.schema.get_possible_types(shape):
            made = _object(executor, possible, fields, above)
            if made is None:
                return None
            kinds[possible.extensions["strawberry-definition"].origin] = made
        return (_nullable(lambda value: kinds[type(value)](value)),)
    return None


def _cached(print_object: Print) -> Print:
    number = next(_numbers)

    def printed(value: Any) -> msgspec.Raw:
        depends_on = value.json_cache_key()
        key = (number, depends_on)
        found = _printed.get(key) if depends_on is not None else None
        if found is None:
            text = _encoder.encode(print_object(value))
            found = msgspec.Raw(text)
            if depends_on is not None and len(text) <= _LARGEST:
                _printed[key] = found
        return found

    return printed


def _is_embedded(show: Print, is_embedded: Callable[[Any], bool]) -> Print:
    def print_embedded(value: Any) -> Any:
        if not is_embedded(value):
            raise NeedsResolving
        return show(value)

    return print_embedded


def _constant(value: str) -> Print:
    return lambda _: value


def _nullable(inner: Print) -> Print:
    return lambda value: None if value is None else inner(value)


def _each(inner: Print | None) -> Print:
    if inner is None:
        return list
    return lambda values: [inner(each) for each in values]

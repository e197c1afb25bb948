"""What an operation costs: a sum of the weights that its fields declare.

An object that is printed weighs 1, a call CALL, a change three of them; what is on a page, or in a
list of ids, counts as often as the page or the list is long. How long may be said by variables, so
an operation's cost is a small tree that is summed up for each request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from gateway.protocols.graphql.errors import DocumentTooComplex
from gateway.protocols.graphql.fields import (
    COST,
    EACH,
    MOST,
    RESOLVED_WITHIN,
)
from gateway.protocols.graphql.limits import USER_LIMITS

MAX_COST = 2_000
# Lists without a length to ask for hold a few objects, such as the entities of a post, unless they
# declare how many.
_FEW = 5
# Characters of a document that is not known yet, for one unit of cost: parsing and validating 1,000
# of them takes 3 to 6 ms of a core, and an operation that costs 250 about as long.
_CHARACTERS = 4
MAX_READING = 1 + USER_LIMITS.length // _CHARACTERS
# Of the schema's own description, where that may be asked for at all: printing it takes 30 to 80 ms
# of a core, as often as aliases repeat a part of it. How deep it goes is limited by validation.
_SCHEMA = 1_000
# Arguments that say how long a list is.
_LENGTHS = ("first", "ids", "userIds")


@dataclass(slots=True)
class Cost:
    """A sum: `fixed`, and each part as often as its length."""

    fixed: int = 0
    parts: list[tuple["Length", "Cost"]] = field(default_factory=list)

    def add(self, length: "Length", other: "Cost") -> None:
        """Takes in another sum, so often."""
        if length.variable is None:
            self.fixed += length.most * other.fixed
            self.parts += [(each.times(length.most), part) for each, part in other.parts]
        else:
            self.parts.append((length, other))

    def of(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables, as the operation takes them."""
        return self.fixed + sum(
            length.of(variables) * part.of(variables) for length, part in self.parts
        )


@dataclass(slots=True, frozen=True)
class Length:
    """How long a list is: `most`, or as a variable says."""

    most: int
    variable: str | None = None
    factor: int = 1

    def times(self, factor: int) -> "Length":
        """So many lists of this length."""
        return Length(self.most * factor, self.variable, self.factor * factor)

    def of(self, variables: Mapping[str, Any]) -> int:
        """The length with these variables."""
        if self.variable is None:
            return self.most
        given = variables.get(self.variable)
        if isinstance(given, int):
            return max(0, given) * self.factor
        return len(given) * self.factor if isinstance(given, list) else self.most


def of_reading(text: str) -> int:
    """The cost of parsing and validating a document, by its size; it is due even if the document is
    refused."""
    return 1 + min(len(text), USER_LIMITS.length) // _CHARACTERS


def check(cost: int, *, beside: int = 0) -> None:
    """Raises DocumentTooComplex for too high a cost, beside that of what is open already."""
    if cost + beside > MAX_COST:
        open_already = f" beside {beside} of the other subscriptions" if beside else ""
        raise DocumentTooComplex("cost", MAX_COST, f"costs {cost}{open_already}")


def cost_of(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> Cost:
    """The cost of a valid operation."""
    root = schema.get_root_type(operation.operation)
    if root is None:
        return Cost()
    return _Sums(schema, fragments).of(root, operation.selection_set, frozenset())


class _Sums:
    """Those of one operation."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._schema = schema
        self._fragments = fragments

    def of(
        self, parent: GraphQLCompositeType, selections: SelectionSetNode, above: frozenset[str]
    ) -> Cost:
        """The cost of a selection of an object below fields of these names."""
        total = Cost()
        for each in selections.selections:
            if isinstance(each, FieldNode):
                self._add(total, parent, each, above)
                continue
            opened: Any = each
            if isinstance(each, FragmentSpreadNode):
                opened = self._fragments[each.name.value]
            condition = opened.type_condition
            within: Any = self._schema.type_map[condition.name.value] if condition else parent
            total.add(Length(1), self.of(within, opened.selection_set, above))
        return total

    def _add(
        self, total: Cost, parent: GraphQLCompositeType, node: FieldNode, above: frozenset[str]
    ) -> None:
        name = node.name.value
        if name.startswith("__"):
            if node.selection_set is not None:
                total.fixed += _SCHEMA * (1 + self._aliases(node.selection_set))
            return
        definition = self._schema.get_field(parent, name)
        if definition is None:
            return
        total.fixed += _weight(definition, above)
        shape = get_named_type(definition.type)
        if node.selection_set is not None and is_composite_type(shape):
            each = self.of(shape, node.selection_set, above | {name})
            each.fixed += 1 + definition.extensions["strawberry-definition"].metadata.get(EACH, 0)
            total.add(self._length(parent, definition, node), each)

    def _aliases(self, selections: SelectionSetNode) -> int:
        """How many fields of a selection, and of what it spreads, have an alias."""
        found = 0
        for each in selections.selections:
            opened: Any = each
            if isinstance(each, FragmentSpreadNode):
                opened = self._fragments[each.name.value]
            elif isinstance(each, FieldNode):
                found += each.alias is not None
            if opened.selection_set is not None:
                found += self._aliases(opened.selection_set)
        return found

    def _length(
        self, parent: GraphQLCompositeType, definition: GraphQLField, node: FieldNode
    ) -> Length:
        name = next((each for each in _LENGTHS if each in definition.args), None)
        if name is None:
            # What is on a page was counted with the page.
            on_page = self._schema.get_field(parent, "pageInfo") is not None
            if not _is_list(definition) or on_page:
                return Length(1)
            return Length(definition.extensions["strawberry-definition"].metadata.get(MOST, _FEW))
        given: ValueNode | None = next(
            (each.value for each in node.arguments or () if each.name.value == name), None
        )
        default = definition.args[name].default_value
        if isinstance(given, VariableNode):
            return Length(_literal(None, default), given.name.value)
        return Length(_literal(given, default))


def _weight(definition: GraphQLField, above: frozenset[str]) -> int:
    declared = definition.extensions["strawberry-definition"]
    within = declared.metadata.get(RESOLVED_WITHIN)
    if within is not None and within not in above:
        return 0
    weight: int = declared.metadata.get(COST, 0)
    return weight


def _literal(value: ValueNode | None, default: Any) -> int:
    if isinstance(value, IntValueNode) and isinstance(default, int):
        return max(0, int(value.value))
    if isinstance(value, ListValueNode):
        return len(value.values)
    return int(default) if isinstance(default, int) else 1


def _is_list(definition: GraphQLField) -> bool:
    shape = definition.type
    return is_list_type(shape.of_type if is_non_null_type(shape) else shape)

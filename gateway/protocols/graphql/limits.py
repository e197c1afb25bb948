"""Limits of documents, checked before execution.

Fragments are opened wherever they stand, as execution would: what hides in them counts as often as
it is spread. Every walk here ends after `Limits.fields` fields, whatever a document does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    visit,
)

from gateway.protocols.graphql.errors import DocumentInvalid, DocumentTooComplex


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one document may hold, and one request give with it."""

    # Characters, and lexical tokens: what parsing costs.
    length: int
    tokens: int
    comments: int
    operations: int
    # The introspection query of tools is 15 deep; a timeline with everything in it 10.
    depth: int
    aliases: int
    fields: int
    # Validation compares every two fields that answer to one name: their number is what it costs.
    pairs: int
    # And every two fragments that are spread together.
    spread_pairs: int
    # Members of lists and objects, in the document, and again in the variables that are given.
    values: int
    variables: int
    directives: int


# Room for what an app asks at once; the largest document of our own has 2 KiB and 400 tokens. Each
# limit is reached within some 10 ms of a core, parsing and validation together.
USER_LIMITS = Limits(
    length=16_384,
    tokens=1_000,
    comments=200,
    operations=20,
    depth=15,
    aliases=30,
    fields=2_000,
    pairs=400,
    spread_pairs=800,
    values=500,
    variables=100,
    directives=50,
)
# Documents that an operator has put into the manifest are read once, when the process starts.
TRUSTED = replace(
    USER_LIMITS,
    tokens=2_000,
    pairs=1_000,
    spread_pairs=3_000,
    values=2_000,
    variables=500,
    directives=500,
)
# Anonymous requests get less: some 5 ms.
ANONYMOUS_LIMITS = Limits(
    length=4_096,
    tokens=400,
    comments=50,
    operations=5,
    depth=15,
    aliases=15,
    fields=500,
    pairs=100,
    spread_pairs=120,
    values=150,
    variables=50,
    directives=25,
)


def check(document: DocumentNode, most: Limits) -> None:
    """Raises DocumentTooComplex where a limit is exceeded, DocumentInvalid for a cycle."""
    definitions = document.definitions
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) > most.operations:
        raise DocumentTooComplex("operations", most.operations, "has too many operations")
    fragments = {
        each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)
    }
    _count(document, most)
    walk = _Walk(fragments, most)
    for definition in (*operations, *fragments.values()):
        walk.enter([definition.selection_set], depth=1)


def check_given(variables: Mapping[str, Any], most: Limits) -> None:
    """Raises DocumentTooComplex where the variables that are given hold too many values."""
    left = most.values
    waiting: list[Any] = [variables]
    while waiting:
        value = waiting.pop()
        below = value.values() if isinstance(value, dict) else value
        if isinstance(below, list | type({}.values())):
            left -= len(below)
            if left < 0:
                raise DocumentTooComplex("values", most.values, "is given too many values")
            waiting.extend(below)


def _count(document: DocumentNode, most: Limits) -> None:
    """Counts values, variables and directives of a document."""
    counts = _Counts()
    visit(document, counts)
    for name, found, limit in (
        ("values", counts.values, most.values),
        ("variables", counts.variables, most.variables),
        ("directives", counts.directives, most.directives),
    ):
        if found > limit:
            raise DocumentTooComplex(name, limit, f"has too many {name}")


class _Counts(Visitor):
    """Counts nodes by kind."""

    def __init__(self) -> None:
        super().__init__()
        self.values = self.variables = self.directives = 0

    def enter_list_value(self, node: ListValueNode, *_: object) -> None:
        """A list counts by its members."""
        self.values += len(node.values)

    def enter_object_value(self, node: ObjectValueNode, *_: object) -> None:
        """An object counts by its fields."""
        self.values += len(node.fields)

    def enter_variable_definition(self, *_: object) -> None:
        """One of an operation's variables."""
        self.variables += 1

    def enter_directive(self, *_: object) -> None:
        self.directives += 1


class _Walk:
    """Measures one document."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode], most: Limits) -> None:
        self._fragments = fragments
        self._most = most
        self._fields = 0
        self._aliases = 0
        self._pairs = 0
        self._spreads = 0
        self._spread_pairs = 0

    def enter(self, sets: Iterable[SelectionSetNode], *, depth: int) -> None:
        """Looks at selection sets that are carried out together."""
        if depth > self._most.depth:
            raise DocumentTooComplex("depth", self._most.depth, "is nested too deeply")
        by_name: dict[str, list[FieldNode]] = {}
        self._spreads = 0
        for each in sets:
            for field in self._open(each, ()):
                answers_to = field.alias or field.name
                by_name.setdefault(answers_to.value, []).append(field)
        for fields in by_name.values():
            self._pairs += len(fields) * (len(fields) - 1) // 2
            if self._pairs > self._most.pairs:
                raise DocumentTooComplex("repeats", self._most.pairs, "asks for the same too often")
            below = [each.selection_set for each in fields if each.selection_set is not None]
            if below:
                self.enter(below, depth=depth + 1)

    def _open(self, selections: SelectionSetNode, within: tuple[str, ...]) -> Iterator[FieldNode]:
        for each in selections.selections:
            self._fields += 1
            if self._fields > self._most.fields:
                raise DocumentTooComplex("fields", self._most.fields, "asks for too many fields")
            if isinstance(each, FieldNode):
                if each.alias is not None:
                    self._aliases += 1
                    if self._aliases > self._most.aliases:
                        raise DocumentTooComplex(
                            "aliases", self._most.aliases, "has too many aliases"
                        )
                yield each
            elif isinstance(each, InlineFragmentNode):
                yield from self._open(each.selection_set, within)
            elif isinstance(each, FragmentSpreadNode):
                self._spread_pairs += self._spreads
                if self._spread_pairs > self._most.spread_pairs:
                    raise DocumentTooComplex(
                        "spreads", self._most.spread_pairs, "spreads too many fragments together"
                    )
                self._spreads += 1
                name = each.name.value
                if name in within:
                    raise DocumentInvalid(f"The fragment {name} spreads itself.")
                if name in self._fragments:
                    found = self._fragments[name].selection_set
                    yield from self._open(found, (*within, name))

"""What a document may ask for, found out before anything of it is carried out.

Fragments are opened wherever they stand, as execution would: what hides in them counts as often as
it is spread. Every walk here ends after MAX_FIELDS fields, whatever a document does.
"""

from collections.abc import Iterable, Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.graphql.refusals import DocumentInvalid, DocumentTooComplex

# Room for what an app asks at once; the largest document of our own has 2 KiB.
MAX_LENGTH = 16_384
MAX_TOKENS = 2_000
MAX_COMMENTS = 200
# The introspection query of tools is 15 deep; a timeline with everything in it 10.
MAX_DEPTH = 15
MAX_ALIASES = 30
MAX_FIELDS = 2_000
# Validation compares every two fields that answer to one name, so their number is what it costs.
MAX_PAIRS = 1_000
# And every two fragments that are spread together.
MAX_SPREAD_PAIRS = 3_000
MAX_OPERATIONS = 20


def check(document: DocumentNode) -> None:
    """Raises DocumentTooComplex where a limit is exceeded, DocumentInvalid for a cycle."""
    definitions = document.definitions
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) > MAX_OPERATIONS:
        raise DocumentTooComplex("operations", MAX_OPERATIONS, "has too many operations")
    fragments = {
        each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)
    }
    walk = _Walk(fragments)
    for definition in (*operations, *fragments.values()):
        walk.enter([definition.selection_set], depth=1)


class _Walk:
    """One document's."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._fields = 0
        self._aliases = 0
        self._pairs = 0
        self._spreads = 0
        self._spread_pairs = 0

    def enter(self, sets: Iterable[SelectionSetNode], *, depth: int) -> None:
        """Looks at selection sets that are carried out together."""
        if depth > MAX_DEPTH:
            raise DocumentTooComplex("depth", MAX_DEPTH, "is nested too deeply")
        by_name: dict[str, list[FieldNode]] = {}
        self._spreads = 0
        for each in sets:
            for field in self._open(each, ()):
                answers_to = field.alias or field.name
                by_name.setdefault(answers_to.value, []).append(field)
        for fields in by_name.values():
            self._pairs += len(fields) * (len(fields) - 1) // 2
            if self._pairs > MAX_PAIRS:
                raise DocumentTooComplex("repeats", MAX_PAIRS, "asks for the same too often")
            below = [each.selection_set for each in fields if each.selection_set is not None]
            if below:
                self.enter(below, depth=depth + 1)

    def _open(self, selections: SelectionSetNode, within: tuple[str, ...]) -> Iterator[FieldNode]:
        for each in selections.selections:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise DocumentTooComplex("fields", MAX_FIELDS, "asks for too many fields")
            if isinstance(each, FieldNode):
                if each.alias is not None:
                    self._aliases += 1
                    if self._aliases > MAX_ALIASES:
                        raise DocumentTooComplex("aliases", MAX_ALIASES, "has too many aliases")
                yield each
            elif isinstance(each, InlineFragmentNode):
                yield from self._open(each.selection_set, within)
            elif isinstance(each, FragmentSpreadNode):
                self._spread_pairs += self._spreads
                if self._spread_pairs > MAX_SPREAD_PAIRS:
                    raise DocumentTooComplex(
                        "spreads", MAX_SPREAD_PAIRS, "spreads too many fragments together"
                    )
                self._spreads += 1
                name = each.name.value
                if name in within:
                    raise DocumentInvalid(f"The fragment {name} spreads itself.")
                if name in self._fragments:
                    found = self._fragments[name].selection_set
                    yield from self._open(found, (*within, name))

"""Documents, parsed and validated once: what every request with one needs is cached with it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cachebox import LRUCache
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_variable_values,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.language import Visitor

from gateway.protocols.graphql import costs
from gateway.protocols.graphql.costs import Cost
from gateway.protocols.graphql.errors import DocumentInvalid, DocumentTooComplex
from gateway.protocols.graphql.limits import (
    USER_LIMITS,
    Limits,
    check,
    check_given,
)
from gateway.protocols.graphql.projection import Projections

# What a few versions of a few apps send. One with as many tokens as may be takes 750 KiB.
_KEPT = 256
_MOST_ERRORS = 5
# Of one document: clients use a few combinations of its switches.
_KEPT_CHOICES = 64


class DocumentErrors(Exception):
    """The document does not fit the schema, for these reasons."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("the document does not fit the schema")
        self.errors = errors


class Variables(NamedTuple):
    """What an operation is given."""

    # As they came.
    given: Mapping[str, Any]
    # As the operation takes them: of its types, and with its defaults.
    taken: Mapping[str, Any]


class Operation:
    """One operation of a document."""

    def __init__(self, schema: GraphQLSchema, node: OperationDefinitionNode, cost: Cost) -> None:
        self._schema = schema
        self.kind: OperationType = node.operation
        self.name = node.name.value if node.name else None
        self.node = node
        self.cost = cost

    def variables(self, given: Mapping[str, Any] | None, most: Limits = USER_LIMITS) -> Variables:
        """Those that are given, as they are taken. Raises DocumentErrors where they do not fit, and
        DocumentTooComplex where there are too many of them."""
        given = given or {}
        check_given(given, most)
        read = get_variable_values(
            self._schema,
            self.node.variable_definitions or (),
            dict(given),
            max_errors=_MOST_ERRORS,
            # Suggestions would show parts of a schema that may not be asked for.
            hide_suggestions=True,
        )
        if isinstance(read, list):
            raise DocumentErrors(read[:_MOST_ERRORS])
        return Variables(given, read.coerced)


class Document:
    """A document within all limits, that fits the schema."""

    def __init__(self, schema: GraphQLSchema, node: DocumentNode) -> None:
        self.schema = schema
        self.node = node
        fragments = {
            each.name.value: each
            for each in node.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self.operations = [
            Operation(schema, each, costs.cost_of(schema, each, fragments))
            for each in node.definitions
            if isinstance(each, OperationDefinitionNode)
        ]
        choosing = _Choosing()
        visit(node, choosing)
        self._choosing = sorted(choosing.names)
        self._projections: LRUCache[tuple[object, ...], Projections] = LRUCache(_KEPT_CHOICES)

    def operation(self, name: str | None) -> Operation:
        """The operation of this name, or the only one. Raises DocumentInvalid."""
        if name is None and len(self.operations) == 1:
            return self.operations[0]
        for each in self.operations:
            if name is not None and each.name == name:
                return each
        if name is None:
            raise DocumentInvalid("Name the operation: the document does not hold exactly one.")
        raise DocumentInvalid(f"The document holds no operation {name}.")

    def projections(self, variables: Variables) -> Projections:
        """Those that hold under these variables."""
        choice = tuple([variables.taken.get(each) for each in self._choosing])
        found = self._projections.get(choice)
        if found is None:
            found = Projections()
            self._projections[choice] = found
        return found


class _Choosing(Visitor):
    """Finds the variables that decide what is skipped and included."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: Any, *_: object) -> None:
        """Looks at the condition."""
        for each in node.arguments or ():
            if isinstance(each.value, VariableNode):
                self.names.add(each.value.name.value)


class Documents:
    """All documents that a process has seen lately. Those that are refused are not remembered."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema = schema
        self._introspection = introspection
        self._rules = [*specified_rules]
        if not introspection:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self._known: LRUCache[str, Document] = LRUCache(_KEPT)

    def known(self, text: str) -> Document | None:
        """The document, if it was read lately and is still remembered."""
        return self._known.get(text)

    def read(self, text: str, most: Limits = USER_LIMITS) -> Document:
        """The document that the text spells, within these limits.

        Raises DocumentTooComplex, DocumentInvalid, or DocumentErrors with places in the text; none
        of its fields has been asked for then.
        """
        known = self.known(text)
        if known is None:
            known = self._read(text, most)
            self._known[text] = known
        return known

    def _read(self, text: str, most: Limits) -> Document:
        node = _parse(text, most)
        check(node, most)
        errors = validate(
            self._schema,
            node,
            self._rules,
            max_errors=_MOST_ERRORS,
            hide_suggestions=not self._introspection,
        )
        if errors:
            raise DocumentErrors(errors[:_MOST_ERRORS])
        return Document(self._schema, node)


def _parse(text: str, most: Limits) -> DocumentNode:
    if len(text) > most.length:
        raise DocumentTooComplex("length", most.length, "is too long")
    try:
        return parse(text, max_lexical_tokens=most.tokens, max_comments=most.comments)
    except GraphQLSyntaxError as error:
        if "nested too deeply" in error.message:
            raise DocumentTooComplex("depth", most.depth, "is nested too deeply") from None
        if "more than" in error.message:
            raise DocumentTooComplex("tokens", most.tokens, "has too many tokens") from None
        raise DocumentErrors([error]) from None

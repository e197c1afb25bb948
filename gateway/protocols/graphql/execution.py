"""Executes operations with graphql-core, except for what can be printed as a whole."""

from contextlib import suppress
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, Executor, GraphQLObjectType, GraphQLResolveInfo, execute
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path

from gateway.protocols.graphql.context import Context
from gateway.protocols.graphql.documents import Document, Operation, Variables
from gateway.protocols.graphql.projection import NeedsResolving


class ProjectingContext(Executor[Any]):
    """Completes objects whose selection loads nothing in one step."""

    def complete_object_value(  # noqa: PLR0917 - as it is overridden
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        show = self.context_value.projections.find(
            self, return_type, field_details_list, info.field_name
        )
        if show is not None:
            with suppress(NeedsResolving):
                return show(result)
        return super().complete_object_value(
            return_type, field_details_list, info, path, result, position_context
        )


async def execute_document(
    document: Document,
    operation: Operation,
    context: Context,
    variables: Variables,
    *,
    root: Any = None,
) -> ExecutionResult:
    """The operation's result. Errors of fields are in it; nothing is raised."""
    context.projections = document.projections(variables)
    result = execute(
        document.schema,
        document.node,
        root_value=root,
        context_value=context,
        variable_values=dict(variables.given),
        operation_name=operation.name,
        executor_class=ProjectingContext,
        # Suggestions would show parts of a schema that may not be asked for.
        hide_suggestions=True,
    )
    return await result if isawaitable(result) else result

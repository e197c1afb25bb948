"""Whether a statement carries the shard key of each distributed table that it touches.

PostgreSQL's own parser reads the statements. A table's key is carried where its column is compared
for equality, with a value, a list or the column of another relation; where rows are inserted, the
column is among those of the INSERT. Each query and subquery is judged by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pglast
from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, SubLinkType

# Functions that Citus refuses in statements that change rows: each shard would compute its own.
_VOLATILE = {"clock_timestamp", "random", "gen_random_uuid", "nextval", "statement_timestamp"}


@dataclass
class _Block:
    """The relations and conditions of one query."""

    # Distributed tables, by the name that the query has for them.
    tables: dict[str, str] = field(default_factory=dict)
    conditions: list[Any] = field(default_factory=list)
    using: set[str] = field(default_factory=set)


def mistakes(sql: str, keys: Mapping[str, str]) -> list[str]:
    """What is wrong with a statement; `keys` has the shard key of each distributed table."""
    found: list[str] = []
    for raw in pglast.parse_sql(sql):
        _judge(raw.stmt, keys, frozenset(), found)
    return found


def _judge(node: Any, keys: Mapping[str, str], ctes: frozenset[str], found: list[str]) -> None:
    """Judges a statement or query and all queries inside it."""
    inside = ctes | {each.ctename for each in _common_tables(node)}
    if isinstance(node, ast.SelectStmt):
        _judge_select(node, keys, inside, found)
    elif isinstance(node, ast.InsertStmt):
        _judge_insert(node, keys, found)
    elif isinstance(node, ast.UpdateStmt | ast.DeleteStmt):
        _judge_change(node, keys, inside, found)
    for query in _queries_in(node):
        _judge(query, keys, inside, found)


def _judge_select(
    node: ast.SelectStmt, keys: Mapping[str, str], ctes: frozenset[str], found: list[str]
) -> None:
    block = _Block()
    for item in node.fromClause or ():
        _add_relation(block, item, keys, ctes)
    if node.whereClause is not None:
        block.conditions.append(node.whereClause)
    found += _missing(block, keys)
    if node.lockingClause:
        found += [
            f"locks rows of {table} on several shards"
            for name, table in block.tables.items()
            if not _is_carried(block, name, keys[table], one=True)
        ]


def _judge_insert(node: ast.InsertStmt, keys: Mapping[str, str], found: list[str]) -> None:
    table = node.relation.relname
    if table in keys and keys[table] not in {each.name for each in node.cols or ()}:
        found.append(f"inserts into {table} without {keys[table]}")


def _judge_change(
    node: ast.UpdateStmt | ast.DeleteStmt,
    keys: Mapping[str, str],
    ctes: frozenset[str],
    found: list[str],
) -> None:
    block = _Block()
    _add_relation(block, node.relation, keys, ctes)
    distributed = bool(block.tables)
    others = node.fromClause if isinstance(node, ast.UpdateStmt) else node.usingClause
    for item in others or ():
        _add_relation(block, item, keys, ctes)
    if node.whereClause is not None:
        block.conditions.append(node.whereClause)
    found += _missing(block, keys)
    if distributed:
        found += [
            f"calls {name} in a change of {node.relation.relname}"
            for name in _functions_in(node)
            if name in _VOLATILE
        ]


def _add_relation(block: _Block, item: Any, keys: Mapping[str, str], ctes: frozenset[str]) -> None:
    if isinstance(item, ast.RangeVar):
        if item.relname in keys and item.relname not in ctes:
            name = item.alias.aliasname if item.alias else item.relname
            block.tables[name] = item.relname
    elif isinstance(item, ast.JoinExpr):
        _add_relation(block, item.larg, keys, ctes)
        _add_relation(block, item.rarg, keys, ctes)
        if item.quals is not None:
            block.conditions.append(item.quals)
        block.using |= {each.sval for each in item.usingClause or ()}


def _missing(block: _Block, keys: Mapping[str, str]) -> list[str]:
    return [
        f"touches {table} without {keys[table]}"
        for name, table in block.tables.items()
        if not _is_carried(block, name, keys[table])
    ]


def _is_carried(block: _Block, name: str, key: str, *, one: bool = False) -> bool:
    if key in block.using and not one:
        return True
    return any(_carries(each, name, key, len(block.tables), one) for each in block.conditions)


def _carries(condition: Any, name: str, key: str, tables: int, one: bool) -> bool:
    if isinstance(condition, ast.BoolExpr):
        parts = [_carries(each, name, key, tables, one) for each in condition.args]
        if condition.boolop == BoolExprType.AND_EXPR:
            return any(parts)
        return condition.boolop == BoolExprType.OR_EXPR and all(parts) and not one
    if isinstance(condition, ast.A_Expr):
        equal = condition.name[-1].sval == "="
        if condition.kind == A_Expr_Kind.AEXPR_OP and equal:
            return _is_key(condition.lexpr, name, key) or _is_key(condition.rexpr, name, key)
        lists = {A_Expr_Kind.AEXPR_OP_ANY, A_Expr_Kind.AEXPR_IN}
        return condition.kind in lists and equal and not one and _is_key(condition.lexpr, name, key)
    if isinstance(condition, ast.SubLink):
        return (
            condition.subLinkType == SubLinkType.ANY_SUBLINK
            and not one
            and _is_key(condition.testexpr, name, key)
        )
    return False


def _is_key(expression: Any, name: str, key: str) -> bool:
    if isinstance(expression, ast.RowExpr):
        return any(_is_key(each, name, key) for each in expression.args)
    if not isinstance(expression, ast.ColumnRef):
        return False
    words = [each.sval for each in expression.fields if isinstance(each, ast.String)]
    return words in ([key], [name, key])


def _common_tables(node: Any) -> tuple[Any, ...]:
    clause = getattr(node, "withClause", None)
    return tuple(clause.ctes) if clause else ()


def _queries_in(node: Any) -> Iterator[Any]:
    """The queries right inside a node, not those inside them."""
    for value in _children(node):
        if isinstance(value, ast.SelectStmt | ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt):
            yield value
        else:
            yield from _queries_in(value)


def _functions_in(node: Any) -> Iterator[str]:
    for value in _children(node):
        if isinstance(value, ast.FuncCall):
            yield value.funcname[-1].sval
        yield from _functions_in(value)


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple):
        yield from node
    elif isinstance(node, ast.Node):
        for name in node:
            value = getattr(node, name)
            if isinstance(value, ast.Node | tuple):
                yield value

"""Parses a text into a Query, by the grammar of grammar.lark (LALR, so in linear time)."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, cast

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from services.search.domain.query import costs, operators
from services.search.domain.query.errors import QueryInvalid
from services.search.domain.query.model import (
    Conjunction,
    Disjunction,
    Negation,
    Node,
    Query,
    Text,
)

_PART = "a word, a phrase in quotation marks, an operator or a group"
_QUOTATION_MARKS = frozenset('"“”„‟＂〝〞〟«»‹›「『')
_MAX_TOKEN = 50


def parse(text: str) -> Query:
    """The query of a text. Raises QueryInvalid with the column of the first fault, or
    QueryTooCostly. Columns count the code points of the text as it is given."""
    costs.check_text(text)
    try:
        built = cast(_Built, _parser().parse(text))
    except UnexpectedInput as fault:
        raise _error(fault, text) from None
    costs.check_shape(leaves=built.leaves, depth=built.depth)
    costs.check_negations(built.node)
    return Query(built.node)


class _Built(NamedTuple):
    """A node with what the limits and the errors need."""

    node: Node
    # The index of its first code point.
    start: int
    leaves: int = 1
    # How many groups are within each other.
    depth: int = 0


@v_args(inline=True)
class _Builder(Transformer[Token, _Built]):
    """Builds nodes while the parser runs, from the leaves upward: no step recurses."""

    def start(self, built: _Built) -> _Built:
        return built

    def alternatives(self, *parts: _Built) -> _Built:
        return _joined(Disjunction, parts)

    def sequence(self, *parts: _Built) -> _Built:
        return _joined(Conjunction, parts)

    def group(self, opening: Token, built: _Built) -> _Built:
        return built._replace(start=_start(opening), depth=built.depth + 1)

    def negation(self, minus: Token, part: _Built) -> _Built:
        start = _start(minus)
        if part.start != start + 1:
            raise QueryInvalid(start + 1, str(minus), f"{_PART} directly after the minus sign")
        return part._replace(node=Negation(part.node, start + 1), start=start)

    def word(self, word: Token) -> _Built:
        return _Built(operators.word(str(word), _start(word) + 1), _start(word))

    def phrase(self, quoted: Token) -> _Built:
        return _Built(Text(_unquoted(quoted), _start(quoted) + 2, exact=True), _start(quoted))

    def address(self, address: Token) -> _Built:
        return _Built(Text(str(address), _start(address) + 1), _start(address))

    def tag(self, tag: Token) -> _Built:
        return _Built(operators.tag(str(tag), _start(tag) + 1), _start(tag))

    def operator(self, name: Token, value: Token) -> _Built:
        start, value_start = _start(name), _start(value)
        if value_start != start + len(name):
            raise QueryInvalid(start + 1, str(name), "a value directly after the colon")
        quoted = value.type == "QUOTED"
        leaf = operators.operator(
            str(name)[:-1],
            _unquoted(value) if quoted else str(value),
            quoted=quoted,
            column=start + 1,
            value_column=value_start + (2 if quoted else 1),
        )
        return _Built(leaf, start)


@cache
def _parser() -> Lark:
    return Lark.open(
        "grammar.lark",
        rel_to=__file__,
        parser="lalr",
        lexer="contextual",
        regex=True,
        transformer=_Builder(),
    )


def _joined(join: Callable[[tuple[Node, ...]], Node], parts: tuple[_Built, ...]) -> _Built:
    if len(parts) == 1:
        return parts[0]
    return _Built(
        join(tuple(part.node for part in parts)),
        parts[0].start,
        leaves=sum(part.leaves for part in parts),
        depth=max(part.depth for part in parts),
    )


def _start(token: Token) -> int:
    return cast(int, token.start_pos)


def _unquoted(token: Token) -> str:
    return str(token)[1:-1]


def _error(fault: UnexpectedInput, text: str) -> QueryInvalid:
    """The error of a text that the grammar does not fit."""
    stack = fault.interactive_parser.parser_state.value_stack
    open_tokens = [each for each in stack if isinstance(each, Token)]
    if isinstance(fault, UnexpectedToken) and fault.token.type == "$END":
        return _at_end(stack[-1:], open_tokens)
    place = cast(int, fault.pos_in_stream)
    rest = text[place:]
    if isinstance(fault, UnexpectedToken) and fault.token.type == "_CLOSE" and not open_tokens:
        return QueryInvalid(place + 1, rest[0], "an opening parenthesis before it")
    if rest[0] in _QUOTATION_MARKS:
        return QueryInvalid(place + 1, rest[0], "a closing quotation mark")
    token = rest[0] if rest[0] in "()（）" else rest.split(maxsplit=1)[0][:_MAX_TOKEN]
    return QueryInvalid(place + 1, token, _expected(stack[-1:]))


def _at_end(top: list[object], open_tokens: list[Token]) -> QueryInvalid:
    """The error of a query that ends too early: at the token that lacks what follows it."""
    dangling = isinstance(top[0], Token) if top else False
    lacking = open_tokens[-1] if dangling else _innermost_open(open_tokens)
    expected = _expected(top) if dangling else "a closing parenthesis"
    return QueryInvalid(_start(lacking) + 1, str(lacking), expected)


def _innermost_open(open_tokens: list[Token]) -> Token:
    return next(each for each in reversed(open_tokens) if each.type == "OPEN")


def _expected(top: list[object]) -> str:
    """What fits behind the token on the top of the parser's stack."""
    match top:
        case [Token(type="NAME")]:
            return "a value directly after the colon"
        case [Token(type="MINUS")]:
            return f"{_PART} directly after the minus sign"
        case _:
            return _PART

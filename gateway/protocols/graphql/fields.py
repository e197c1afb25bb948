"""Declares fields of the schema: what they promise, cost, and need.

A field is either *computed*, a pure function of the loaded parent without arguments, or *resolved*
by a call. Computed fields are projected together, without a resolver for each (see `projection`).
A resolved field is executed on its own and has a cost.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Optional

import strawberry

# Keys of a field's metadata.
SHOW = "roost.show"
COST = "roost.cost"
# The cost of each item of a list, beside its projection.
EACH = "roost.each"
# The greatest length of a list without an argument for it, where that is more than a few.
MOST = "roost.most"
# The name of a field below which this one is resolved rather than computed.
RESOLVED_WITHIN = "roost.resolved_within"
# The objects for which it is computed even there.
EMBEDDED = "roost.embedded"

# The cost of a call to a service; an object that is projected costs 1.
CALL = 10


def message_field(name: str, kind: Any, about: str, *, deprecated: str | None = None) -> Any:
    """A field of the parent's message, under this name and unchanged."""
    show = attrgetter(f"message.{name}")

    def resolver(self: Any) -> Any:
        return show(self)

    resolver.__annotations__["return"] = kind
    return strawberry.field(
        resolver=resolver,
        description=about,
        deprecation_reason=deprecated,
        metadata={SHOW: show},
    )


def computed(
    about: str, *, name: str | None = None, deprecated: str | None = None, most: int | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field that the method computes from the loaded parent; it calls nothing and cannot fail.
    Without a name it is called as the method is. `most` is the greatest length of a list."""
    length = {} if most is None else {MOST: most}

    def declare(method: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=method,
            name=name,
            description=about,
            deprecation_reason=deprecated,
            metadata={SHOW: method, **length},
        )

    return declare


def resolved(
    about: str, *, cost: int = CALL, each: int = 0, deprecated: str | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field that the method resolves at this cost, and a list at `each` an item on top.

    Where the method fails, the field is null.
    """

    def declare(method: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=nullable(method),
            description=about,
            deprecation_reason=deprecated,
            metadata={COST: cost, EACH: each},
        )

    return declare


def nullable(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, with a result that may be null.

    An error in a field that may not be null removes the object around it, and at the top the rest
    of the response.
    """
    gives = method.__annotations__["return"]
    method.__annotations__["return"] = (
        f"{gives} | None" if isinstance(gives, str) else Optional[gives]  # noqa: UP045 - at runtime
    )
    return method


def computed_or_resolved(
    about: str, show: Callable[[Any], Any], *, within: str, is_embedded: Callable[[Any], bool]
) -> Callable[[Callable[..., Any]], Any]:
    """A field that `show` computes; below a field called `within` only if `is_embedded`.

    Otherwise the method resolves it. The response about a post contains the post that it quotes,
    but not the post that the quoted one quotes.
    """

    def declare(method: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=method,
            description=about,
            metadata={SHOW: show, RESOLVED_WITHIN: within, EMBEDDED: is_embedded, COST: CALL},
        )

    return declare


def value(number: Any, about: str) -> Any:
    """A value of an enum, which stands for this one of the contracts."""
    return strawberry.enum_value(number, description=about)


def extend(kind: type[Any], *, before: str = "", **fields: Any) -> None:
    """Adds fields to a type of the schema: at its end, or before the field of this name.

    So a noun adds its lists to the types of other nouns, and `users` does not import `posts`.
    """
    declared = kind.__strawberry_definition__.fields
    names = [each.python_name for each in declared]
    at = names.index(before) if before else len(names)
    for name, each in fields.items():
        each.name = each.python_name = name
        each.origin = kind
    declared[at:at] = fields.values()

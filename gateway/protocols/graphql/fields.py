"""Declares fields of the schema: what they promise, cost, and need.

A field is either *shown* — a pure function of what was loaded for its parent, without arguments —
or *loaded* by a call. Whatever is only shown can be printed as a whole, without asking field by
field (see `projection`); what is loaded, is asked for one by one and costs its weight.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Optional

import strawberry

# Keys of a field's metadata.
SHOW = "roost.show"
COST = "roost.cost"
# The weight of each thing in a list, beside its being printed.
EACH = "roost.each"
# How long a list may be that takes no argument to say so, where that is more than a few.
MOST = "roost.most"
# The name of a field below which this one is resolved rather than computed.
RESOLVED_WITHIN = "roost.not_within"
# Of which objects it is computed even there.
EMBEDDED = "roost.settled"

# The weight of a call to a service, in units of an object that is printed.
CALL = 10


def message_field(name: str, kind: Any, about: str, *, deprecated: str | None = None) -> Any:
    """A field that stands in the parent's message under this name, as it is."""
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


def computed(about: str, *, deprecated: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """A field that the method gives out of what was loaded; it calls nothing and cannot fail."""

    def declare(method: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=method,
            description=about,
            deprecation_reason=deprecated,
            metadata={SHOW: method},
        )

    return declare


def resolved(
    about: str, *, cost: int = CALL, each: int = 0, deprecated: str | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field that the method loads, at this weight; a list at that of each thing on top. Where the
    method fails, it is null."""

    def declare(method: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=nullable(method),
            description=about,
            deprecation_reason=deprecated,
            metadata={COST: cost, EACH: each},
        )

    return declare


def nullable(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, whose field may be null: where it may not, an error takes along the object around
    it, and at the top whatever else was read or changed."""
    gives = method.__annotations__["return"]
    method.__annotations__["return"] = (
        f"{gives} | None" if isinstance(gives, str) else Optional[gives]  # noqa: UP045 - at runtime
    )
    return method


def computed_or_resolved(
    about: str, show: Callable[[Any], Any], *, within: str, is_embedded: Callable[[Any], bool]
) -> Callable[[Callable[..., Any]], Any]:
    """A field that `show` gives, but below a field called `within` only of what is `settled`; of
    all else the method loads it. A quoted post comes along with the one that quotes it; the post
    that *it* quotes does not, if there is one."""

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

    A noun adds its lists to the types of others so: users know nothing of posts.
    """
    declared = kind.__strawberry_definition__.fields
    names = [each.python_name for each in declared]
    at = names.index(before) if before else len(names)
    for name, each in fields.items():
        each.name = each.python_name = name
        each.origin = kind
    declared[at:at] = fields.values()

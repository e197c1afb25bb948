"""Ids as clients write them: decimal strings, each id with one spelling."""

from typing import Annotated

from msgspec import Meta

from gateway.core.errors import FieldInvalid
from gateway.core.field_rules import pattern

# What a simple pattern can say, so that the document, the types and the code agree exactly. The
# clock in our ids gets here in 2093, a year before it gets to 2^63.
MAX_ID = 9 * 10**18 - 1
# Stands for "none" where an id is optional, as it does in the contracts.
NO_ID = 0

ID_PATTERN = "^([1-9][0-9]{0,17}|[1-8][0-9]{18})$"
Id = Annotated[
    str,
    Meta(
        pattern=pattern(ID_PATTERN, "must be a decimal id, such as 187649984473770"),
        description="An id: a decimal number in a string.",
        examples=["187649984473770"],
    ),
]


def parse_id(text: str) -> int | None:
    """The id that the text spells, or None if it spells none."""
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= 19:
        number = int(text)
        if number <= MAX_ID:
            return number
    return None


def id_in_body(field: str, text: str | None) -> int:
    """An optional id of a body. Raises FieldInvalid if it is none."""
    if text is None:
        return NO_ID
    number = parse_id(text)
    if number is None:
        raise FieldInvalid(field, "id", "must be a decimal id")
    return number

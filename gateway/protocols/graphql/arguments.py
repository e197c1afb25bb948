"""Arguments that many fields take."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from gateway.core.errors import ParameterInvalid
from gateway.protocols.graphql.global_ids import number_of

Etag = Annotated[
    str | None,
    strawberry.argument(
        description="The `etag` as it was read: the change is refused with ETAG_MISMATCH where it "
        "is another by now. Null to change whatever is there."
    ),
]

MAX_IDS = 100


def numbers_of(kind: str, texts: Sequence[str], argument: str, *, most: int) -> list[int]:
    """The numbers in ids of things of this kind, each once. Raises ParameterInvalid."""
    if len(texts) > most:
        raise ParameterInvalid(argument, "length", f"may hold {most} at most")
    return list(dict.fromkeys(number_of(kind, each, argument) for each in texts))

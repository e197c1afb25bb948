"""Global ids: what a thing is and its number, in one opaque string, as Relay's `node` needs it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from gateway.core.errors import ParameterInvalid
from gateway.core.ids import parse_id


def global_id(kind: str, number: int) -> str:
    """The id of a thing of this kind."""
    return urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


def read_global_id(text: str) -> tuple[str, int] | None:
    """Kind and number, or None where the text is no id; each id has one spelling."""
    try:
        spelled = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (Error, ValueError):
        return None
    kind, _, digits = spelled.partition(":")
    number = parse_id(digits) if digits else None
    if number is None or global_id(kind, number) != text:
        return None
    return kind, number


def number_of(kind: str, text: str, argument: str) -> int:
    """The number in the id of a thing of this kind. Raises ParameterInvalid for any other."""
    found = read_global_id(text)
    if found is None or found[0] != kind:
        raise ParameterInvalid(argument, "id", f"must be the id of a {kind}")
    return found[1]

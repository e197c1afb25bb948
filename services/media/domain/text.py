"""Descriptions of media: the rules of docs/text.md, and the errors for what breaks them."""

from services.chassis.runtime.errors import RuleBroken, Violation
from services.chassis.text.kinds import ALT_TEXT
from services.chassis.text.rules import Rule, TextRefused, clean
from services.media.domain.errors import TextInvalid, TextTooLong

_ERRORS: dict[Rule, type[RuleBroken]] = {Rule.MAX_LENGTH: TextTooLong}


def cleaned(alt_text: str, *, field: str) -> str:
    """The description in its stored form. Raises TextInvalid or TextTooLong, whose violation names
    the field of the request and the rule."""
    try:
        return clean(alt_text, ALT_TEXT)
    except TextRefused as refused:
        kind = _ERRORS.get(refused.rule, TextInvalid)
        raise kind(
            f"The description {refused.description}.",
            violations=[Violation(field, refused.rule, refused.description)],
        ) from refused

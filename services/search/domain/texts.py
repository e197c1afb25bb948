"""Checks the texts of searches by the rules of docs/text.md."""

from services.chassis.runtime.errors import Violation
from services.chassis.text import hashtags
from services.chassis.text.kinds import TextKind
from services.chassis.text.rules import TextRefused, clean
from services.search.domain.errors import HashtagInvalid, SearchTextInvalid


def cleaned(text: str, kind: TextKind) -> str:
    """The text of a search for users or hashtags. Raises SearchTextInvalid."""
    try:
        return clean(text, kind)
    except TextRefused as refused:
        raise SearchTextInvalid(
            f"The query {refused.description}.",
            violations=[Violation("query", refused.rule, refused.description)],
        ) from refused


def folded_tag(text: str) -> str:
    """The one form of a hashtag, given with or without its number sign. Raises HashtagInvalid."""
    tag = hashtags.fold_named(text)
    if tag is None:
        raise HashtagInvalid
    return tag

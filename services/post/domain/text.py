"""Normalizes the text of a post, resolves its mentions to users and detects its language.

docs/text.md states what clients may rely on: the length in grapheme clusters, the rejected
characters, and the grammar of mentions, hashtags and links. `services.chassis.text` implements the
rules; this module raises the errors of the Post service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.chassis.runtime.errors import Violation
from services.chassis.text import entities, language
from services.chassis.text.entities import Found, FoundHandle, FoundTag
from services.chassis.text.kinds import POST
from services.chassis.text.rules import Rule, TextRefused, clean
from services.post.domain.errors import TextEmpty, TextInvalid, TextTooLong
from services.post.domain.model import (
    Entity,
    Hashtag,
    Link,
    Mention,
    Profile,
)

_ERRORS = {Rule.VISIBLE: TextEmpty, Rule.MAX_LENGTH: TextTooLong}

# The text of a post with media.
_WITH_MEDIA = replace(POST, required=False)


def cleaned(text: str, *, with_media: bool = False) -> str:
    """The text in its stored form; it may be empty with media. Raises TextInvalid, TextEmpty or
    TextTooLong, whose violation names the rule."""
    try:
        return clean(text, _WITH_MEDIA if with_media else POST)
    except TextRefused as refused:
        kind = _ERRORS.get(refused.rule, TextInvalid)
        raise kind(
            f"The text {refused.description}.",
            violations=[Violation("text", refused.rule, refused.description)],
        ) from refused


def found_in(text: str) -> list[Found]:
    """The entities of a cleaned text by ascending start; mentions are unresolved handles."""
    return entities.find(text)


def handles_of(found: Sequence[Found]) -> list[str]:
    """The mentioned handles in lower case, each once."""
    handles = (each.handle.lower() for each in found if isinstance(each, FoundHandle))
    return list(dict.fromkeys(handles))


def resolved(found: Sequence[Found], profiles: Mapping[str, Profile]) -> tuple[Entity, ...]:
    """The entities, with mentions of these users (by lower-case handle) only."""
    kept: list[Entity] = []
    for each in found:
        if isinstance(each, FoundHandle):
            profile = profiles.get(each.handle.lower())
            if profile is not None:
                kept.append(Mention(each.start, each.end, profile.id, profile.handle))
        elif isinstance(each, FoundTag):
            kept.append(Hashtag(each.start, each.end, each.tag))
        else:
            kept.append(Link(each.start, each.end, each.url))
    return tuple(kept)


def language_of(text: str, entities: Sequence[Entity]) -> str:
    """The detected language of a cleaned text: an ISO 639 code, or `und`."""
    return language.detect(text, [(each.start, each.end) for each in entities])

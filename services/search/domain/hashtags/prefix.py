"""The beginning of a hashtag, as somebody types it."""

from services.chassis.text import hashtags

_SIGNS = "#＃"
# A letter that composes with nothing before it: a beginning is a hashtag once it follows.
_LETTER = "a"


def prefix_of(query: str) -> str | None:
    """The folded beginning that the query means, with or without its sign. None if no hashtag
    begins so."""
    text = query.strip()
    text = text[1:] if text[:1] in _SIGNS else text
    if hashtags.is_tag(text):
        return hashtags.fold(text)
    if text and hashtags.is_tag(text + _LETTER):
        return hashtags.fold(text + _LETTER).removesuffix(_LETTER)
    return None

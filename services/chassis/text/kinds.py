"""The table of texts that people write: one row a kind, which every service and edge follows."""

from dataclasses import dataclass

# The longest emoji sequences that Unicode recommends have 10 code points, and letters with marks
# have fewer. The bound keeps the work for one text small, whatever it is made of.
CODE_POINTS_PER_CHARACTER = 10
# UTF-8 takes at most 4 bytes for a code point.
_BYTES_PER_CODE_POINT = 4


@dataclass(frozen=True, slots=True)
class TextKind:
    """What one kind of text may be. A character is an extended grapheme cluster (UAX 29)."""

    name: str
    max_characters: int
    # Whether line feeds and tabs are allowed; otherwise the text is a single line.
    paragraphs: bool = False
    # Whether something visible is needed; otherwise the text may be empty, but not invisible.
    required: bool = False
    code_points_per_character: int = CODE_POINTS_PER_CHARACTER

    @property
    def max_code_points(self) -> int:
        """The bound that is checked before and after normalisation."""
        return self.max_characters * self.code_points_per_character

    @property
    def max_bytes(self) -> int:
        """The bound of the contracts, in UTF-8. No text within `max_code_points` exceeds it."""
        return self.max_code_points * _BYTES_PER_CODE_POINT

    @property
    def limits(self) -> str:
        """The limits in words, for documents."""
        at_most = f"{self.max_characters:,} characters (grapheme clusters)"
        lines = "lines" if self.paragraphs else "a single line"
        amount = f"1 to {at_most}" if self.required else f"up to {at_most}"
        return f"{lines} of {amount} and at most {self.max_code_points:,} code points".capitalize()

    @property
    def rule(self) -> str:
        """The upper limits in words, for the detail of a violation."""
        characters, code_points = self.max_characters, self.max_code_points
        return f"must be at most {characters} characters and {code_points} code points"


POST = TextKind("post", 500, paragraphs=True, required=True)
DISPLAY_NAME = TextKind("display_name", 50)
BIO = TextKind("bio", 160, paragraphs=True)
LOCATION = TextKind("location", 30)
WEBSITE = TextKind("website", 100)
DEVICE_NAME = TextKind("device_name", 100)
ALT_TEXT = TextKind("alt_text", 1500, paragraphs=True)
# Of users and hashtags.
SEARCH_QUERY = TextKind("search_query", 200, required=True)
# A query of posts has words and operators, few of whose characters are long sequences.
POST_QUERY = TextKind("post_query", 512, required=True, code_points_per_character=4)
TYPEAHEAD_QUERY = TextKind("typeahead_query", 50, required=True)

KINDS = (
    POST,
    DISPLAY_NAME,
    BIO,
    LOCATION,
    WEBSITE,
    DEVICE_NAME,
    ALT_TEXT,
    SEARCH_QUERY,
    POST_QUERY,
    TYPEAHEAD_QUERY,
)

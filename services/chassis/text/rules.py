"""Cleans a text by the rules of its kind, or says which rule it breaks."""

import unicodedata
from enum import StrEnum

import regex

from services.chassis.text.kinds import TextKind

# UAX 15 gives this number for its stream-safe format. All non-starters are marks; marks that are
# starters are counted as well, which no language notices.
MAX_MARKS_IN_A_ROW = 30

_MARKS = regex.compile(rf"\p{{M}}{{{MAX_MARKS_IN_A_ROW + 1}}}")
_CLUSTER = regex.compile(r"\X")
_LINE_ENDS = regex.compile(r"\r\n|[\u2028\u2029]")
# Lone surrogates cannot be stored, and noncharacters are not for interchange.
_REFUSED_IN_PARAGRAPHS = regex.compile(
    r"[[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]--[\n\t]]", regex.VERSION1
)
_REFUSED_IN_LINE = regex.compile(r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]")
# Beside what Unicode ignores by default (among it the Hangul fillers), these letters and symbols
# are blank: braille without dots, the null notehead, and two Egyptian blanks.
_VISIBLE = regex.compile(
    r"[^\s\p{Cf}\p{M}\p{Default_Ignorable_Code_Point}\u2800\U0001d159\U00013441\U00013442]"
)

_RIGHT_TO_LEFT = regex.compile(r"[\p{Bidi_Class=R}\p{Bidi_Class=AL}\u202a-\u202e\u2066-\u2069]")
_DIRECTION = regex.compile(r"[\u202a-\u202e\u2066-\u2069\n]")
_OVERRIDES = frozenset("\u202d\u202e")
_POP_EMBEDDING, _POP_ISOLATE = "\u202c", "\u2069"
_CLOSED_BY = {
    **dict.fromkeys("\u202a\u202b", _POP_EMBEDDING),
    **dict.fromkeys("\u2066\u2067\u2068", _POP_ISOLATE),
}


class Rule(StrEnum):
    """The rules that a text can break, by the id that violations carry."""

    MAX_LENGTH = "string.max_len"
    CONTROL = "string.no_control"
    DIRECTION = "string.no_direction"
    MARKS = "string.max_marks"
    VISIBLE = "string.visible"
    WEB_ADDRESS = "string.web_address"


class TextRefused(Exception):
    """The text breaks a rule. Services turn it into an error of their contract.

    `sign` is the code point that is refused, if the rule refuses a single one.
    """

    def __init__(self, rule: Rule, description: str, sign: str = "") -> None:
        super().__init__(description)
        self.rule = rule
        self.description = description
        self.sign = sign


def clean(text: str, kind: TextKind) -> str:
    """The text as it is stored: NFC, line ends as `\\n`, without surrounding white space.

    Cleaning a cleaned text changes nothing. White space alone is the empty text. Raises
    TextRefused. The work is bounded before the text is normalised.
    """
    _check_work(text, kind)
    if kind.paragraphs:
        text = _LINE_ENDS.sub("\n", text)
    text = unicodedata.normalize("NFC", text).strip()
    # Normalisation takes some characters apart.
    _check_work(text, kind)
    _check_signs(text, kind)
    # No text has more clusters than code points, so most need not be counted.
    if len(text) > kind.max_characters and count_characters(text) > kind.max_characters:
        raise TextRefused(Rule.MAX_LENGTH, f"must be at most {kind.max_characters} characters")
    return text


def count_characters(text: str) -> int:
    """How many characters a reader counts: extended grapheme clusters (UAX 29)."""
    return len(_CLUSTER.findall(text))


def is_stream_safe(text: str) -> bool:
    """Whether it may be normalised: no long run of marks, whose sorting takes quadratic time."""
    return _MARKS.search(text) is None


def shorten(text: str, max_code_points: int) -> str:
    """The beginning of the text, cut between characters; a single longer one is cut inside.

    What is cut has no direction controls, since their ends may be lost.
    """
    if len(text) <= max_code_points:
        return text
    text = _DIRECTION.sub("", text)
    end = 0
    for match in _CLUSTER.finditer(text):
        if match.end() > max_code_points:
            break
        end = match.end()
    return text[: end or max_code_points]


def isolate(text: str) -> str:
    """The text for a place inside a sentence of another language: between a first-strong isolate
    and its end where some of it is written from right to left (UAX 9)."""
    return f"\u2068{text}{_POP_ISOLATE}" if _RIGHT_TO_LEFT.search(text) else text


def _check_work(text: str, kind: TextKind) -> None:
    if len(text) > kind.max_code_points:
        raise TextRefused(Rule.MAX_LENGTH, kind.rule)
    if not is_stream_safe(text):
        raise TextRefused(
            Rule.MARKS, f"must not have more than {MAX_MARKS_IN_A_ROW} combining marks in a row"
        )


def _check_signs(text: str, kind: TextKind) -> None:
    refused = (_REFUSED_IN_PARAGRAPHS if kind.paragraphs else _REFUSED_IN_LINE).search(text)
    if refused:
        sign = refused[0]
        raise TextRefused(Rule.CONTROL, f"must not contain U+{ord(sign):04X}", sign)
    if (text or kind.required) and not _VISIBLE.search(text):
        raise TextRefused(Rule.VISIBLE, "must contain something visible")
    _check_direction(text)


def _check_direction(text: str) -> None:
    """No overrides; embeddings and isolates nest, and end on their line (UAX 9)."""
    expected: list[str] = []
    for match in _DIRECTION.finditer(text):
        sign = match[0]
        if sign in _OVERRIDES:
            raise TextRefused(Rule.DIRECTION, f"must not contain U+{ord(sign):04X}", sign)
        if sign in _CLOSED_BY:
            expected.append(_CLOSED_BY[sign])
        elif sign == "\n":
            if expected:
                break
        elif not expected or expected.pop() != sign:
            raise TextRefused(
                Rule.DIRECTION, f"must not contain U+{ord(sign):04X} without its beginning", sign
            )
    if expected:
        raise TextRefused(
            Rule.DIRECTION, f"must contain U+{ord(expected[-1]):04X} before the line ends"
        )

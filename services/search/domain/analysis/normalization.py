"""Brings a text into NFKC without its invisible signs, and leads offsets back to the original.

The spellings NFC, NFD and NFKC of a text have the same normalized text.
"""

import unicodedata
from bisect import bisect_right

import regex

from services.chassis.text.rules import is_stream_safe

# Those that are left in mean something in emoji: the joiner, the variation selector, and the tags
# of flags. Folding takes them out of words.
_IGNORABLE = r"[\p{Default_Ignorable_Code_Point}--[\u200d\ufe0f\U000e0020-\U000e007f]]"
# What may change, combine with, or move before what precedes it: combining marks, and letters whose
# decomposition begins with one (some Tibetan vowels, half-width and compatibility letters of Hangul
# and kana).
_FOLLOWING = (
    r"[[[\p{NFKC_QC=Maybe}]||[^\p{ccc=0}]]||"
    r"[\u0f73\u0f75\u0f81\u3133\u3135\u3136\u313a-\u313f\u314f-\u3163\uff9e\uff9f\uffa3\uffa5\uffa6"
    r"\uffaa-\uffaf\uffc2-\uffc7\uffca-\uffcf\uffd2-\uffd7\uffda-\uffdc]]"
)
# A longer run is cut, which bounds the work: sorting a run of marks takes quadratic time. No text
# within the rules of posts has such a run, see services/chassis/text/rules.py.
_MAX_RUN = 64

_INVISIBLE = regex.compile(_IGNORABLE, regex.VERSION1)
_CHANGING = regex.compile(
    rf"(?s:.)[{_FOLLOWING}||{_IGNORABLE}]{{1,{_MAX_RUN}}}+|[\p{{NFKC_QC=No}}||{_IGNORABLE}]",
    regex.VERSION1,
)


class NormalizedText:
    """A text in NFKC. `text` is the result; `span` leads back to the original."""

    __slots__ = ("_ends", "_offset", "_originals", "_starts", "text")

    def __init__(self, original: str, offset: int = 0) -> None:
        """`offset` is the place of `original` in a longer text, which `span` adds."""
        self._offset = offset
        # Where stretches of the normalized text begin, and where they began originally. A stretch
        # was replaced as a whole if it has an original end; otherwise it was copied.
        self._starts: list[int] = []
        self._originals: list[int] = []
        self._ends: list[int] = []
        self.text = original if _is_normalized(original) else self._normalize(original)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of `text[start:end]`, which is not empty."""
        offset = self._offset
        if not self._starts:
            return offset + start, offset + end
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        begin = self._originals[first]
        if not self._ends[first]:
            begin += start - self._starts[first]
        finish = self._ends[last] or self._originals[last] + end - self._starts[last]
        return offset + begin, offset + finish

    def _normalize(self, original: str) -> str:
        parts: list[str] = []
        copied = length = 0
        self._begin(0, 0)
        for match in _CHANGING.finditer(original):
            start, end = match.span()
            changed = unicodedata.normalize("NFKC", _INVISIBLE.sub("", match[0]))
            if end - start == 1 == len(changed):
                # Offsets stay the same.
                parts += (original[copied:start], changed)
                length += end - copied
            else:
                self._begin(length, copied)
                parts += (original[copied:start], changed)
                length += start - copied
                self._begin(length, start, end)
                length += len(changed)
                self._begin(length, end)
            copied = end
        parts.append(original[copied:])
        return "".join(parts)

    def _begin(self, start: int, original: int, end: int = 0) -> None:
        if self._starts and self._starts[-1] == start:
            # The stretch before it is empty.
            self._originals[-1], self._ends[-1] = original, end
        else:
            self._starts.append(start)
            self._originals.append(original)
            self._ends.append(end)


def _is_normalized(text: str) -> bool:
    return text.isascii() or (
        is_stream_safe(text)
        and unicodedata.is_normalized("NFKC", text)
        and not _INVISIBLE.search(text)
    )

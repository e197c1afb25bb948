"""Stems: the form that inflections of a word share, by the Snowball stemmer of its language."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Protocol

import regex
import Stemmer

from services.search.domain.analysis.folding import fold, fold_case, straighten

# By the script of the language: words in another script have no stem.
# Without Turkish: its stemmer takes endings off words that have none, and leaves them on others.
# Without languages whose test of singular and plural fails, such as Greek and Basque.
_ALGORITHMS = {
    "Arabic": {"ar": "arabic", "fa": "persian"},
    "Cyrillic": {"ru": "russian"},
    "Devanagari": {"hi": "hindi"},
    "Latin": {
        "ca": "catalan",
        "cs": "czech",
        "da": "danish",
        "de": "german",
        "en": "english",
        "es": "spanish",
        "et": "estonian",
        "fi": "finnish",
        "fr": "french",
        "hu": "hungarian",
        "id": "indonesian",
        "it": "italian",
        "lt": "lithuanian",
        "nb": "norwegian",
        "nl": "dutch",
        "nn": "norwegian",
        "no": "norwegian",
        "pl": "polish",
        "pt": "portuguese",
        "ro": "romanian",
        "sv": "swedish",
    },
    "Tamil": {"ta": "tamil"},
}
# A stemmer remembers the stems of this many words.
_REMEMBERED_WORDS = 5000

_SCRIPTS = {script: regex.compile(rf"\p{{Script={script}}}") for script in _ALGORITHMS}
_LANGUAGES = {
    language: (_SCRIPTS[script], algorithm)
    for script, algorithms in _ALGORITHMS.items()
    for language, algorithm in algorithms.items()
}

STEMMED_LANGUAGES = frozenset(_LANGUAGES)

# Three codes share one stemmer, and their texts are taken for each other.
_SAME = {"nb": "no", "nn": "no"}


class _Stemmer(Protocol):
    # The name is the library's.
    def stemWord(self, word: str) -> str: ...  # noqa: N802


def stems(word: str, languages: Collection[str]) -> Iterator[str]:
    """The folded stems of a word in these languages, each with its language: `en:run`. None for a
    language without a stemmer, and none for a word of digits, or of another script.

    A query has no language, so a word is searched by its stems in all of them. The language belongs
    to the stem: that of `news` in French is `new`, which is another word in English posts.
    Diacritics are stemmed too, since endings have them, and folded afterwards.
    """
    cased = fold_case(straighten(word))
    for language in languages:
        script, algorithm = _LANGUAGES.get(language, (None, ""))
        if script and script.search(cased):
            stem = fold(_stemmer(algorithm).stemWord(cased).replace("'", ""))
            if stem:
                yield f"{_SAME.get(language, language)}:{stem}"


@cache
def _stemmer(algorithm: str) -> _Stemmer:
    stemmer: _Stemmer = Stemmer.Stemmer(algorithm, _REMEMBERED_WORDS)
    return stemmer

"""The analyzer: what a text is found by. Engines get its results and analyse nothing themselves.

`analyze` makes marks of a post, one for each position; `query_forms` folds a word of a query by the
same rules. ADR 45 has the reasons.

| of a text | is indexed |
|---|---|
| a word of letters, digits, marks | at one position: NFKC, case-folded, without invisible signs |
| diacritics | left out in Latin, Greek, Arabic, Hebrew; in Cyrillic, stress marks |
| `ß æ œ ø đ ð þ ł ħ ŧ ŋ ı İ` | as `ss ae oe o d d th l h t n i i`; `ё` as `е` |
| Arabic: lengthening; `ى ی`, `ک`, `ة ە ہ ھ` | left out; as `ي`, `ك`, `ه` |
| digits of any script | as those of ASCII; a point, comma or hyphen ends a word |
| apostrophes, straight or curly | left out: `O'Neil` is `oneil`, and its parts are other forms |
| `U.S.A.` | as `usa` |
| `C++`, `C#` | as they are; the letter is another form |
| Han, kana, Hangul, Bopomofo, Yi | by pairs of neighbours, and the last sign alone |
| Thai, Lao, Khmer, Burmese, Tibetan and others | the same, by grapheme clusters |
| an emoji | at one position; without skin tones, and each that is joined, as another form |
| a mention or hashtag | as words, without its sign |
| a hashtag | as a term as well, folded as in docs/text.md: with its diacritics |
| a link | as terms of its host, domains above it and its page; labels are other forms |
| an address without a scheme | as words, and with the same terms |
| an alt text | as the text, after a gap |
| stems | of the language of the post, as terms |

Of a word, the first 64 code points count, and 250 positions; of a post, 16,382 positions.
"""

from services.search.domain.analysis.addresses import address_term
from services.search.domain.analysis.analyzer import VERSION, analyze, query_forms
from services.search.domain.analysis.model import (
    Analysis,
    Entity,
    Forms,
    Hashtag,
    Link,
    Mark,
    Mention,
    decode_marks,
    encode_marks,
)
from services.search.domain.analysis.stemming import STEMMED_LANGUAGES

__all__ = [
    "STEMMED_LANGUAGES",
    "VERSION",
    "Analysis",
    "Entity",
    "Forms",
    "Hashtag",
    "Link",
    "Mark",
    "Mention",
    "address_term",
    "analyze",
    "decode_marks",
    "encode_marks",
    "query_forms",
]

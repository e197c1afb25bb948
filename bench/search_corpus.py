"""Synthetic posts for measuring search, and ten kinds of queries over them.

Words are invented, by a Zipf law in each language, so that a corpus has frequent and rare words as
a real one does. The same seed makes the same corpus. Ids are those of posts at even intervals
before END.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from services.search.domain.query.model import (
    All,
    AtLeast,
    ByAuthors,
    Either,
    Expression,
    Not,
    Phrase,
    Term,
    Word,
)

USERS = 50_000
# Milliseconds between posts.
_INTERVAL = 600
_WORDS = 40_000
_TAGS = 40_000
_HOSTS = 3_000
_CONSONANTS = "bcdfghjklmnprstvwz"
_CODAS = ("", "", "n", "s", "r")
_EMOJI = "😀😂😍🤔🔥👍🎉🙏🚀😭✨👀🌍🍕⚽🎶"

# The share of each language, and the letters of its words: vowels of a syllable, or a range of
# signs and the most of them in a word.
_ALPHABETS: dict[str, tuple[float, str | tuple[int, int, int]]] = {
    "en": (0.50, "aeiou"),
    "ja": (0.16, (0x3041, 0x3090, 3)),
    "es": (0.08, "aeiouáéíó"),
    "pt": (0.06, "aeiouãáê"),
    "de": (0.05, "aeiouäöü"),
    "fr": (0.04, "aeiouéèà"),
    "zh": (0.03, (0x4E00, 0x5600, 2)),
    "ko": (0.03, (0xAC00, 0xB200, 4)),
    "tr": (0.02, "aeiouıöü"),
    "ru": (0.02, (0x0430, 0x044F, 8)),
    "ar": (0.01, (0x0621, 0x064A, 6)),
}
# Written without spaces.
_DENSE = {"ja", "zh"}


@dataclass(frozen=True, slots=True)
class CorpusPost:
    """One post. `text` is what its author wrote; `words` are its words without tags and links."""

    post_id: int
    author_id: int
    language: str
    text: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    # An address within the text; empty for none.
    url: str
    mentioned_id: int
    reply_to_author_id: int
    # Numbered as in the contract.
    visibility: int
    has_picture: bool
    likes: int


@dataclass(frozen=True, slots=True)
class CorpusQuery:
    """A query as a user types it, and what engines evaluate. The handle of user 42 is u42."""

    text: str
    expression: Expression


class Corpus:
    """A vocabulary for each language, and posts made of it."""

    def __init__(self, *, seed: int = 7) -> None:
        self._dice = random.Random(seed)
        self._words = {
            language: _vocabulary(self._dice, _WORDS, letters)
            for language, (_, letters) in _ALPHABETS.items()
        }
        self._tags = _vocabulary(self._dice, _TAGS, "aeiou")
        self._by_rank = _zipf(_WORDS, 1.05)
        self._tags_by_rank = _zipf(_TAGS, 1.1)
        self._authors_by_rank = _zipf(USERS, 0.9)

    def posts(self, count: int, *, end: int) -> Iterator[CorpusPost]:
        """Posts in ascending order of id; the last one is written at `end`, in milliseconds since
        the epoch of ids."""
        dice = self._dice
        languages = list(_ALPHABETS)
        shares = [share for share, _ in _ALPHABETS.values()]
        for number in range(count):
            language = dice.choices(languages, shares)[0]
            author = dice.choices(range(1, USERS + 1), cum_weights=self._authors_by_rank)[0]
            yield self._post(end - (count - 1 - number) * _INTERVAL, author, language)

    def _post(self, milliseconds: int, author_id: int, language: str) -> CorpusPost:
        dice = self._dice
        length = max(1, min(70, int(dice.lognormvariate(2.45, 0.6))))
        words = dice.choices(self._words[language], cum_weights=self._by_rank, k=length)
        text = ("" if language in _DENSE else " ").join(words)
        tags: list[str] = []
        if dice.random() < 0.2:
            tags = dice.choices(
                self._tags, cum_weights=self._tags_by_rank, k=dice.choice([1, 1, 2, 3])
            )
            text += "".join(f" #{tag}" for tag in tags)
        url = ""
        if dice.random() < 0.15:
            url = f"https://site{dice.randrange(_HOSTS)}.example/{dice.randrange(10**6)}"
            text += f" {url}"
        if dice.random() < 0.12:
            text += f" {dice.choice(_EMOJI)}"
        mentioned = self._user() if dice.random() < 0.2 else 0
        return CorpusPost(
            post_id=milliseconds << 22 | (author_id & 511) << 13 | dice.randrange(128),
            author_id=author_id,
            language=language,
            text=text,
            words=tuple(words),
            tags=tuple(tags),
            url=url,
            mentioned_id=mentioned,
            reply_to_author_id=self._user() if dice.random() < 0.3 else 0,
            visibility=dice.choices([1, 2, 3], [90, 8, 2])[0],
            has_picture=dice.random() < 0.25,
            # A Pareto law: one post in 100 has more than 700 likes.
            likes=min(200_000, int(dice.paretovariate(0.7)) - 1),
        )

    def _user(self) -> int:
        return self._dice.choices(range(1, USERS + 1), cum_weights=self._authors_by_rank)[0]

    def query(self, kind: str) -> CorpusQuery:
        """A random query of one of KINDS."""
        return KINDS[kind](self)

    def word(self, first: int, last: int) -> str:
        """An English word of a rank in this range; rank 0 is the most frequent."""
        return self._words["en"][self._dice.randint(first, last)]

    def tag(self) -> str:
        """One of the 500 most frequent tags."""
        return self._tags[self._dice.randrange(500)]

    def author_id(self) -> int:
        """An author, by how much they write."""
        return self._user()

    def authors(self, count: int) -> frozenset[int]:
        """Some of the users."""
        return frozenset(self._dice.sample(range(1, USERS + 1), count))


# Ranks of words: in one of 3 to 50 posts, in one of 250 to 3,000, in one of 20,000 or fewer.
_FREQUENT, _USUAL, _RARE = (0, 30), (150, 1_500), (10_000, _WORDS - 1)


def _words(corpus: Corpus, *ranks: tuple[int, int]) -> CorpusQuery:
    words = [corpus.word(*each) for each in ranks]
    parts = tuple(map(Word, words))
    return CorpusQuery(" ".join(words), parts[0] if len(parts) == 1 else All(parts))


def _phrase(corpus: Corpus) -> CorpusQuery:
    words = (corpus.word(*_FREQUENT), corpus.word(*_FREQUENT))
    return CorpusQuery(f'"{" ".join(words)}"', Phrase(words))


def _hashtag(corpus: Corpus) -> CorpusQuery:
    tag = corpus.tag()
    return CorpusQuery(f"#{tag}", Term(f"#{tag}"))


def _group(corpus: Corpus) -> CorpusQuery:
    one, other, excluded = corpus.word(*_USUAL), corpus.word(*_USUAL), corpus.word(*_FREQUENT)
    expression = All((Either((Word(one), Word(other))), Not(Word(excluded)), Term("lang:en")))
    return CorpusQuery(f"({one} OR {other}) -{excluded} lang:en", expression)


def _popular(corpus: Corpus) -> CorpusQuery:
    word = corpus.word(*_FREQUENT)
    expression = All((Word(word), Term("has:media"), AtLeast("likes", 100)))
    return CorpusQuery(f"{word} has:media min_likes:100", expression)


def _author(corpus: Corpus) -> CorpusQuery:
    word, author_id = corpus.word(*_FREQUENT), corpus.author_id()
    expression = All((Word(word), Term(f"from:{author_id}")))
    return CorpusQuery(f"{word} from:u{author_id}", expression)


def _following(corpus: Corpus) -> CorpusQuery:
    word = corpus.word(*_FREQUENT)
    expression = All((Word(word), ByAuthors(corpus.authors(300))))
    return CorpusQuery(f"{word} in:following", expression)


KINDS: Mapping[str, Callable[[Corpus], CorpusQuery]] = {
    "frequent word": lambda corpus: _words(corpus, _FREQUENT),
    "usual word": lambda corpus: _words(corpus, _USUAL),
    "rare word": lambda corpus: _words(corpus, _RARE),
    "two words": lambda corpus: _words(corpus, _FREQUENT, _USUAL),
    "phrase": _phrase,
    "hashtag": _hashtag,
    "group": _group,
    "popular": _popular,
    "author": _author,
    "following": _following,
}


def _vocabulary(
    dice: random.Random, count: int, letters: str | tuple[int, int, int]
) -> Sequence[str]:
    """Different words, the most frequent first: short ones are not more frequent."""
    words: dict[str, None] = {}
    while len(words) < count:
        if isinstance(letters, str):
            syllables = dice.choice([1, 2, 2, 2, 3, 3, 4])
            word = "".join(
                dice.choice(_CONSONANTS) + dice.choice(letters) + dice.choice(_CODAS)
                for _ in range(syllables)
            )
        else:
            first, last, most = letters
            length = dice.randint(2, max(2, most))
            word = "".join(chr(dice.randint(first, last)) for _ in range(length))
        words[word] = None
    return list(words)


def _zipf(count: int, exponent: float) -> list[float]:
    """The cumulative weights of ranks."""
    return list(accumulate(1 / rank**exponent for rank in range(1, count + 1)))

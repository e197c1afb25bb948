"""The order TOP: a score for each found post, best first. docs/search.md explains the score.

    score = fit · (1 + proximity + topic + focus + popularity + freshness + followed)

`fit` says how well the words match, 0 to 1. The others are bonuses. Their weights sum to less than
the advantage of an exact word over a stem: no number of likes puts a post with another form of a
word before one with the word itself.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from services.chassis.runtime.ids import EPOCH, first_id_at, milliseconds_at, time_of
from services.search.domain.analysis.model import Mark, decode_marks
from services.search.domain.posts.model import Counts, Found, Viewer
from services.search.domain.query.model import All, Either, Expression, Phrase, Term, Word

# The newest matches that are scored. The older a post, the less its place is worth the cost of
# reading it.
MAX_CANDIDATES = 300

# How well one word or phrase fits. The word as the query has it is the measure.
EXACT = 1.0
# `neil` for O'Neil, or one sign of a word in a script without spaces: a part of what is written.
OTHER_FORM = 0.8
# `nominate` for `nominative`: often another word.
STEM = 0.4
# The factor for a word in an alt text. The text of a post is what its author says.
IN_ALT_TEXT = 0.8

# The bonuses. Their sum is less than EXACT / STEM - 1.
# The words stand side by side and in order: the query means one thing, and so does the post.
PROXIMITY = 0.40
# The author made a hashtag of the word: it is what the post is about.
TOPIC = 0.10
# The query is a large part of the text: the post says little else.
FOCUS = 0.15
# Likes, reposts, replies and quotes that everyone may see.
POPULARITY = 0.40
# Most searches are about what happens now.
FRESHNESS = 0.25
# The viewer chose this author.
FOLLOWED = 0.15

# The factor for words in another order than that of the query: they often mean another thing.
OTHER_ORDER = 0.6
# A repost or a quote shows the post to others, and a reply takes more effort than a like.
LIKE, REPLY, QUOTE, REPOST = 1.0, 1.5, 2.0, 2.0
# The weighed engagement from which more makes no difference.
MOST_ENGAGEMENT = 10_000
# After this time a post has half of the bonus for freshness.
HALF_LIFE = timedelta(days=7)

# Scores are whole numbers, so that they are equal on every machine and fit into a page token.
_UNITS = 1_000_000
# By the sign of a term that stands for a word.
_FIT_OF_FORM: Mapping[str, float] = {"=": OTHER_FORM, "~": STEM}
_FORM_SIGNS = ("=", "~", "url:", "host:")
_TAG = "#"


class Ranked(NamedTuple):
    """A found post with its score in millionths."""

    post: Found
    score: int


class TopPosition(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of the order TOP ends, for its page token.

    All pages are scored for the time of the first one. Counts that change between two pages may
    move a post across the border.
    """

    as_of_milliseconds: int
    score: int
    post_id: int

    @property
    def as_of(self) -> datetime:
        """The time for which posts are scored."""
        return _moment(self.as_of_milliseconds)

    def precedes(self, ranked: Ranked) -> bool:
        """Whether the post belongs to a later page."""
        return (ranked.score, ranked.post.post_id) < (self.score, self.post_id)


def position_after(ranked: Ranked, as_of: datetime) -> TopPosition:
    """Where a page ends whose last post is this one."""
    return TopPosition(milliseconds_at(as_of), ranked.score, ranked.post.post_id)


def candidates_below(as_of: datetime) -> int:
    """The bound for the ids of candidates. Later posts are on no page of the search."""
    return first_id_at(as_of + timedelta(milliseconds=1))


def rank(
    found: Iterable[Found], expression: Expression, viewer: Viewer, as_of: datetime
) -> list[Ranked]:
    """The posts with their scores, best first; the newer first among equals."""
    wanted = _Wanted(expression)
    # As in page tokens, so that all pages have the same scores.
    moment = _moment(milliseconds_at(as_of))
    ranked = [Ranked(post, _score(post, wanted, viewer, moment)) for post in found]
    return sorted(ranked, key=lambda each: (-each.score, -each.post.post_id))


def _moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


class _Wanted:
    """The words and phrases of a query outside its negations, numbered from left to right."""

    def __init__(self, expression: Expression) -> None:
        # By first word: the phrases that begin with it.
        self.phrases: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        # By term: the words and phrases for which it stands.
        self.terms: dict[str, list[int]] = {}
        # By number: how many words it has.
        self.sizes: list[int] = []
        self._read(expression)

    def _read(self, expression: Expression) -> None:
        match expression:
            case Word() | Phrase():
                self._add((expression,))
            case Term(value) if value.startswith(_FORM_SIGNS):
                self._add((expression,))
            case Either(parts) if _are_forms(parts):
                self._add(parts)
            case All(parts) | Either(parts):
                for part in parts:
                    self._read(part)
            case _:
                # A negation is in no found text, and other properties have no place in it.
                pass

    def _add(self, forms: Iterable[Expression]) -> None:
        number, size = len(self.sizes), 1
        for form in forms:
            match form:
                case Term(value):
                    self.terms.setdefault(value, []).append(number)
                case Word(word):
                    self.phrases.setdefault(word, []).append((number, (word,)))
                case Phrase(words):
                    self.phrases.setdefault(words[0], []).append((number, words))
                    size = len(words)
        self.sizes.append(size)


def _are_forms(parts: Sequence[Expression]) -> bool:
    """Whether alternatives are the forms of one word, not words around OR."""
    return isinstance(parts[0], Word | Phrase | Term) and all(
        isinstance(part, Term) and part.value.startswith(_FORM_SIGNS) for part in parts[1:]
    )


class _Place(NamedTuple):
    """Where a word or phrase of the query stands, from its first to its last position."""

    number: int
    first: int
    last: int
    fit: float
    medium_id: int
    in_tag: bool


def _score(post: Found, wanted: _Wanted, viewer: Viewer, as_of: datetime) -> int:
    fit, bonus = 1.0, 0.0
    if wanted.sizes:
        marks = decode_marks(post.marks)
        places = list(_places(wanted, marks))
        fit = _fit(places, len(wanted.sizes))
        bonus += PROXIMITY * _proximity(places, wanted.sizes)
        bonus += TOPIC * len({each.number for each in places if each.in_tag}) / len(wanted.sizes)
        bonus += FOCUS * _focus(places, marks)
    bonus += POPULARITY * _popularity(post.counts)
    bonus += FRESHNESS * _freshness(post.post_id, as_of)
    bonus += FOLLOWED * (post.author_id in viewer.following)
    return round(fit * (1 + bonus) * _UNITS)


def _places(wanted: _Wanted, marks: Sequence[Mark]) -> Iterator[_Place]:
    """The places of the words and phrases, by ascending first position."""
    for position, mark in enumerate(marks):
        phrases = wanted.phrases.get(mark.word, ())
        if not phrases and wanted.terms.keys().isdisjoint(mark.forms):
            continue
        factor = IN_ALT_TEXT if mark.medium_id else 1.0
        exact = set()
        for number, words in phrases:
            last = position + len(words) - 1
            if words == tuple(each.word for each in marks[position : last + 1]):
                exact.add(number)
                fit = factor * EXACT
                yield _Place(number, position, last, fit, mark.medium_id, _in_tag(mark))
        for form in mark.forms:
            for number in wanted.terms.get(form, ()):
                if number not in exact:
                    fit = factor * _FIT_OF_FORM.get(form[0], EXACT)
                    yield _Place(number, position, position, fit, mark.medium_id, _in_tag(mark))


def _in_tag(mark: Mark) -> bool:
    return any(form.startswith(_TAG) for form in mark.forms)


def _fit(places: Iterable[_Place], wanted: int) -> float:
    """The share of the words that are found, times the fit of the word that fits worst."""
    best: dict[int, float] = {}
    for each in places:
        best[each.number] = max(best.get(each.number, 0.0), each.fit)
    return len(best) / wanted * min(best.values(), default=0.0)


def _proximity(places: Iterable[_Place], sizes: Sequence[int]) -> float:
    """How close the words of the query are, 0 to 1: their number, by the length of the shortest
    passage with all of them that the post has."""
    numbers = {each.number for each in places}
    if len(numbers) < 2:
        return 0.0
    words = sum(sizes[number] for number in numbers)
    latest: dict[int, _Place] = {}
    closest = 0.0
    for each in places:
        latest[each.number] = each
        passage = [latest[number] for number in sorted(latest)]
        if len(passage) < len(numbers) or len({place.medium_id for place in passage}) > 1:
            continue
        firsts = [place.first for place in passage]
        length = max(place.last for place in passage) - min(firsts) + 1
        order = 1.0 if firsts == sorted(firsts) else OTHER_ORDER
        closest = max(closest, order * min(words / length, 1.0))
    return closest


def _focus(places: Iterable[_Place], marks: Sequence[Mark]) -> float:
    """The share of the words of the text that the query has, 0 to 1."""
    matched = {
        position
        for each in places
        if not each.medium_id
        for position in range(each.first, each.last + 1)
    }
    words = sum(1 for mark in marks if mark.word and not mark.medium_id)
    return min(len(matched) / words, 1.0) if words else 0.0


def _popularity(counts: Counts) -> float:
    """The engagement of a post, 0 to 1. By its logarithm: the tenth like says more than the
    thousandth."""
    engagement = (
        LIKE * counts.likes
        + REPLY * counts.replies
        + QUOTE * counts.quotes
        + REPOST * counts.reposts
    )
    return min(math.log1p(engagement) / math.log1p(MOST_ENGAGEMENT), 1.0)


def _freshness(post_id: int, as_of: datetime) -> float:
    """1 for a post of this moment, halved by each HALF_LIFE."""
    age = max(as_of - time_of(post_id), timedelta(0))
    return float(0.5 ** (age / HALF_LIFE))

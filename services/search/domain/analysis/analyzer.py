"""The analyzer: makes marks of a text, and forms of a word of a query, by the same rules."""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import islice

from services.chassis.text import hashtags
from services.chassis.text.entities import MAX_ENTITIES
from services.search.domain.analysis.addresses import (
    BARE_ADDRESS,
    address_at_start,
    address_term,
    address_terms,
    host_of,
    without_scheme,
)
from services.search.domain.analysis.model import (
    MAX_POSITIONS,
    MAX_POSITIONS_OF_A_WORD,
    Analysis,
    Entity,
    Forms,
    Hashtag,
    Link,
    Mark,
)
from services.search.domain.analysis.normalization import NormalizedText
from services.search.domain.analysis.stemming import stems
from services.search.domain.analysis.tokens import Token, tokens

# The version of the rules. A change of what a text is found by raises it, and needs a reindex.
VERSION = 1

_REMEMBERED_WORDS = 16_384


def analyze(
    text: str,
    entities: Sequence[Entity],
    language: str,
    alt_texts: Sequence[tuple[int, str]] = (),
) -> Analysis:
    """The marks of a post: those of its text, then those of its alt texts, which come with the ids
    of their media. A gap separates the texts.

    `language` is that of the post, and decides the stems. `entities` are those of the text, by
    ascending start. The time is linear in the texts.
    """
    marks = _Marks(language)
    _add_text(marks, text, entities)
    for medium_id, alt_text in alt_texts:
        marks.add("", 0, 0, medium_id)
        normalized = NormalizedText(alt_text)
        for token in tokens(normalized.text):
            if marks.full:
                break
            marks.add_token(token, *normalized.span(token.start, token.end), medium_id=medium_id)
    return Analysis(tuple(marks.marks))


def query_forms(text: str, languages: Collection[str]) -> Forms:
    """What finds a word, the content of a phrase, or an address of a query. `languages` are those
    whose stems count. No words are left of a text of punctuation alone."""
    address = address_term(text)
    found = list(tokens(NormalizedText(without_scheme(text) if address else text).text))
    others = [address] if address else []
    if found and found[-1].last_of_run:
        # The run may go on in the text that is searched for.
        found.pop()
    elif len(found) == 1:
        word, spelling = found[0].word, found[0].spelling
        others.append(f"={word}")
        if spelling:
            others += (f"~{stem}" for stem in stems(spelling, sorted(languages)))
    return Forms(tuple(token.word for token in found), tuple(dict.fromkeys(others)))


class _Marks:
    """The marks of a post so far, within the limits of the index."""

    def __init__(self, language: str) -> None:
        self.marks: list[Mark] = []
        self._languages = (language,)
        self._positions: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether there is no position left."""
        return len(self.marks) >= MAX_POSITIONS

    def add_token(
        self,
        token: Token,
        start: int,
        end: int,
        *,
        medium_id: int = 0,
        forms: tuple[str, ...] = (),
    ) -> None:
        """Adds a token at its place in the original text, with these forms beside its own."""
        own = _forms(token.spelling, token.others, self._languages)
        self.add(token.word, start, end, medium_id, own + forms if forms else own)

    def add(
        self, word: str, start: int, end: int, medium_id: int = 0, forms: tuple[str, ...] = ()
    ) -> None:
        """Adds a mark. Of a word that has too many positions, the further ones are gaps; what is
        beyond the last position is left out."""
        if self.full:
            return
        if word:
            self._positions[word] += 1
            if self._positions[word] > MAX_POSITIONS_OF_A_WORD:
                word = ""
        self.marks.append(Mark(word, start, end, medium_id, forms))


class _Signed:
    """The hashtags and mentions of a text: what their marks have besides the words."""

    def __init__(self, entities: Sequence[Entity], marks: _Marks) -> None:
        self._left = [each for each in reversed(entities) if not isinstance(each, Link)]
        self._marks = marks
        self._begun = False

    def around(self, start: int) -> tuple[int | None, tuple[str, ...]]:
        """The start of the entity whose first word begins here, with its sign, and the terms of the
        entity."""
        self.leave(start)
        if not self._left or self._left[-1].start > start:
            return None, ()
        entity = self._left[-1]
        first = None if self._begun else entity.start
        self._begun = True
        return first, _terms(entity)

    def leave(self, place: int) -> None:
        """Leaves the entities that end before the place. One without a word gets a gap."""
        while self._left and self._left[-1].end <= place:
            entity = self._left.pop()
            if not self._begun and (terms := _terms(entity)):
                self._marks.add("", entity.start, entity.end, forms=terms)
            self._begun = False


def _add_text(marks: _Marks, text: str, entities: Sequence[Entity]) -> None:
    signed = _Signed(entities, marks)
    place = 0
    for link in (each for each in entities if isinstance(each, Link)):
        _add_prose(marks, signed, text, place, link.start)
        signed.leave(link.start)
        marks.add("", link.start, link.end, forms=_link_forms(link))
        place = link.end
    _add_prose(marks, signed, text, place, len(text))
    signed.leave(len(text))


def _add_prose(marks: _Marks, signed: _Signed, text: str, start: int, end: int) -> None:
    """Adds the text between two links."""
    source = NormalizedText(text[start:end], start)
    addresses = _bare_addresses(source.text)
    for token in tokens(source.text):
        begin, finish = source.span(token.start, token.end)
        first, forms = signed.around(begin)
        if addresses:
            forms += addresses.get(token.start, ())
        marks.add_token(token, begin if first is None else first, finish, forms=forms)


def _bare_addresses(text: str) -> dict[int, tuple[str, ...]]:
    """The terms of addresses without a scheme, by their start. As many as a post has entities."""
    if "." not in text:
        return {}
    return {
        match.start(): address_terms(address)
        for match in islice(BARE_ADDRESS.finditer(text), MAX_ENTITIES)
        if (address := address_at_start(match[0]))
    }


def _terms(entity: Entity) -> tuple[str, ...]:
    # A post that was written under earlier rules has an earlier form.
    return (f"#{hashtags.fold(entity.tag)}",) if isinstance(entity, Hashtag) else ()


def _link_forms(link: Link) -> tuple[str, ...]:
    """The terms of the address, and the words of its host but the last label."""
    host = host_of(link.url).rpartition(".")[0]
    words = dict.fromkeys(token.word for token in tokens(NormalizedText(host).text))
    return address_terms(link.url) + tuple(f"={word}" for word in words)


@lru_cache(_REMEMBERED_WORDS)
def _forms(spelling: str, others: tuple[str, ...], languages: tuple[str, ...]) -> tuple[str, ...]:
    """The terms of a word: its other written forms, and its stem and those of its parts."""
    stemmed = [spelling, *others] if spelling else []
    return tuple(
        dict.fromkeys(
            [f"={other}" for other in others]
            + [f"~{stem}" for each in stemmed for stem in stems(each, languages)]
        )
    )

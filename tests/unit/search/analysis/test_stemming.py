"""Stems, by language."""

import pytest

from services.search.domain.analysis.stemming import STEMMED_LANGUAGES, stems

# Two forms of one word, and another word.
FORMS = {
    "ar": ("المدرسة", "مدرسة", "كتاب"),
    "ca": ("informació", "informacions", "casa"),
    "cs": ("žena", "ženou", "město"),
    "da": ("båden", "både", "hus"),
    "de": ("Häuser", "Hauses", "Boot"),
    "en": ("running", "runs", "boat"),
    "es": ("información", "informaciones", "barco"),
    "et": ("raamat", "raamatud", "laev"),
    "fa": ("کتاب", "کتابها", "کشتی"),
    "fi": ("talossa", "talot", "laiva"),
    "fr": ("mangée", "mangé", "bateau"),
    "hi": ("किताब", "किताबें", "नाव"),
    "hu": ("könyvek", "könyvben", "hajó"),
    "id": ("buku", "bukunya", "kapal"),
    "it": ("traghetti", "traghetto", "mare"),
    "lt": ("knygos", "knygų", "laivas"),
    "nb": ("båten", "båter", "hus"),
    "nl": ("huizen", "huis", "boot"),
    "nn": ("båten", "båtar", "hus"),
    "no": ("båten", "båter", "hus"),
    "pl": ("kobiety", "kobietą", "dom"),
    "pt": ("barcos", "barco", "mar"),
    "ro": ("cartea", "carte", "barca"),
    "ru": ("корабли", "кораблей", "море"),
    "sv": ("flickorna", "flicka", "båt"),
    "ta": ("புத்தகங்கள்", "புத்தகம்", "கப்பல்"),
}


def test_every_stemmed_language_has_an_example() -> None:
    assert FORMS.keys() == STEMMED_LANGUAGES


@pytest.mark.parametrize("language", sorted(FORMS))
def test_forms_of_a_word_share_a_stem(language: str) -> None:
    one, other, different = (list(stems(word, [language])) for word in FORMS[language])

    assert len(one) == 1
    assert one == other
    assert one != different


def test_a_stem_belongs_to_its_language() -> None:
    assert list(stems("news", ["en", "fr"])) == ["en:news", "fr:new"]


@pytest.mark.parametrize("language", ["nb", "nn"])
def test_the_written_norms_of_norwegian_share_their_stems(language: str) -> None:
    assert list(stems("båten", [language])) == list(stems("båten", ["no"])) == ["no:bat"]


@pytest.mark.parametrize("language", ["tr", "el", "ja", "und", ""])
def test_a_language_without_a_stemmer_has_no_stems(language: str) -> None:
    assert list(stems("kalemler", [language])) == []


def test_a_word_of_another_script_has_no_stem() -> None:
    assert list(stems("boats", ["ru", "ar"])) == []
    assert list(stems("корабли", ["en"])) == []
    assert list(stems("2026", ["en"])) == []


@pytest.mark.parametrize("word", ["doctor's", "doctor’s", "doctors"])
def test_an_ending_after_an_apostrophe_is_no_part_of_the_stem(word: str) -> None:
    assert list(stems(word, ["en"])) == ["en:doctor"]

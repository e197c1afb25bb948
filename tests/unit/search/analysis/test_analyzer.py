"""What a text is found by. `found` does what engines do with the results of the analyzer."""

import unicodedata
from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.text import entities
from services.search.domain.analysis import (
    Analysis,
    Entity,
    Hashtag,
    Link,
    Mention,
    analyze,
    decode_marks,
    encode_marks,
    query_forms,
)
from services.search.domain.analysis.folding import MAX_SPELLING, MAX_WORD
from services.search.domain.analysis.model import MAX_POSITIONS, MAX_POSITIONS_OF_A_WORD
from services.search.domain.analysis.tokens import tokens


def entities_of(text: str) -> list[Entity]:
    made: list[Entity] = []
    for each in entities.find(text):
        match each:
            case entities.FoundHandle(start, end):
                made.append(Mention(start, end))
            case entities.FoundTag(start, end, tag):
                made.append(Hashtag(start, end, tag))
            case entities.FoundLink(start, end, url):
                made.append(Link(start, end, url))
    return made


def analysis_of(text: str, language: str = "und") -> Analysis:
    return analyze(text, entities_of(text), language)


def holds(analysis: Analysis, phrase: tuple[str, ...]) -> bool:
    words = analysis.words
    return any(words[place : place + len(phrase)] == phrase for place in range(len(words)))


def found(
    query: str,
    text: str,
    language: str = "und",
    *,
    exact: bool = False,
    stemmed: Collection[str] = (),
) -> bool:
    analysis = analysis_of(text, language)
    forms = query_forms(query, stemmed)
    others = {form for form in forms.others if not (exact and form.startswith("~"))}
    assert forms.words
    return holds(analysis, forms.words) or not others.isdisjoint(analysis.terms)


# Spellings of one word or phrase: each finds each.
SAME = [
    ["Zähler", "Zahler", "ZÄHLER", "Za\u0308hler", "zahler"],
    ["Straße", "STRASSE", "strasse", "STRAẞE"],
    ["İstanbul", "istanbul", "ISTANBUL", "ıstanbul", "I\u0307STANBUL"],
    ["O'Neil", "O’Neil", "oneil", "O‘NEIL", "Oʼneil", "O＇Neil", "O´Neil", "O`Neil"],
    ["doctor's", "doctor’s", "Doctors"],
    ["rock'n'roll", "rock’n’roll"],
    ["col·lecció", "coŀlecció", "COL·LECCIO"],
    ["Łódź", "Lodz", "LODZ"],
    ["Ærøskøbing", "aeroskobing"],
    ["ＳＹＮＴＨ", "synth", "Ｓｙｎｔｈ"],
    ["ﾃｽﾄ", "テスト"],
    ["ｶﾞｷﾞ", "ガギ"],
    ["ﬁn", "fin", "FIN"],
    ["２０２６", "2026", "٢٠٢٦", "२०२६", "๒๐๒๖"],
    ["ΣΊΣΥΦΟΣ", "σίσυφος", "σισυφοσ"],
    ["ёлка", "елка", "ЁЛКА"],
    ["за́мок", "замок"],
    ["العَرَبِيَّة", "العربية", "العـــربية", "العربیه"],
    ["أحمد", "احمد", "إحمد"],
    ["کتاب", "كتاب"],
    ["می\u200cخواهم", "میخواهم"],
    ["שָׁלוֹם", "שלום"],
    ["צה״ל", 'צה"ל', "צהל"],
    ["クラス", "ｸﾗｽ"],
    ["ca\u00adt", "cat", "ca\u200bt"],
    ["U.S.A.", "USA", "usa"],
    ["❤️", "❤"],
    ["Tiếng Việt", "tieng viet"],
    [
        "theverge.com/x",
        "https://www.theverge.com/x",
        "HTTP://TheVerge.com:80/x/",
        "www.theverge.com/x#top",
    ],
    ["https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4", "BÜCHER.example/a\u0308"],
]


@pytest.mark.parametrize("spellings", SAME, ids=[each[0] for each in SAME])
def test_spellings_find_each_other(spellings: list[str]) -> None:
    for text in spellings:
        for query in spellings:
            assert found(query, f"and {text} again"), (query, text)
            assert found(query, text), (query, text)


# A query, a text, and whether the one finds the other.
CASES = [
    # Parts of words.
    ("neil", "O’Neil was here", True),
    ("doctor", "the doctor's orders", True),
    ("homme", "L'homme qui rit", True),
    ("roll", "rock'n'roll", True),
    ("o'neil", "neil", False),
    # Words that are adjacent in the query are adjacent in the text.
    ("well-known", "a well known place", True),
    ("well-known", "known as well", False),
    ("3.14", "pi is 3.14", True),
    ("3.14", "14 and 3", False),
    # Scripts without spaces.
    ("熱力学", "統計熱力学入門", True),
    ("熱力学", "熱と力と学", False),
    ("熱力学", "熱力、力学", False),
    ("熱力学", "学力熱", False),
    ("力", "熱力学", True),
    ("熱", "熱力学", True),
    ("学", "熱力学", True),
    ("水", "熱力学", False),
    ("東京", "東京タワー", True),
    ("タワー", "東京タワー", True),
    ("iPhone買う", "iphone買うなら", True),
    ("서울", "서울에서 만나요", True),
    ("서울에", "서울 에서", False),
    ("ㅋㅋ", "진짜ㅋㅋㅋㅋ", True),
    ("ทะเล", "ไปเดินเล่นที่ทะเลกับเพื่อน", True),
    ("ทะเล", "เลทะ", False),
    ("เพื่อน", "ไปเดินเล่นที่ทะเลกับเพื่อน", True),
    ("ပင်လယ်", "ပင်လယ်ကမ်းခြေ", True),
    ("ភាសា", "ភាសាខ្មែរ", True),
    ("ທະເລ", "ໄປທະເລ", True),
    # Vowel signs and viramas are letters, not diacritics.
    ("हिन्दी", "हिन्दी में", True),
    ("हन्द", "हिन्दी में", False),
    ("край", "краи", False),
    # Emoji.
    ("👍", "great 👍🏽", True),
    ("👍🏽", "great 👍🏽", True),
    ("👍🏽", "great 👍", False),
    ("👩", "👩🏽‍🚀 in space", True),
    ("👩‍🚀", "👩🏽‍🚀 in space", True),
    ("🚀", "👩🏽‍🚀 in space", True),
    ("🇩🇪", "from 🇩🇪 with love", True),
    ("🇪🇩", "from 🇩🇪🇩🇪 with love", False),
    ("1️⃣", "1️⃣ first", True),
    # Languages with signs in their names.
    ("C++", "I write C++ and Rust", True),
    ("C++", "vitamin C is good", False),
    ("C", "I write C++ and Rust", True),
    ("C#", "C# or F#?", True),
    ("C#", "in C, not D", False),
    # Mentions and hashtags are words, without their signs.
    ("bob_smith", "thanks @Bob_Smith!", True),
    ("smith", "thanks @Bob_Smith!", True),
    ("synth", "my new #Synth", True),
    ("black lives", "#black_lives matter", True),
    ("日本", "#日本語", True),
    ("istanbul", "#İstanbul", True),
    # Addresses.
    ("theverge", "https://www.theverge.com/x", True),
    ("theverge.com", "https://www.theverge.com/x?y=z", True),
    ("theverge.com", "https://edition.theverge.com/x", True),
    ("theverge.com/x", "https://www.theverge.com/x?y=z", True),
    ("theverge.com/x?y=z", "https://www.theverge.com/x?y=z", True),
    ("theverge.com/x?y=z", "https://www.theverge.com/x?y=a", False),
    ("theverge.com/x", "https://www.theverge.com/x/y", False),
    ("theverge.com/x", "https://www.theverge.com/X", False),
    ("theverge.com/x", "https://verge.com/x", False),
    ("verge.com", "https://theverge.com/x", False),
    ("theverge.com:8080/x", "https://theverge.com/x", False),
    ("theverge.com/x", "read theverge.com/x, then answer", True),
    ("next", "this is the end.Next we go", True),
]


@pytest.mark.parametrize(("query", "text", "expected"), CASES)
def test_a_query_finds_what_it_means(query: str, text: str, expected: bool) -> None:
    assert found(query, text) is expected


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#istanbul #İstanbul #ISTANBUL #ıstanbul", {"#istanbul"}),
        ("＃ＳＹＮＴＨ and #synth", {"#synth"}),
        ("#ﾃｽﾄ", {"#テスト"}),
        ("#Zähler #Zahler", {"#zähler", "#zahler"}),
        ("#ทวิตล่ม", {"#ทวิตล่ม"}),
        ("#C++ is a language", set()),
    ],
)
def test_hashtags_are_terms_with_their_diacritics(text: str, tags: set[str]) -> None:
    assert {term for term in analysis_of(text).terms if term.startswith("#")} == tags


def test_a_hashtag_of_earlier_rules_has_the_present_form() -> None:
    analysis = analyze("#İstanbul", [Hashtag(0, 9, "i\u0307stanbul")], "und")

    assert analysis.terms == {"#istanbul"}


def test_a_hashtag_without_a_word_is_a_term() -> None:
    # No letter of it is left.
    analysis = analyze("x #ــ y", [Hashtag(2, 5, "ــ")], "und")

    assert analysis.words == ("x", "", "y")
    assert analysis.terms == {"#ــ"}


def test_the_first_word_of_a_mention_or_hashtag_begins_at_its_sign() -> None:
    text = "hi @bob_smith, see #日本語 and @@nobody"
    spans = [text[mark.start : mark.end] for mark in analysis_of(text).marks]

    assert spans == ["hi", "@bob", "smith", "see", "#日本", "本語", "語", "and", "nobody"]


def test_a_link_takes_one_position_without_a_word() -> None:
    analysis = analysis_of("read https://www.example.com/some/page now")

    assert analysis.words == ("read", "", "now")
    assert not found("some", "read https://www.example.com/some/page now")
    assert not holds(analysis, ("read", "now"))


def test_a_link_has_the_terms_of_its_host_and_page() -> None:
    assert analysis_of("https://news.bbc.co.uk/a?b=1").terms == {
        "host:news.bbc.co.uk",
        "host:bbc.co.uk",
        "host:co.uk",
        "url:news.bbc.co.uk/a",
        "url:news.bbc.co.uk/a?b=1",
        "=news",
        "=bbc",
        "=co",
    }


def test_stems_are_of_the_language_of_the_post() -> None:
    text = "she was running along the canal"

    assert found("runs", text, "en", stemmed=["en"])
    assert not found("runs", text, "en", stemmed=["en"], exact=True)
    assert not found("runs", text, "und", stemmed=["en"])
    assert not found("runs", text, "en", stemmed=["ru"])


def test_a_stem_is_no_word() -> None:
    """In quotation marks, only the words count, so that ranking prefers them as well."""
    text = "the nominative case"

    assert found("nominate", text, "en", stemmed=["en"])
    assert not found("nominate", text, "en", stemmed=["en"], exact=True)
    assert found("nominative", text, "en", stemmed=["en"], exact=True)


def test_a_sign_in_quotation_marks_is_found_inside_a_run() -> None:
    assert found("力", "熱力学", exact=True)


def test_no_phrase_leads_from_the_text_into_an_alt_text() -> None:
    analysis = analyze("the quick", (), "en", [(7, "brown fox"), (8, "jumps")])

    assert analysis.words == ("the", "quick", "", "brown", "fox", "", "jumps")
    assert [mark.medium_id for mark in analysis.marks] == [0, 0, 7, 7, 7, 8, 8]
    assert [(mark.start, mark.end) for mark in analysis.marks[3:5]] == [(0, 5), (6, 9)]


def test_further_positions_of_one_word_are_gaps() -> None:
    analysis = analysis_of("ha " * 300 + "funny")

    assert analysis.words.count("ha") == MAX_POSITIONS_OF_A_WORD
    assert analysis.words[MAX_POSITIONS_OF_A_WORD:] == ("",) * 50 + ("funny",)


def test_what_is_beyond_the_last_position_is_left_out() -> None:
    alt_text = " ".join(str(number) for number in range(6000))
    analysis = analyze("text", (), "und", [(medium, alt_text) for medium in range(1, 5)])

    assert len(analysis.marks) == MAX_POSITIONS < 16_383


def test_a_long_word_is_cut_in_texts_and_queries() -> None:
    long = "Ä" + "a" * 200

    assert len(analysis_of(long).words[0]) == MAX_WORD
    assert found(long, f"so {long}")
    assert found(long + "b", long)


@pytest.mark.parametrize("word", ["x" * 5000, "é" * 5000, "x\u0301" * 2500])
def test_what_is_remembered_of_a_long_word_is_short(word: str) -> None:
    (token,) = tokens(unicodedata.normalize("NFKC", word))

    assert len(token.word) == MAX_WORD
    assert len(token.spelling) == MAX_SPELLING


@pytest.mark.parametrize("text", ["", " ", "!!! … — ()", "\u0301", "#", "ـ", "\u200d\ufe0f"])
def test_a_text_without_words_has_no_marks(text: str) -> None:
    assert analysis_of(text).marks == ()
    assert query_forms(text, ["en"]).words == ()


def test_marks_survive_their_encoding() -> None:
    marks = analyze("O’Neil ❤️ #東京 https://a.example/b", (), "en", [(7, "ein Bild")]).marks

    assert decode_marks(encode_marks(marks)) == marks
    assert decode_marks(b"") == ()


# Words as hypothesis makes them: letters of all scripts, with marks, digits and joining signs.
LETTERS = st.characters(categories=["L", "Nd"])
SIGNS = st.characters(categories=["L", "M", "Nd", "Nl", "No"]) | st.sampled_from(
    "'’·\u00ad\u200d\u200c\ufe0fßİıéｶﾞㄱㅏ가각क्षน้ำ热熱ーﷺ①½👍🏽."
)
WORDS = st.builds(str.__add__, LETTERS, st.text(SIGNS, max_size=6))
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["und", "en", "fr", "ar", "ru", "hi"]))
def test_each_word_of_a_text_finds_it(text: str, language: str) -> None:
    analysis = analysis_of(text, language)
    for word in text.split(" "):
        forms = query_forms(word, [language])
        if forms.words:
            assert holds(analysis, forms.words) or analysis.terms.intersection(forms.others)


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["und", "en", "fr"]))
def test_the_spelling_in_unicode_makes_no_difference(text: str, language: str) -> None:
    first, *others = (
        [(mark.word, mark.forms) for mark in analyze(spelled, (), language).marks]
        for spelled in (text, *(unicodedata.normalize(form, text) for form in FORMS))
    )

    assert all(each == first for each in others)


FORMS = ("NFC", "NFD", "NFKC", "NFKD")


@settings(deadline=None)
@given(TEXTS | st.text(max_size=40))
def test_offsets_are_within_the_text_and_cover_the_word(text: str) -> None:
    for mark in analysis_of(text).marks:
        assert 0 <= mark.start < mark.end <= len(text)
        if mark.word:
            assert mark.word in analyze(text[mark.start : mark.end], (), "und").words


HOSTILE = [
    "a" + "\u0301" * 4999,
    "a" + "\u0323\u0301" * 2500,
    "a'" * 2500,
    "a." * 2500,
    "a.bc" * 1250,
    "aa.bb " * 800,
    "👩\u200d" * 2500,
    "🏴" + "\U000e0067" * 4999,
    "\ufe0f" * 5000,
    "\u200d" * 5000,
    "ｶﾞ" * 2500,
    "ᄀ" * 5000,
    "\u1100\u1161\u11a8" * 1600,
    "ท" + "\u0e48" * 4999,
    "क\u094d" * 2500,
    "x" * 5000,
    "1" * 5000,
    '"' * 5000,
    "++" * 2500,
    "ﷺ" * 5000,
    "https://" * 600,
    "x.example/" + "%" * 4000,
    "_" * 5000,
    "\u202e" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[each[:12].encode().hex() for each in HOSTILE])
def test_what_is_made_of_a_hostile_text_is_linear_in_it(text: str) -> None:
    marks = analysis_of(text, "en").marks
    normalized = unicodedata.normalize("NFKC", text[:100]) if text.isprintable() else text
    growth = max(1.0, len(normalized) / len(text[:100]))

    assert len(marks) <= len(text) * growth
    assert all(len(mark.word) <= MAX_WORD + 2 for mark in marks)
    assert all(len(mark.forms) <= 40 for mark in marks)
    assert all(len(form) <= 240 for mark in marks for form in mark.forms)

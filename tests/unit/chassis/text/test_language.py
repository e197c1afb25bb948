"""The language of a text."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.text import entities
from services.chassis.text.language import UNDETERMINED, detect

ROOT = Path(__file__).parents[4]

PROSE = [
    ("en", "the ferry leaves at six tomorrow morning"),
    ("de", "morgen früh fährt die Fähre um sechs"),
    ("fr", "le ferry part demain matin à six heures"),
    ("es", "el barco sale mañana por la mañana a las seis"),
    ("pt", "a balsa sai amanhã de manhã, não esqueça"),
    ("it", "il traghetto parte domani mattina alle sei"),
    ("nl", "de veerboot vertrekt morgenvroeg om zes uur"),
    ("sv", "färjan går klockan sex imorgon bitti, glöm inte"),
    ("fi", "lautta lähtee huomenna aamulla kuudelta"),
    ("pl", "prom odpływa jutro rano o szóstej"),
    ("cs", "přívoz vyplouvá zítra ráno v šest"),
    ("hu", "a komp holnap reggel hatkor indul"),
    ("tr", "feribot yarın sabah altıda kalkıyor"),
    ("vi", "chuyến phà khởi hành lúc sáu giờ sáng mai"),
    ("ru", "паром отходит завтра утром в шесть"),
    ("uk", "пором відпливає завтра вранці о шостій"),
    ("ar", "تغادر العبارة غدا في السادسة صباحا"),
    ("fa", "کشتی فردا صبح ساعت شش حرکت می‌کند"),
    ("hi", "यह नाव कल सुबह छह बजे जाएगी, देर मत करना"),
    ("bn", "ফেরি আগামীকাল সকাল ছয়টায় ছাড়বে"),
    ("zh", "渡轮明天早上六点出发"),
]
# A script settles these, however short.
SHORT = [
    ("ko", "네"),
    ("ko", "배 떠난다ㅋㅋ"),
    ("ja", "はい"),
    ("ja", "東京タワー"),
    ("ja", "ﾃｽﾄ"),
    ("th", "ค่ะ"),
    ("lo", "ແມ່ນ"),
    ("km", "បាទ"),
    ("my", "ဟုတ်"),
    ("el", "ναι"),
    ("he", "כן"),
    ("yi", "ייִדיש איז אַ שפּראַך"),
    ("hy", "այո"),
    ("ka", "კი"),
    ("ta", "ஆம்"),
    ("te", "అవును"),
    ("ml", "അതെ"),
    ("kn", "ಹೌದು"),
    ("gu", "હા"),
    ("pa", "ਹਾਂ"),
    ("si", "ඔව්"),
    ("am", "አዎ"),
]


@pytest.mark.parametrize(("language", "text"), PROSE, ids=[code for code, _ in PROSE])
def test_a_sentence_is_detected(language: str, text: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(("language", "text"), SHORT, ids=[text for _, text in SHORT])
def test_a_script_of_one_language_settles_the_shortest_text(language: str, text: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "12:30 – 14:00",
        "🚢⚓️ 👩‍👩‍👧",
        "https://example.com/une/page/en/français",
        "@bob #sommer",
        "…!?",
    ],
)
def test_a_text_without_prose_is_undetermined(text: str) -> None:
    assert detect(text) == UNDETERMINED


def test_a_guess_is_undetermined() -> None:
    assert detect("zzq") == UNDETERMINED


def test_what_is_no_prose_does_not_count() -> None:
    text = "@marianne die Fähre ist weg 🚢 #départdemain https://example.com/l/heure/du/bateau"

    assert detect(text) == "de"
    assert detect(text, [(found.start, found.end) for found in entities.find(text)]) == "de"


def test_the_spans_that_the_caller_names_do_not_count() -> None:
    quoted = "le ferry part demain matin à six heures"
    text = f"{quoted}: die Fähre fährt um sechs"

    assert detect(text, [(0, len(quoted))]) == "de"


def test_a_word_of_another_script_does_not_decide() -> None:
    assert detect("we visited the old market in 서울 before the ferry left") == "en"
    assert detect("今天の天氣真好啊我們一起去海邊散步吧") == "zh"


def test_capital_letters_change_nothing() -> None:
    assert detect("THE FERRY LEAVES AT SIX TOMORROW MORNING") == "en"
    assert detect("ПАРОМ ОТХОДИТ ЗАВТРА УТРОМ В ШЕСТЬ") == "ru"


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60))
def test_every_text_has_a_code_and_always_the_same(text: str) -> None:
    language = detect(text)

    assert 2 <= len(language) <= 3
    assert language.isascii()
    assert language.islower()
    assert detect(text) == language


def test_the_model_is_loaded_without_the_network_and_writes_nothing(tmp_path: Path) -> None:
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    script = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('a connection')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from services.chassis.text import language\n"
        "language.load()\n"
        "print(language.detect('the ferry leaves at six'))\n"
    )
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(scratch)}

    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout == "en\n"
    assert run.stderr == ""
    assert list(home.iterdir()) == []
    assert list(scratch.iterdir()) == []

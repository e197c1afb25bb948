"""The folded form of a word."""

import sys
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from services.search.domain.analysis.folding import fold


@settings(deadline=None, max_examples=500)
@given(st.text(st.characters(categories=["L", "M", "N"]), max_size=12))
def test_folding_twice_is_folding_once(text: str) -> None:
    folded = fold(unicodedata.normalize("NFKC", text))

    assert fold(folded) == folded


def test_every_letter_folds_to_what_folds_to_itself() -> None:
    letters = (chr(number) for number in range(sys.maxunicode + 1) if chr(number).isalnum())

    assert [
        hex(ord(letter))
        for letter in letters
        if fold(each := fold(unicodedata.normalize("NFKC", letter))) != each
    ] == []


def test_every_decimal_digit_folds_to_that_of_ascii() -> None:
    digits = [chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) == "Nd"]

    assert len(digits) > 600
    for digit in digits:
        assert fold(unicodedata.normalize("NFKC", digit)) == str(unicodedata.digit(digit))

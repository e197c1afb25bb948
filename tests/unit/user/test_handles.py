"""Handles: form, sameness, and what is kept for the house."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.user import handles
from services.user.errors import HandleInvalid, HandleReserved

SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
well_formed = st.text(SIGNS, min_size=1, max_size=15)


@given(well_formed)
def test_every_well_formed_handle_is_taken_unless_it_is_reserved(handle: str) -> None:
    try:
        key = handles.check_new(handle)
    except HandleReserved:
        assert handle.lower().replace("_", "") in handles.RESERVED
    else:
        assert key == handle.lower()


@given(st.text(max_size=20))
def test_whatever_is_not_ascii_letters_digits_and_underscores_is_refused(text: str) -> None:
    expected = re.fullmatch("[A-Za-z0-9_]{1,15}", text) is not None

    assert handles.is_handle(text) == expected
    if not expected:
        with pytest.raises(HandleInvalid):
            handles.check_new(text)


@given(well_formed)
def test_two_spellings_of_one_handle_have_one_key(handle: str) -> None:
    assert handles.key_of(handle.upper()) == handles.key_of(handle.lower())
    assert handles.key_of(handles.key_of(handle)) == handles.key_of(handle)


@given(st.sampled_from(sorted(handles.RESERVED)), st.data())
def test_a_reserved_name_stays_reserved_in_capitals_and_underscores(
    name: str, data: st.DataObject
) -> None:
    spelled = "".join(data.draw(st.sampled_from([sign, sign.upper()])) for sign in name)
    place = data.draw(st.integers(0, len(spelled)))
    disguised = spelled[:place] + "_" + spelled[place:]

    with pytest.raises(HandleReserved):
        handles.check_new(spelled)
    with pytest.raises(HandleReserved):
        handles.check_new(disguised[:15])


@pytest.mark.parametrize("handle", ["", "a" * 16, "al-ice", "al ice", "álice", "alice\n", "٣"])
def test_malformed_handles_are_refused(handle: str) -> None:
    with pytest.raises(HandleInvalid):
        handles.check_new(handle)


def test_every_reserved_name_could_be_a_handle() -> None:
    assert all(handles.is_handle(name) and name == name.lower() for name in handles.RESERVED)

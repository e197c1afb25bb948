"""Handles: form, equality, and which are reserved."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.user.domain import handles
from services.user.domain.errors import HandleInvalid, HandleReserved

SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
well_formed = st.text(SIGNS, min_size=1, max_size=15)


@given(well_formed)
def test_every_well_formed_handle_is_taken_unless_it_is_reserved(handle: str) -> None:
    if handles.is_reserved(handle):
        with pytest.raises(HandleReserved):
            handles.check_new(handle)
    else:
        assert handles.check_new(handle) == handle.lower()


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
    origin = data.draw(st.integers(0, len(spelled)))
    disguised = spelled[:origin] + "_" + spelled[origin:]

    with pytest.raises(HandleReserved):
        handles.check_new(spelled)
    if len(disguised) <= 15:
        with pytest.raises(HandleReserved):
            handles.check_new(disguised)


DIGITS = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4", "s": "5", "t": "7", "b": "8", "g": "9"}


@given(st.sampled_from(sorted(handles.RESERVED - {"v1", "v2"})), st.data())
def test_a_reserved_name_stays_reserved_with_digits_in_place_of_letters(
    name: str, data: st.DataObject
) -> None:
    swapped = "".join(
        data.draw(st.sampled_from([sign, DIGITS.get(sign, sign)])) for sign in name[:-1]
    )

    assert handles.is_reserved(swapped + name[-1])


@pytest.mark.parametrize(
    "handle",
    [
        *("adm1n", "supp0rt", "r00st", "roost_team", "Adm1n_", "5taff", "he1p", "0fficial"),
        *("officia1", "roo57", "suppor7", "admin1", "roost2026", "support_24", "admln", "adrnin"),
        *("roostteam", "team_roost", "official_roost", "roost_official", "roost_support"),
        *("theadmin", "real_roost", "help_desk", "adm1n_te4m", "r00st_he1p", "ma1l", "m0d", "_v1_"),
        *("mod_team", "m0d_help", "the_mods", "sys_adm1n", "all", "here"),
    ],
)
def test_what_looks_like_the_operator_is_reserved(handle: str) -> None:
    with pytest.raises(HandleReserved):
        handles.check_new(handle)


@pytest.mark.parametrize(
    "handle",
    [
        *(
            "alice",
            "bob",
            "b0b",
            "h4x0r",
            "rooster",
            "modern",
            "nomad",
            "modest",
            "roosting",
            "roost_fan",
            "user5",
            "user10",
        ),
        *(
            "post5",
            "term5",
            "account5",
            "session1",
            "bot5",
            "m3",
            "vi",
            "vl",
            "apl",
            "mall",
            "lnfo",
        ),
        *("helper", "helpful", "supporter", "supportive", "officer", "teamwork", "administer"),
        *("staffan", "staffordshire", "homer", "abbot", "modesto", "rootbeer", "root66", "themes"),
        *("officialadele", "bob_official", "mike_admin", "adele_team", "securitas", "supportbob"),
    ],
)
def test_ordinary_handles_are_free(handle: str) -> None:
    assert handles.check_new(handle) == handle


@pytest.mark.parametrize("handle", ["", "a" * 16, "al-ice", "al ice", "álice", "alice\n", "٣"])
def test_malformed_handles_are_refused(handle: str) -> None:
    with pytest.raises(HandleInvalid):
        handles.check_new(handle)


def test_every_reserved_name_could_be_a_handle() -> None:
    assert all(handles.is_handle(name) and name == name.lower() for name in handles.RESERVED)

"""What a host is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.text.hosts import is_host


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "EXAMPLE.Com",
        "example.com.",
        "my_blog.example.com",
        "r3---sn.example.com",
        "💩.la",
        "xn--ls8h.la",
        "♥️.example",
        "🇨🇭.example",
        "bücher.example",
        "straße.de",
        "例え.テスト",
        "ｅxample.com",
        "नमस्ते.example",
        "نامه‌ای.example",
        "שלום.example",
        "example.vermögensberater",
        "a" * 63 + ".com",
    ],
)
def test_hosts(name: str) -> None:
    assert is_host(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "localhost",
        "example.com..",
        "a..com",
        ".com",
        "-a.com",
        "a-.com",
        "google.com∕.evil.example",
        "goo\u200bgle.com",
        "goo\u00adgle.com",
        "goo\u200dgle.com",
        "goo\u2060gle.com",
        "\ufe0fgoogle\u034f.com",
        "ex ample.com",
        "ex%61mple.com",
        "exam'ple.com",
        "example。com",
        "10.0.0.1",
        "1.0x7f",
        "1.2",
        "[::1]",
        "example.c",
        "example.a_b",
        "a.💩💩",
        "👨‍👩‍👧.example",
        "xn--a.com",
        "xn--.com",
        "xn--bcher-kva8445foa.-x",
        "\u0301a.com",
        "\ufdfa.com",
        "\u2488a.com",
        "a" * 64 + ".com",
        "é" * 60 + ".com",
        "a." * 126 + "com",
        "١a.com",
    ],
    ids=ascii,
)
def test_no_hosts(name: str) -> None:
    assert not is_host(name)


@settings(deadline=None)
@given(st.text(max_size=20) | st.text("abé日ו١-_.💩xn\u200c\u200d\ufe0f", max_size=20))
def test_every_text_is_a_host_or_none(name: str) -> None:
    assert is_host(name) in {True, False}
    assert not is_host(name) or "\u200b" not in name

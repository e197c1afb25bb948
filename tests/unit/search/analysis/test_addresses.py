"""The terms of addresses."""

import pytest

from services.search.domain.analysis.addresses import address_term, address_terms

SPELLINGS = [
    "theverge.com/x",
    "https://theverge.com/x",
    "http://www.theverge.com/x",
    "HTTPS://WWW.TheVerge.COM/x",
    "https://theverge.com:443/x",
    "https://theverge.com./x",
    "https://theverge.com/x/",
    "https://theverge.com/x#comments",
    "https://theverge.com/%78",
]


@pytest.mark.parametrize("address", SPELLINGS)
def test_all_spellings_of_a_page_have_one_term(address: str) -> None:
    assert address_term(address) == "url:theverge.com/x"
    assert "url:theverge.com/x" in address_terms(address)


@pytest.mark.parametrize(
    ("address", "term"),
    [
        ("theverge.com", "host:theverge.com"),
        ("https://www.theverge.com/", "host:theverge.com"),
        ("https://theverge.com?a=b", "url:theverge.com?a=b"),
        ("theverge.com:8080", "url:theverge.com:8080"),
        ("bücher.example", "host:xn--bcher-kva.example"),
        ("пример.рф/путь", "url:xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C"),
        ("www.com", "host:www.com"),
    ],
)
def test_a_query_for_an_address_has_one_term(address: str, term: str) -> None:
    assert address_term(address) == term
    assert term in address_terms(address) or term.startswith("url:theverge.com:8080")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "word",
        "two words",
        "a.b",
        "10.0.0.1",
        "user@theverge.com",
        "https://",
        "theverge.com/x y",
        "https://user:pw@a.example",
    ],
)
def test_what_is_no_address_has_no_term(text: str) -> None:
    assert address_term(text) is None


def test_a_query_string_belongs_to_the_page_or_not() -> None:
    assert {
        each
        for each in address_terms("https://a.example/v?id=1&b=%C3%A4")
        if each.startswith("url:")
    } == {
        "url:a.example/v",
        "url:a.example/v?id=1&b=%C3%A4",
    }


def test_long_addresses_differ_by_a_digest() -> None:
    one, other = (address_term(f"a.example/{'x' * 300}{end}") for end in "ab")

    assert one is not None
    assert one != other
    assert len(one) < 240
    assert one == address_term(f"https://www.a.example/{'x' * 300}a/")


def test_a_host_with_many_labels_has_few_terms() -> None:
    terms = address_terms("https://" + "a." * 100 + "example/")

    assert len(terms) == 5
    assert all(term.startswith("host:") for term in terms)

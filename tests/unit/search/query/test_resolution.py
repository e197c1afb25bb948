"""What a query means for a viewer: users and bookmarks looked up, words analysed."""

from collections.abc import Collection, Mapping

import pytest

from services.chassis.runtime.errors import Unauthenticated
from services.search.domain.query.errors import QueryInvalid
from services.search.domain.query.model import (
    All,
    Among,
    ByAuthors,
    Either,
    Expression,
    Not,
    Phrase,
    Resolved,
    Term,
    Word,
)
from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve

ALICE, BOB, ME = 11, 12, 42


class KnownUsers:
    """Finds alice and bob, and counts the look-ups."""

    def __init__(self) -> None:
        self.asked: list[tuple[set[str], int]] = []

    async def ids_of(self, handles: Collection[str], *, viewer_id: int) -> Mapping[str, int]:
        self.asked.append((set(handles), viewer_id))
        known = {"alice": ALICE, "bob": BOB}
        return {handle: known[handle] for handle in handles if handle in known}


class MyBookmarks:
    """Bookmarks of one user, and the users who asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def post_ids(self, user_id: int) -> Collection[int]:
        self.asked.append(user_id)
        return [7, 8]


async def resolved(
    text: str,
    *,
    viewer_id: int = ME,
    users: KnownUsers | None = None,
    bookmarks: MyBookmarks | None = None,
) -> Resolved:
    return await resolve(
        parse(text),
        users=users or KnownUsers(),
        bookmarks=bookmarks or MyBookmarks(),
        viewer_id=viewer_id,
        following={BOB},
    )


async def expression(text: str) -> Expression:
    return (await resolved(text)).expression


def terms_of(found: Expression) -> set[str]:
    assert isinstance(found, Either)
    return {part.value for part in found.parts if isinstance(part, Term)}


async def test_a_word_is_found_in_its_form_its_other_forms_and_by_its_stem() -> None:
    found = await expression("Running")

    assert isinstance(found, Either)
    assert found.parts[0] == Word("running")
    assert "=running" in terms_of(found)
    assert "~en:run" in terms_of(found)


async def test_a_phrase_is_found_in_its_form_alone() -> None:
    assert await expression("“Running Shoes”") == Phrase(("running", "shoes"))
    assert not any(term.startswith("~") for term in terms_of(await expression('"running"')))


async def test_stems_are_those_of_the_language_that_the_query_names() -> None:
    stems = {each for each in terms_of((await parts_of("running lang:en"))[0]) if each[0] == "~"}

    assert stems == {"~en:run"}


async def test_signs_of_a_script_without_spaces_must_be_adjacent() -> None:
    assert await expression("熱力学") == Phrase(("熱力", "力学"))


async def test_an_address_is_found_in_every_spelling() -> None:
    pasted = terms_of(await expression("https://www.theverge.com/x"))
    bare = terms_of(await expression("theverge.com/x"))

    assert pasted == bare == {"url:theverge.com/x"}
    assert await expression("url:HTTP://theverge.com/x/") == Term("url:theverge.com/x")
    assert await expression("url:www.theverge.com") == Term("host:theverge.com")
    assert await expression("domain:TheVerge.com") == Term("host:theverge.com")


@pytest.mark.parametrize("text", ["url:nothing", "url:https://10.0.0.1/", "url:!"])
async def test_what_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(QueryInvalid) as caught:
        await resolved(text)
    assert caught.value.metadata["column"] == "5"


async def test_a_domain_is_a_host_alone() -> None:
    with pytest.raises(QueryInvalid) as caught:
        await resolved("domain:theverge.com/x")
    assert caught.value.metadata["column"] == "8"


async def parts_of(text: str) -> tuple[Expression, ...]:
    found = await expression(text)
    assert isinstance(found, All)
    return found.parts


async def test_every_part_is_kept() -> None:
    kept = await parts_of('"a" -"b" "c"')

    assert len(kept) == 3
    assert isinstance(kept[1], Not)


async def test_users_are_looked_up_once_by_lower_case_handle() -> None:
    users = KnownUsers()

    found = await resolved("from:@Alice (to:BOB OR mentions:alice) -from:me", users=users)

    assert users.asked == [({"alice", "bob"}, ME)]
    assert found.expression == All(
        (
            Term(f"from:{ALICE}"),
            Either((Term(f"to:{BOB}"), Term(f"mentions:{ALICE}"))),
            Not(Term(f"from:{ME}")),
        )
    )


async def test_no_user_is_looked_up_without_need() -> None:
    users, bookmarks = KnownUsers(), MyBookmarks()

    await resolved("hello from:me in:own in:following", users=users, bookmarks=bookmarks)

    assert users.asked == []
    assert bookmarks.asked == []


async def test_an_unknown_handle_is_an_error_with_its_column() -> None:
    with pytest.raises(QueryInvalid) as caught:
        await resolved("hello (from:alice OR from:@nobody) a")

    assert caught.value.metadata == {
        "column": "27",
        "token": "nobody",
        "expected": "the handle of an existing user",
    }


async def test_named_authors_and_tags_are_those_outside_negations() -> None:
    found = await resolved("from:alice OR (#One -from:bob -#two to:bob)")

    assert found.named_author_ids == {ALICE}
    assert found.tags == {"one"}


async def test_collections_are_those_of_the_viewer() -> None:
    bookmarks = MyBookmarks()

    found = await resolved("in:following -in:bookmarks -in:own", bookmarks=bookmarks)

    assert found.expression == All(
        (ByAuthors(frozenset({BOB})), Not(Among(frozenset({7, 8}))), Not(Term(f"from:{ME}")))
    )
    assert bookmarks.asked == [ME]


@pytest.mark.parametrize(
    "text", ["in:own", "a -in:bookmarks", "in:following", "to:me", "-from:me a"]
)
async def test_an_anonymous_viewer_has_no_collections(text: str) -> None:
    users, bookmarks = KnownUsers(), MyBookmarks()

    with pytest.raises(Unauthenticated) as caught:
        await resolved(text, viewer_id=0, users=users, bookmarks=bookmarks)

    assert caught.value.reason == "TOKEN_MISSING"
    assert bookmarks.asked == []


@pytest.mark.parametrize(
    ("text", "column", "token"),
    [
        ("!!!", 1, "!!!"),
        ("… &", 1, "…"),
        ('"!!!"', 2, "!!!"),
        ('a ""', 4, ""),
        ("a -!!!", 4, "!!!"),
        ("a OR ?!", 6, "?!"),
        ("a (! ?)", 4, "!"),
        ("! -a", 1, "!"),
    ],
)
async def test_punctuation_alone_is_an_error(text: str, column: int, token: str) -> None:
    with pytest.raises(QueryInvalid) as caught:
        await resolved(text)

    assert caught.value.metadata == {
        "column": str(column),
        "token": token,
        "expected": "a letter, a digit or an emoji",
    }


@pytest.mark.parametrize("text", ["cats & dogs", "cats — dogs", "… cats dogs !", "cats => dogs"])
async def test_punctuation_beside_words_is_left_out(text: str) -> None:
    assert await expression(text) == await expression("cats dogs")

"""Changes of posts, counts and accounts, in the order of their revisions and not of arrival."""

from dataclasses import replace

import pytest

from services.chassis.runtime.ids import MAX_ID
from services.search.domain.posts.model import (
    ANONYMOUS,
    AudienceLimit,
    Counts,
    Delete,
    Found,
    SetAccount,
    SetCounts,
    Upsert,
    Viewer,
    Visibility,
)
from services.search.domain.query.model import All, AtLeast, Either, IdRange, Not, Term, Word
from tests.stores.search.posts.engine import Engine, a_document

AUTHOR, READER = 1, 2
FOLLOWER = Viewer(READER, following=frozenset({AUTHOR}))
STRANGER = Viewer(READER)


async def test_a_found_post_has_what_ranking_and_highlights_need(engine: Engine) -> None:
    post = a_document(10, "old cat", revision=3, language="tr", counts=Counts(1, 2, 3, 4))
    await engine.put(post)

    found = await engine.index.find(Word("cat"), ANONYMOUS, limit=5)

    assert found == [Found(10, AUTHOR, 3, "tr", b"old cat", Counts(1, 2, 3, 4))]


async def test_an_edit_replaces_the_words_and_terms(engine: Engine) -> None:
    await engine.put(a_document(10, "cat", "#old"))

    await engine.put(a_document(10, "dog", "#new", revision=2))

    assert await engine.ids(Word("cat")) == await engine.ids(Term("#old")) == []
    assert await engine.ids(All((Word("dog"), Term("#new")))) == [10]


async def test_an_older_revision_changes_nothing(engine: Engine) -> None:
    await engine.put(a_document(10, "dog", revision=2))

    await engine.put(a_document(10, "cat", revision=1))

    assert await engine.ids(Word("dog")) == [10]
    assert await engine.ids(Word("cat")) == []


async def test_the_same_revision_with_a_new_alt_text_replaces_the_post(engine: Engine) -> None:
    await engine.put(a_document(10, "cat", "medium:7"))

    await engine.put(a_document(10, "cat _ whiskers", "medium:7", "has:alt"))

    assert await engine.index.ids_with("medium:7", limit=5) == [10]
    assert await engine.ids(Word("whiskers")) == [10]


async def test_revisions_in_one_batch_keep_their_order(engine: Engine) -> None:
    one, two, three = (a_document(10, f"word{n}", revision=n) for n in (1, 2, 3))

    await engine.put(two, three, one)

    assert await engine.ids(Word("word3")) == [10]
    assert await engine.ids(Word("word1")) == await engine.ids(Word("word2")) == []


async def test_a_deleted_post_is_found_no_more(engine: Engine) -> None:
    await engine.put(a_document(10, "cat"), a_document(11, "cat"))

    await engine.delete(10)

    assert await engine.ids(Word("cat")) == [11]
    assert await engine.ids(Not(Word("dog"))) == [11]


@pytest.mark.parametrize("viewer", [ANONYMOUS, STRANGER, Viewer(AUTHOR)], ids=str)
async def test_nothing_brings_a_deleted_post_back(engine: Engine, viewer: Viewer) -> None:
    await engine.put(a_document(10, "cat"))
    await engine.delete(10)

    await engine.put(a_document(10, "cat", revision=9))
    await engine.apply(SetCounts(10, Counts(likes=500)))

    assert await engine.ids(viewer=viewer) == []
    assert await engine.ids(AtLeast("likes", 1), viewer) == []


async def test_a_deletion_before_the_post_keeps_it_out(engine: Engine) -> None:
    await engine.delete(10)

    await engine.put(a_document(10, "cat"))

    assert await engine.ids() == []


async def test_a_deletion_within_a_batch_wins_wherever_it_stands(engine: Engine) -> None:
    post, other = a_document(10, "cat"), a_document(11, "cat")

    await engine.apply(Upsert(post), Delete(10), Upsert(replace(post, revision=2)), Upsert(other))

    assert await engine.ids() == [11]


async def test_batches_may_be_applied_again(engine: Engine) -> None:
    batch = [
        Upsert(a_document(10, "cat")),
        Upsert(a_document(11, "cat", revision=2)),
        SetCounts(10, Counts(likes=2)),
        Delete(12),
        SetAccount(AUTHOR, 1, protected=False),
    ]
    await engine.apply(*batch)
    before = await engine.index.find(Word("cat"), ANONYMOUS, limit=5)

    await engine.apply(*batch)

    assert await engine.index.find(Word("cat"), ANONYMOUS, limit=5) == before


async def test_an_aborted_transaction_changes_nothing(engine: Engine) -> None:
    if not engine.transactional:
        pytest.skip("it writes before the commit, and the events are consumed again")

    async def fail() -> None:
        async with engine.store.transaction() as transaction:
            await engine.index.apply(transaction, [Upsert(a_document(10, "cat"))])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert await engine.ids() == []


# Counts.


async def test_counts_change_without_the_post(engine: Engine) -> None:
    await engine.put(a_document(10, "cat"), a_document(11, "cat"))

    await engine.apply(SetCounts(10, Counts(likes=150, replies=1)))

    assert await engine.ids(AtLeast("likes", 150)) == [10]
    assert await engine.ids(AtLeast("likes", 151)) == []
    assert await engine.ids(All((Word("cat"), AtLeast("replies", 1)))) == [10]
    assert await engine.ids(Not(AtLeast("likes", 1))) == [11]


async def test_counts_that_fall_are_found_no_more(engine: Engine) -> None:
    await engine.put(a_document(10, "cat", counts=Counts(likes=150, quotes=1)))

    await engine.apply(SetCounts(10, Counts(likes=99)))

    assert await engine.ids(AtLeast("likes", 100)) == await engine.ids(AtLeast("quotes", 1)) == []
    assert await engine.ids(AtLeast("likes", 99)) == [10]


async def test_numbers_beyond_all_counts_and_ids_find_nothing(engine: Engine) -> None:
    await engine.put(a_document(10, "cat", counts=Counts(likes=3)))
    beyond = 10**30

    assert await engine.ids(AtLeast("likes", beyond)) == []
    assert await engine.ids(Either((IdRange(beyond, beyond), AtLeast("quotes", beyond)))) == []
    assert await engine.ids(IdRange(0, beyond), below=MAX_ID) == [10]


async def test_counts_may_come_before_their_post(engine: Engine) -> None:
    await engine.apply(SetCounts(10, Counts(likes=3)))

    await engine.put(a_document(10, "cat", counts=Counts(likes=1)))

    assert await engine.ids(AtLeast("likes", 3)) == [10]


async def test_an_edit_keeps_the_counts(engine: Engine) -> None:
    await engine.put(a_document(10, "cat", counts=Counts(likes=3)))

    await engine.put(a_document(10, "dog", revision=2))

    assert await engine.ids(All((Word("dog"), AtLeast("likes", 3)))) == [10]


# Accounts.


async def test_posts_of_a_protected_account_vanish_for_all_but_followers(engine: Engine) -> None:
    await engine.put(a_document(10, "cat"))

    await engine.protect(AUTHOR)

    assert await engine.ids(Word("cat")) == await engine.ids(Word("cat"), STRANGER) == []
    assert await engine.ids(Word("cat"), FOLLOWER) == [10]
    assert await engine.ids(Word("cat"), Viewer(AUTHOR)) == [10]


async def test_posts_of_an_account_that_opens_return(engine: Engine) -> None:
    await engine.put(a_document(10, "cat"))
    await engine.protect(AUTHOR, version=1)

    await engine.protect(AUTHOR, version=2, protected=False)

    assert await engine.ids(Word("cat")) == [10]


async def test_an_older_version_of_a_profile_changes_nothing(engine: Engine) -> None:
    await engine.put(a_document(10, "cat"))
    await engine.protect(AUTHOR, version=2)

    await engine.protect(AUTHOR, version=1, protected=False)

    assert await engine.ids(Word("cat")) == []


async def test_posts_of_a_deleted_account_vanish_for_all(engine: Engine) -> None:
    await engine.put(a_document(10, "cat"))

    await engine.apply(SetAccount(AUTHOR, deleted=True))
    await engine.apply(SetAccount(AUTHOR, 9))

    for viewer in (ANONYMOUS, FOLLOWER, Viewer(AUTHOR)):
        assert await engine.ids(Word("cat"), viewer) == []


async def test_a_protected_account_above_a_reply_hides_it(engine: Engine) -> None:
    limit = AudienceLimit(7, Visibility.PUBLIC)
    await engine.put(a_document(10, "cat", limits=(limit,)))

    await engine.protect(7)

    assert await engine.ids(Word("cat"), STRANGER) == []
    assert await engine.ids(Word("cat"), Viewer(READER, following=frozenset({7}))) == [10]
    assert await engine.ids(Word("cat"), Viewer(7)) == [10]


async def test_pages_are_full_where_limits_hide_posts(engine: Engine) -> None:
    hidden = (AudienceLimit(7, Visibility.FOLLOWERS),)
    await engine.put(
        *(a_document(n, "cat", limits=() if n % 10 == 0 else hidden) for n in range(1, 201))
    )

    assert await engine.ids(Word("cat"), limit=5) == [200, 190, 180, 170, 160]
    assert await engine.ids(limit=20) == list(range(200, 0, -10))


async def test_a_secret_word_is_found_by_those_alone_who_may_read_it(engine: Engine) -> None:
    secrets = [
        a_document(10, "secret", visibility=Visibility.MENTIONED, addressed=frozenset({READER})),
        a_document(11, "secret", visibility=Visibility.FOLLOWERS),
    ]
    await engine.put(*secrets)

    assert await engine.ids(Word("secret")) == await engine.ids(Word("nobody"))
    assert await engine.ids(Word("secret"), Viewer(9)) == []
    assert await engine.ids(Word("secret"), STRANGER) == [10]
    assert await engine.ids(Word("secret"), FOLLOWER) == [11, 10]

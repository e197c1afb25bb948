"""Searches for users, and suggestions."""

from __future__ import annotations

import pytest
from roost.search.v1.search_pb2 import (
    USER_FIELD_BIO,
    USER_FIELD_DISPLAY_NAME,
    USER_FIELD_HANDLE,
)

from services.chassis.runtime.errors import RuleBroken
from services.search.domain.posts.model import Viewer
from services.search.domain.searches import users as user_searches
from tests.servicers.grpc_server import raises_reason
from tests.servicers.search.conftest import Scenario


async def test_a_handle_is_found_with_or_without_its_sign(scenario: Scenario) -> None:
    user_id = await scenario.register("Ada_L", display_name="Somebody")

    for query in ("@ada_l", "ADA_L", "ada_"):
        found = await scenario.users(query)
        assert list(found.user_ids) == [user_id], query
        assert [each.field for each in found.matches] == [USER_FIELD_HANDLE]


async def test_names_and_bios_are_folded_in_all_scripts(scenario: Scenario) -> None:
    rene = await scenario.register("one", display_name="René O'Neil")
    yamada = await scenario.register("two", display_name="山田太郎")
    bio = await scenario.register("three", display_name="x", bio="Ornithologin aus Zürich")

    assert list((await scenario.users("rene")).user_ids) == [rene]
    assert list((await scenario.users("oneil")).user_ids) == [rene]
    assert list((await scenario.users("neil")).user_ids) == [rene]
    assert list((await scenario.users("山田")).user_ids) == [yamada]
    assert list((await scenario.users("山")).user_ids) == [yamada]
    found = await scenario.users("zurich")
    assert list(found.user_ids) == [bio]
    assert [each.field for each in found.matches] == [USER_FIELD_BIO]


async def test_the_exact_handle_and_the_full_name_come_first(scenario: Scenario) -> None:
    for number in range(60):
        await scenario.register(
            f"ada{number}", display_name="Ada Lovelace Fan", followers_count=1_000
        )
    named = await scenario.register("countess", display_name="Ada Lovelace")
    handle = await scenario.register("ada", display_name="x")

    assert (await scenario.users("@ada")).user_ids[0] == handle
    found = await scenario.users("ada lovelace")
    assert found.user_ids[0] == named
    assert found.matches[0].field == USER_FIELD_DISPLAY_NAME


async def test_pages_of_users_have_an_exact_next_one(scenario: Scenario) -> None:
    ids = [await scenario.register(f"ada{number}") for number in range(7)]
    seen: list[int] = []
    token, following = "", 0
    for _ in range(5):
        page = await scenario.users("ada", page_size=3, page_token=token)
        assert not following or page.user_ids[0] == following
        seen += page.user_ids
        token, following = page.next_page_token, page.next_user_id
        if not token:
            break

    assert seen == ids
    assert following == 0


async def test_the_list_of_users_ends(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_searches, "MAX_USERS", 5)
    for number in range(7):
        await scenario.register(f"ada{number}")

    first = await scenario.users("ada", page_size=3)
    last = await scenario.users("ada", page_size=3, page_token=first.next_page_token)

    assert len(last.user_ids) == 2
    assert (last.next_page_token, last.next_user_id) == ("", 0)


async def test_blocked_and_deleted_users_are_never_found(scenario: Scenario) -> None:
    blocked, deleted = await scenario.register("ada1"), await scenario.register("ada2")
    await scenario.consume(scenario.world.delete_user(deleted))
    scenario.user_service.viewers[scenario.bob] = Viewer(
        user_id=scenario.bob, blocked=frozenset({blocked})
    )

    assert not (await scenario.users("ada", scenario.bob)).user_ids
    assert await scenario.typed("@ada", scenario.bob) == []
    assert list((await scenario.users("ada")).user_ids) == [blocked]


async def test_muted_and_protected_users_are_found(scenario: Scenario) -> None:
    muted = await scenario.register("ada1", protected=True)
    scenario.user_service.viewers[scenario.bob] = Viewer(
        user_id=scenario.bob, muted=frozenset({muted})
    )

    assert list((await scenario.users("ada", scenario.bob)).user_ids) == [muted]


async def test_a_query_without_a_word_finds_nobody(scenario: Scenario) -> None:
    assert not (await scenario.users("…!?")).user_ids


async def test_a_query_that_is_too_long_names_the_field(scenario: Scenario) -> None:
    with raises_reason(RuleBroken, "VALIDATION_FAILED") as caught:
        await scenario.users("a" * 201)

    assert [each.field for each in caught.value.violations] == ["query"]


async def test_suggestions_are_users_after_an_at_sign_and_hashtags_after_a_number_sign(
    scenario: Scenario,
) -> None:
    user_id = await scenario.register("adamant")
    await scenario.post(scenario.alice, "#adventure")

    assert await scenario.typed("@ad") == [user_id]
    assert await scenario.typed("#ad") == ["#adventure"]


async def test_suggestions_put_the_exact_handle_and_followed_users_before_others(
    scenario: Scenario,
) -> None:
    popular = await scenario.register("adele", followers_count=9_000)
    quiet = await scenario.register("adina")
    followed = await scenario.register("adrian", display_name="Adrian")
    exact = await scenario.register("ad", display_name="x")
    for tag in ("#adventure", "#adios #adventure"):
        await scenario.post(scenario.alice, tag)
    scenario.follow(scenario.bob, followed)

    assert await scenario.typed("ad", scenario.bob) == [
        exact,
        followed,
        "#adventure",
        popular,
        "#adios",
        quiet,
    ]
    assert await scenario.typed("ad", scenario.bob, page_size=3) == [exact, followed, "#adventure"]


async def test_suggestions_leave_out_bios(scenario: Scenario) -> None:
    await scenario.register("zed", display_name="Zed", bio="adventure")

    assert await scenario.typed("adventure") == []

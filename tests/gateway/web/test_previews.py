"""Titles and preview tags: of public posts and profiles, read as a stranger, and escaped."""

from html.parser import HTMLParser
from typing import Any

import pytest
from roost.post.v1.post_pb2 import VISIBILITY_FOLLOWERS, VISIBILITY_MENTIONED
from roost.post.v1.post_service_pb2 import GetPostResponse
from roost.user.v1.user_service_pb2 import GetUserByHandleResponse

from services.chassis.runtime.errors import Internal, NotFound, Unavailable
from tests.gateway.conftest import MEDIA_ORIGIN, Client
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import ALICE, includes, person, picture, portrayed, post, tombstone
from tests.gateway.web.conftest import FILES, WebFolder

PLAIN = FILES["index.html"]
HOSTILE = "\"><script>alert('x')</script>&amp;"


class Head(HTMLParser):
    """What a crawler reads of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.title = ""
        self.tags: dict[str, str] = {}
        self.names: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        given = dict(attrs)
        name = given.get("property") or given.get("name")
        if tag == "meta" and name:
            assert name not in self.tags
            self.tags[name] = given.get("content") or ""

    def handle_data(self, data: str) -> None:
        if self.names[-1] == "title" and not self.title:
            self.title = data


def shows(services: FakeServices, **given: Any) -> None:
    message = post(1, ALICE, **given)
    answer = GetPostResponse(post=message, includes=includes(portrayed(person(ALICE))))
    services.answer("GetPost", answer)


async def test_a_public_post_has_a_title_and_a_preview(
    stranger: Client, services: FakeServices, built: WebFolder
) -> None:
    shows(services, text="Two herons\non a  roof", media=[picture(7)], media_ids=[7])

    answer = await stranger.get("/posts/1")

    head = Head(answer.text)
    author = person(ALICE)
    assert head.title == f"{author.display_name} (@{author.handle}) on Roost"
    assert head.tags == {
        "description": "Two herons on a roof",
        "twitter:card": "summary_large_image",
        "og:site_name": "Roost",
        "og:type": "article",
        "og:title": head.title,
        "og:description": "Two herons on a roof",
        "og:url": "https://roost.test/posts/1",
        "og:image": head.tags["og:image"],
        "og:image:alt": "Two herons on a roof",
    }
    assert head.tags["og:image"].startswith(f"{MEDIA_ORIGIN}/m/")
    assert answer.headers["cache-control"] == "no-cache"
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("path", ["/@alice", "/@Alice/media"])
async def test_a_profile_has_a_title_and_a_preview(
    stranger: Client, services: FakeServices, built: WebFolder, path: str
) -> None:
    user = portrayed(person(ALICE))
    services.answer("GetUserByHandle", GetUserByHandleResponse(user=user))

    head = Head((await stranger.get(path)).text)

    assert head.tags["og:type"] == "profile"
    assert head.tags["og:url"] == f"https://roost.test/@{user.handle}"
    assert head.tags["og:image"].startswith(f"{MEDIA_ORIGIN}/m/")
    assert head.tags["twitter:card"] == "summary"


async def test_texts_of_users_stay_texts(
    stranger: Client, services: FakeServices, built: WebFolder
) -> None:
    user = person(ALICE)
    user.display_name, user.bio = HOSTILE, HOSTILE
    services.answer("GetUserByHandle", GetUserByHandleResponse(user=user))

    answer = await stranger.get("/@alice")

    head = Head(answer.text)
    assert "script" not in head.names
    assert head.tags["description"] == HOSTILE
    assert head.title == f"{HOSTILE} (@{user.handle}) on Roost"


async def test_it_is_read_as_a_stranger_whoever_asks(
    alice: Client, services: FakeServices, built: WebFolder
) -> None:
    shows(services)

    await alice.get("/posts/1")

    assert [asked.viewer_id for asked in services.asked] == [None]


@pytest.mark.parametrize(
    "given",
    [
        {"visibility": VISIBILITY_FOLLOWERS},
        {"visibility": VISIBILITY_MENTIONED},
    ],
    ids=["for followers", "for mentioned users"],
)
async def test_a_post_that_is_not_public_has_no_preview(
    stranger: Client, services: FakeServices, built: WebFolder, given: dict[str, Any]
) -> None:
    shows(services, **given)

    assert (await stranger.get("/posts/1")).text == PLAIN


async def test_protected_accounts_have_no_preview(
    stranger: Client, services: FakeServices, built: WebFolder
) -> None:
    user = person(ALICE)
    user.protected = True
    services.answer("GetUserByHandle", GetUserByHandleResponse(user=user))
    services.answer("GetPost", GetPostResponse(post=post(1, ALICE), includes=includes(user)))

    assert (await stranger.get("/@alice")).text == PLAIN
    assert (await stranger.get("/posts/1")).text == PLAIN


async def test_a_post_without_an_author_that_may_be_seen_has_no_preview(
    stranger: Client, services: FakeServices, built: WebFolder
) -> None:
    services.answer("GetPost", GetPostResponse(post=post(1, ALICE)))

    assert (await stranger.get("/posts/1")).text == PLAIN


async def test_a_deleted_post_has_no_preview(
    stranger: Client, services: FakeServices, built: WebFolder
) -> None:
    services.answer("GetPost", GetPostResponse(post=tombstone(1)))

    assert (await stranger.get("/posts/1")).text == PLAIN


async def test_a_picture_whose_address_expires_is_not_shown(
    stranger: Client, services: FakeServices, built: WebFolder
) -> None:
    user = person(ALICE)
    closed = picture(7, folder="p/Y2xvc2Vk")
    shown = post(1, ALICE, media=[closed], media_ids=[7])
    services.answer("GetPost", GetPostResponse(post=shown, includes=includes(user)))

    head = Head((await stranger.get("/posts/1")).text)

    assert "og:image" not in head.tags
    assert head.tags["twitter:card"] == "summary"


@pytest.mark.parametrize(
    "refused",
    [NotFound(reason="POST_NOT_FOUND"), Unavailable(), Internal()],
    ids=["not found", "away", "broken"],
)
async def test_the_page_comes_without_a_preview_where_the_service_gives_none(
    stranger: Client, services: FakeServices, built: WebFolder, refused: Exception
) -> None:
    services.answer("GetPost", refused)

    answer = await stranger.get("/posts/1")

    assert (answer.status_code, answer.text) == (200, PLAIN)


@pytest.mark.parametrize(
    "path", ["/", "/posts/0", "/posts/x", "/posts/1/likes", "/@", "/@a-b", "/@" + "a" * 16]
)
async def test_other_paths_cost_no_call(
    stranger: Client, services: FakeServices, built: WebFolder, path: str
) -> None:
    answer = await stranger.get(path)

    assert answer.text == PLAIN
    assert services.asked == []


async def test_a_long_text_is_cut_between_words(
    stranger: Client, services: FakeServices, built: WebFolder
) -> None:
    shows(services, text="heron " * 40)

    head = Head((await stranger.get("/posts/1")).text)

    assert head.tags["description"] == "heron " * 33 + "…"


@pytest.mark.parametrize("index", ["<title>Roost</title>", "<head></head>"])
async def test_a_page_without_a_place_for_a_preview_is_served_as_it_is(
    stranger: Client, services: FakeServices, web: WebFolder, index: str
) -> None:
    web.publish({"index.html": index})
    shows(services, text="hello")

    answer = await stranger.get("/posts/1")

    assert ("og:title" in answer.text) == ("title" in index)
    assert answer.text.count("<title>") == index.count("<title>")

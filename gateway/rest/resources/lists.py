"""Pages, presented in the shapes of the call's version."""

from typing import Any

from roost.post.v1.post_pb2 import Post
from roost.user.v1.user_pb2 import User

from gateway.hydrate import Entry
from gateway.pipeline import Page
from gateway.refusals import FieldInvalid, ParameterInvalid
from gateway.rest.exchange import Answer, Call
from gateway.rest.ids import NO_ID, parse_id
from gateway.rest.v1 import present
from gateway.rest.v1.types import PostPage, TimelinePage, UserPage


def timeline_page(call: Call[Any, Any], page: Page[Entry]) -> Answer[TimelinePage]:
    """A page of a timeline: posts, and posts that somebody reposted."""
    items = call.showing(page.hydrated).items(page.entries)
    return Answer(TimelinePage(items, page.next_token or None), next_cursor=page.next_token)


def post_page(call: Call[Any, Any], page: Page[Post]) -> Answer[PostPage]:
    """A page of posts."""
    showing = call.showing(page.hydrated)
    items = [showing.message(post) for post in page.entries]
    return Answer(PostPage(items, page.next_token or None), next_cursor=page.next_token)


def user_page(page: Page[User]) -> Answer[UserPage]:
    """A page of people."""
    shown = present.people(page.entries)
    return Answer(UserPage(shown, page.next_token or None), next_cursor=page.next_token)


def page_of(call: Call[Any, Any]) -> dict[str, Any]:
    """Which page is asked for, as the readings take it."""
    return {"size": call.query.limit, "token": call.query.cursor}


def paging(call: Call[Any, Any]) -> dict[str, Any]:
    """The paging fields of a request for one page, as it is."""
    return {"page_size": call.query.limit, "page_token": call.query.cursor}


def id_in_body(field: str, text: str | None) -> int:
    """An optional id of a body. Raises FieldInvalid if it is none."""
    if text is None:
        return NO_ID
    number = parse_id(text)
    if number is None:
        raise FieldInvalid(field, "id", "must be a decimal id")
    return number


def ids_in_query(name: str, text: str) -> list[int]:
    """The ids of a comma-separated parameter, each once. Raises ParameterInvalid."""
    found: dict[int, None] = {}
    for each in text.split(","):
        number = parse_id(each)
        if number is None:
            raise ParameterInvalid(name, "id", "must hold decimal ids, separated by commas")
        found[number] = None
    return list(found)

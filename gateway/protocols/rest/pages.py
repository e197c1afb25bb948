"""Pages, presented in the shapes of the call's version."""

from typing import Any

from roost.post.v1.post_pb2 import Post
from roost.user.v1.user_pb2 import User

from gateway.core.errors import FieldInvalid, ParameterInvalid
from gateway.core.hydrate import Entry
from gateway.core.ids import NO_ID, parse_id
from gateway.core.pipeline import Page
from gateway.protocols.rest.context import RequestContext, Response
from gateway.views import presentation
from gateway.views.shapes import PostPage, TimelinePage, UserPage


def timeline_page(context: RequestContext[Any, Any], page: Page[Entry]) -> Response[TimelinePage]:
    """A page of a timeline: posts, and posts that somebody reposted."""
    items = context.presenter(page.hydrated).items(page.entries)
    return Response(TimelinePage(items, page.next_token or None), next_cursor=page.next_token)


def post_page(context: RequestContext[Any, Any], page: Page[Post]) -> Response[PostPage]:
    """A page of posts."""
    presenter = context.presenter(page.hydrated)
    items = [presenter.message(post) for post in page.entries]
    return Response(PostPage(items, page.next_token or None), next_cursor=page.next_token)


def user_page(page: Page[User]) -> Response[UserPage]:
    """A page of people."""
    shown = presentation.people(page.entries)
    return Response(UserPage(shown, page.next_token or None), next_cursor=page.next_token)


def page_of(context: RequestContext[Any, Any]) -> dict[str, Any]:
    """Which page is asked for, as the readings take it."""
    return {"size": context.query.limit, "token": context.query.cursor}


def paging(context: RequestContext[Any, Any]) -> dict[str, Any]:
    """The paging fields of a request for one page, as it is."""
    return {"page_size": context.query.limit, "page_token": context.query.cursor}


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

"""Pages: the shared pipeline, then presentation in the shapes of the call's version."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from roost.post.v1.post_pb2 import Includes, Post
from roost.user.v1.user_pb2 import User

from gateway import rules
from gateway.hydrate import Entry, Hydrated
from gateway.pipeline import Hydrate, Rule, Skeleton, Source, read_page
from gateway.refusals import FieldInvalid, ParameterInvalid
from gateway.rest.exchange import Answer, Call
from gateway.rest.ids import NO_ID, parse_id
from gateway.rest.v1 import present
from gateway.rest.v1.types import PostPage, TimelinePage, UserPage


class Paged(Protocol):
    """The query parameters that every list takes."""

    @property
    def limit(self) -> int:
        """How many items a page has at most."""
        ...

    @property
    def cursor(self) -> str:
        """Where the list goes on; empty for its beginning."""
        ...


P = TypeVar("P", bound=Paged)


class PostsResponse(Protocol):
    """What the services answer lists of posts with."""

    @property
    def posts(self) -> Sequence[Post]:
        """In the order of the list."""
        ...

    @property
    def includes(self) -> Includes:
        """What is needed to show them."""
        ...

    @property
    def next_page_token(self) -> str:
        """Empty on the last page."""
        ...


async def timeline_page(
    call: Call[P, Any],
    source: Source[Entry],
    rule: Rule[Entry],
    hydrate: Hydrate[Entry] | None = None,
) -> Answer[TimelinePage]:
    """A page of a timeline: posts, and posts that somebody reposted."""
    page = await read_page(
        source, rule, token=call.query.cursor, size=call.query.limit, hydrate=hydrate
    )
    items = call.showing(page.hydrated).items(page.entries)
    return Answer(TimelinePage(items, page.next_token or None), next_cursor=page.next_token)


async def post_page(call: Call[P, Any], source: Source[Post]) -> Answer[PostPage]:
    """A page of posts."""
    page = await read_page(source, rules.authored, token=call.query.cursor, size=call.query.limit)
    showing = call.showing(page.hydrated)
    items = [showing.message(post) for post in page.entries]
    return Answer(PostPage(items, page.next_token or None), next_cursor=page.next_token)


def posts_skeleton(response: PostsResponse) -> Skeleton[Post]:
    """The skeleton of a list that comes with its bodies."""
    found = Hydrated.of(response.posts, response.includes)
    return Skeleton(list(response.posts), response.next_page_token, found)


def user_page(people: Iterable[User], next_token: str) -> Answer[UserPage]:
    """A page of people; their service has decided who is on it."""
    return Answer(UserPage(present.people(people), next_token or None), next_cursor=next_token)


def people_in_order(ids: Iterable[int], includes: Includes) -> list[User]:
    """The people of these ids, without those who are gone."""
    found = {person.id: person for person in includes.users}
    return [found[each] for each in ids if each in found]


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

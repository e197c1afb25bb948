"""From ids to posts as one viewer may see them, with all that is needed to show them.

States, people and bodies are kept at hand: a page takes one trip to Redis, and another one where
posts are quoted, or where who is named was not known before. What Redis lacks is asked of the
database and of the User service, all posts and people of a page at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from roost.post.v1.post_pb2 import Includes, Post
from roost.user.v1.user_pb2 import User

from services.chassis.cache import get_together
from services.post.cache import Bodies, Body
from services.post.convert import to_shown
from services.post.known_people import KnownPeople
from services.post.model import PostState
from services.post.states import States
from services.post.visibility import can_see, can_see_person


@dataclass(slots=True)
class Shown:
    """Posts that a viewer may see, by id, and what was learnt on the way."""

    viewer_id: int
    posts: dict[int, Post] = field(default_factory=dict)
    quoted: dict[int, Post] = field(default_factory=dict)
    # Of all ids that exist, tombstones and hidden posts too.
    states: dict[int, PostState] = field(default_factory=dict)
    # Everybody asked about, those too who must not be shown to the viewer.
    people: dict[int, User] = field(default_factory=dict)
    # By post, its author and those mentioned.
    named: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def add(self, more: "Shown") -> None:
        """Takes in what another look has found."""
        self.posts.update(more.posts)
        self.quoted.update(more.quoted)
        self.states.update(more.states)
        self.people.update(more.people)
        self.named.update(more.named)

    def person(self, user_id: int) -> User | None:
        """Somebody who may be shown to the viewer."""
        person = self.people.get(user_id)
        return person if can_see_person(person, self.viewer_id) else None

    def includes(
        self, posts: Iterable[Post], user_ids: Iterable[int] = (), *, into: Includes | None = None
    ) -> Includes:
        """What belongs beside these posts: the posts that they quote, and the people of both.

        Written `into` an empty message where one is given, which spares a copy.
        """
        quoted: dict[int, Post] = {}
        wanted = set(user_ids)
        for post in posts:
            wanted.update(self.named[post.id])
            quote = self.quoted.get(post.quoted_post_id) if post.quoted_post_id else None
            if quote is not None:
                quoted[quote.id] = quote
                wanted.update(self.named[quote.id])
        users = [user for user_id in sorted(wanted) if (user := self.person(user_id)) is not None]
        includes = Includes() if into is None else into
        includes.quoted_posts.extend(quoted.values())
        includes.users.extend(users)
        return includes


class Hydration:
    """Reads posts for whoever looks."""

    def __init__(self, *, states: States, bodies: Bodies, people: KnownPeople) -> None:
        self._states = states
        self._bodies = bodies
        self._people = people

    async def show(
        self,
        post_ids: Sequence[int],
        *,
        viewer_id: int,
        user_ids: Iterable[int] = (),
        quotes: bool = True,
        make: Callable[[], Post] = Post,
    ) -> Shown:
        """What of the posts the viewer (0 for a stranger) may see, and the people named, by
        `user_ids` too. Without `quotes`, quoted posts and people mentioned are left out.

        `make` is called once for each post that is seen, in the order of `post_ids`: the `add` of a
        field puts them where they are to be, which spares a copy.
        """
        shown = Shown(viewer_id)
        wanted = set(user_ids)
        # Edits seldom name others than before, so the bodies at hand tell what else to look up now.
        quoted_ids, named = self._bodies.foresee(post_ids, quotes=quotes)
        asked = wanted | named
        *found, people = await get_together(
            *self._states.lookups({*post_ids, *quoted_ids}, viewer_id),
            *self._people.lookups(asked, viewer_id),
        )
        states = await self._states.as_seen(viewer_id, found)
        shown.people = self._people.as_seen(asked, viewer_id, people)
        shown.states = {id_: states[id_] for id_ in post_ids if id_ in states}
        bodies = await self._bodies.of(shown.states.values())
        quoted_bodies: dict[int, Body] = {}
        quoted_states: dict[int, PostState] = {}
        if quotes:
            quoted_ids = {body.quoted_post_id for body in bodies.values()} - {0}
            unforeseen = quoted_ids - states.keys()
            if unforeseen:
                states.update(await self._states.of(unforeseen, viewer_id))
            quoted_states = {id_: states[id_] for id_ in quoted_ids if id_ in states}
            quoted_bodies = await self._bodies.of(quoted_states.values())

        for each in (bodies, quoted_bodies):
            for id_, body in each.items():
                shown.named[id_] = body.named
                wanted.update(body.named if quotes else body.named[:1])
        unasked = wanted - asked
        if unasked:
            shown.people.update(await self._people.find(unasked, viewer_id))
        shown.posts = _visible(bodies, shown.states, shown, make)
        shown.quoted = _visible(quoted_bodies, quoted_states, shown)
        return shown

    async def beside(
        self, post: Post, named: tuple[int, ...], people: Iterable[User], *, viewer_id: int
    ) -> Includes:
        """What belongs beside one post, where everybody it needs has been asked about already."""
        shown = Shown(viewer_id, people={user.id: user for user in people}, named={post.id: named})
        if post.quoted_post_id:
            states = await self._states.of([post.quoted_post_id], viewer_id)
            bodies = await self._bodies.of(states.values())
            shown.named.update((id_, body.named) for id_, body in bodies.items())
            shown.quoted = _visible(bodies, states, shown)
        return shown.includes([post])


def _visible(
    bodies: Mapping[int, Body],
    states: Mapping[int, PostState],
    shown: Shown,
    make: Callable[[], Post] = Post,
) -> dict[int, Post]:
    """Unpacks those that the viewer may see, in the order of the states."""
    people, viewer_id = shown.people, shown.viewer_id
    return {
        id_: to_shown(body.packed, state, with_viewer=viewer_id != 0, make=make)
        for id_, state in states.items()
        if (body := bodies.get(id_)) is not None
        and can_see(body.audience, people.get(body.audience.author_id), viewer_id)
    }

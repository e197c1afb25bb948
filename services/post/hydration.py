"""From ids to posts as one viewer may see them, with all that is needed to show them.

However many posts there are, it takes one query for their states, one call to the User service,
and another query where posts are quoted; bodies come from the cache.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from roost.post.v1.post_pb2 import Includes, Post
from roost.user.v1.user_pb2 import User

from services.post.cache import Bodies, Body
from services.post.convert import to_shown
from services.post.model import PostState
from services.post.people import MeshPeople
from services.post.store import Store
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

    def includes(self, posts: Iterable[Post], user_ids: Iterable[int] = ()) -> Includes:
        """What belongs beside these posts: the posts that they quote, and the people of both."""
        quoted: dict[int, Post] = {}
        wanted = set(user_ids)
        for post in posts:
            wanted.update(self.named[post.id])
            quote = self.quoted.get(post.quoted_post_id) if post.quoted_post_id else None
            if quote is not None:
                quoted[quote.id] = quote
                wanted.update(self.named[quote.id])
        users = [user for user_id in sorted(wanted) if (user := self.person(user_id)) is not None]
        return Includes(quoted_posts=quoted.values(), users=users)


class Hydration:
    """Reads posts for whoever looks."""

    def __init__(self, *, store: Store, bodies: Bodies, people: MeshPeople) -> None:
        self._store = store
        self._bodies = bodies
        self._people = people

    async def show(
        self,
        post_ids: Sequence[int],
        *,
        viewer_id: int,
        user_ids: Iterable[int] = (),
        quotes: bool = True,
    ) -> Shown:
        """What of the posts the viewer (0 for a stranger) may see, and the people named, by
        `user_ids` too. Without `quotes`, quoted posts and people mentioned are left out."""
        shown = Shown(viewer_id)
        if post_ids:
            shown.states = await self._store.states(post_ids, viewer_id)
        bodies = await self._bodies.of(shown.states.values())
        quoted_bodies: dict[int, Body] = {}
        quoted_states: dict[int, PostState] = {}
        if quotes:
            quoted_ids = {body.quoted_post_id for body in bodies.values()} - {0}
            if quoted_ids:
                quoted_states = await self._store.states(list(quoted_ids), viewer_id)
                quoted_bodies = await self._bodies.of(quoted_states.values())

        wanted = set(user_ids)
        for each in (bodies, quoted_bodies):
            for id_, body in each.items():
                shown.named[id_] = body.named
                wanted.update(body.named if quotes else body.named[:1])
        if wanted:
            people = await self._people.find(ids=list(wanted), viewer_id=viewer_id)
            shown.people = {user.id: user for user in people}
        shown.posts = _visible(bodies, shown.states, shown)
        shown.quoted = _visible(quoted_bodies, quoted_states, shown)
        return shown

    async def beside(
        self, post: Post, named: tuple[int, ...], people: Iterable[User], *, viewer_id: int
    ) -> Includes:
        """What belongs beside one post, where everybody it needs has been asked about already."""
        shown = Shown(viewer_id, people={user.id: user for user in people}, named={post.id: named})
        if post.quoted_post_id:
            states = await self._store.states([post.quoted_post_id], viewer_id)
            bodies = await self._bodies.of(states.values())
            shown.named.update((id_, body.named) for id_, body in bodies.items())
            shown.quoted = _visible(bodies, states, shown)
        return shown.includes([post])


def _visible(
    bodies: Mapping[int, Body], states: Mapping[int, PostState], shown: Shown
) -> dict[int, Post]:
    """Unpacks those that the viewer may see."""
    people, viewer_id = shown.people, shown.viewer_id
    return {
        id_: to_shown(body.packed, states[id_], with_viewer=viewer_id != 0)
        for id_, body in bodies.items()
        if can_see(body.audience, people.get(body.audience.author_id), viewer_id)
    }

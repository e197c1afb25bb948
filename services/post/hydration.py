"""From ids to posts as one viewer may see them, with all that is needed to show them.

However many posts there are, it takes one query for their states, one call to the User service,
and another query where posts are quoted; bodies come from the cache.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from roost.post.v1.post_pb2 import Includes, Post
from roost.user.v1.user_pb2 import User

from services.post.cache import Bodies
from services.post.convert import audience_of, to_shown
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

    def add(self, more: "Shown") -> None:
        """Takes in what another look has found."""
        self.posts.update(more.posts)
        self.quoted.update(more.quoted)
        self.states.update(more.states)
        self.people.update(more.people)

    def person(self, user_id: int) -> User | None:
        """Somebody who may be shown to the viewer."""
        person = self.people.get(user_id)
        return person if can_see_person(person, self.viewer_id) else None

    def includes(self, posts: Iterable[Post], user_ids: Iterable[int] = ()) -> Includes:
        """What belongs beside these posts: the posts that they quote, and the people of both."""
        quoted: dict[int, Post] = {}
        wanted = set(user_ids)
        for post in posts:
            _name_people(post, wanted)
            quote = self.quoted.get(post.quoted_post_id)
            if quote is not None and quote.id not in quoted:
                quoted[quote.id] = quote
                _name_people(quote, wanted)
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
        states = await self._store.states(post_ids, viewer_id) if post_ids else {}
        found = await self._read(states, with_viewer=viewer_id != 0)
        quoted: dict[int, Post] = {}
        if quotes:
            quoted_ids = {post.quoted_post_id for post in found.values()} - {0}
            if quoted_ids:
                quoted = await self._read(
                    await self._store.states(list(quoted_ids), viewer_id),
                    with_viewer=viewer_id != 0,
                )
        wanted = set(user_ids)
        for each in (found, quoted):
            for post in each.values():
                if quotes:
                    _name_people(post, wanted)
                else:
                    wanted.add(post.author_id)
        people: dict[int, User] = {}
        if wanted:
            asked = await self._people.find(ids=list(wanted), viewer_id=viewer_id)
            people = {user.id: user for user in asked}
        return Shown(
            viewer_id,
            _visible(found, people, viewer_id),
            _visible(quoted, people, viewer_id),
            states,
            people,
        )

    async def beside(self, post: Post, people: Iterable[User], *, viewer_id: int) -> Includes:
        """What belongs beside one post, where everybody it needs has been asked about already."""
        shown = Shown(viewer_id, people={user.id: user for user in people})
        if post.quoted_post_id:
            states = await self._store.states([post.quoted_post_id], viewer_id)
            found = await self._read(states, with_viewer=viewer_id != 0)
            shown.quoted = _visible(found, shown.people, viewer_id)
        return shown.includes([post])

    async def _read(self, states: Mapping[int, PostState], *, with_viewer: bool) -> dict[int, Post]:
        bodies = await self._bodies.of(states.values())
        return {
            id_: to_shown(body, states[id_], with_viewer=with_viewer)
            for id_, body in bodies.items()
        }


def _visible(
    posts: Mapping[int, Post], people: Mapping[int, User], viewer_id: int
) -> dict[int, Post]:
    return {
        id_: post
        for id_, post in posts.items()
        if can_see(audience_of(post), people.get(post.author_id), viewer_id)
    }


def _name_people(post: Post, names: set[int]) -> None:
    """Adds the author and those mentioned."""
    names.add(post.author_id)
    for entity in post.entities:
        if entity.HasField("mention"):
            names.add(entity.mention.user_id)

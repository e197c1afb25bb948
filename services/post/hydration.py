"""From ids to posts as one viewer may see them, with all that is needed to show them.

States, people and bodies are kept at hand: a page takes one trip to Redis, and another one where
posts are quoted, or where who is named was not known before. What Redis lacks is asked of the
database and of the User service, all posts and people of a page at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from roost.post.v1.post_pb2 import Includes, Post
from roost.post.v1.post_service_pb2 import BatchGetPostsResponse

from services.chassis import wire
from services.chassis.cache_lookups import Look, Lookups
from services.post.cache import Bodies, Body
from services.post.convert import as_shown
from services.post.known_people import Keys, KnownPeople, Pair
from services.post.model import PostState
from services.post.people import KnownPerson
from services.post.states import States
from services.post.visibility import can_see, can_see_person


@dataclass(slots=True)
class Shown:
    """Posts that a viewer may see, by id, and what was learnt on the way.

    Posts are packed: a page of them is put together by `wire.fields`, without unpacking any.
    """

    viewer_id: int
    posts: dict[int, bytes] = field(default_factory=dict)
    quoted: dict[int, bytes] = field(default_factory=dict)
    # Of all ids that exist, tombstones and hidden posts too.
    states: dict[int, PostState] = field(default_factory=dict)
    # Everybody asked about, those too who must not be shown to the viewer.
    people: dict[int, KnownPerson] = field(default_factory=dict)
    # Of posts and quoted posts, hidden ones too.
    bodies: dict[int, Body] = field(default_factory=dict)
    # Posts between whose author and the author of what they quote a block stands.
    withdrawn: set[int] = field(default_factory=set)
    # Whether nothing was learnt otherwise than by the one look that began it.
    by_one_look: bool = True

    def add(self, more: "Shown") -> None:
        """Takes in what another look has found."""
        self.posts.update(more.posts)
        self.quoted.update(more.quoted)
        self.states.update(more.states)
        self.people.update(more.people)
        self.bodies.update(more.bodies)
        self.withdrawn.update(more.withdrawn)

    def post(self, post_id: int) -> Post:
        """One of the posts. Raises KeyError for any other."""
        return Post.FromString(self.posts[post_id])

    def person(self, user_id: int) -> KnownPerson | None:
        """Somebody who may be shown to the viewer."""
        person = self.people.get(user_id)
        return person if can_see_person(person, self.viewer_id) else None

    def includes(self, post_ids: Iterable[int], user_ids: Iterable[int] = ()) -> Includes:
        """What belongs beside these posts: the posts that they quote, and the people of both."""
        return Includes.FromString(self.packed_includes(post_ids, user_ids))

    def packed_includes(self, post_ids: Iterable[int], user_ids: Iterable[int] = ()) -> bytes:
        """The same, packed."""
        quoted: dict[int, bytes] = {}
        wanted = set(user_ids)
        for post_id in post_ids:
            body = self.bodies[post_id]
            wanted.update(body.named)
            quoted_id = body.quoted_post_id
            if quoted_id in self.quoted and post_id not in self.withdrawn:
                quoted[quoted_id] = self.quoted[quoted_id]
                wanted.update(self.bodies[quoted_id].named)
        users = [person.packed for user_id in sorted(wanted) if (person := self.person(user_id))]
        return wire.fields(Includes.QUOTED_POSTS_FIELD_NUMBER, quoted.values()) + wire.fields(
            Includes.USERS_FIELD_NUMBER, users
        )

    def page(self, user_ids: Iterable[int]) -> bytes:
        """All posts, with what belongs beside them and these people: a packed
        BatchGetPostsResponse."""
        includes = self.packed_includes(self.posts, user_ids)
        return wire.fields(
            BatchGetPostsResponse.POSTS_FIELD_NUMBER, self.posts.values()
        ) + wire.fields(BatchGetPostsResponse.INCLUDES_FIELD_NUMBER, [includes])


@dataclass(frozen=True, slots=True)
class Question:
    """Posts and people that a viewer wants to see, and where to look for all they need."""

    viewer_id: int
    post_ids: Sequence[int]
    user_ids: Collection[int]
    quotes: bool
    people: Keys
    # Who quotes, and who is quoted.
    pairs: Collection[Pair]
    lookups: Lookups


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
        user_ids: Collection[int] = (),
        quotes: bool = True,
    ) -> Shown:
        """What of the posts the viewer (0 for a stranger) may see, and the people named, by
        `user_ids` too. Without `quotes`, quoted posts and people mentioned are left out.

        Posts are in the order of `post_ids`.
        """
        question = self.ask(post_ids, viewer_id=viewer_id, user_ids=user_ids, quotes=quotes)
        return await self.answer(question, await question.lookups.look())

    def ask(
        self,
        post_ids: Sequence[int],
        *,
        viewer_id: int,
        user_ids: Collection[int] = (),
        quotes: bool = True,
    ) -> Question:
        """What `show` looks up first, as far as it can be foreseen."""
        # Edits seldom name others than before, so the bodies at hand tell what else to look up now.
        quoted_ids, named, pairs = self._bodies.foresee(post_ids, quotes=quotes)
        people = self._people.keys({*user_ids, *named}, viewer_id)
        lookups = Lookups(
            *self._states.lookups({*post_ids, *quoted_ids}, viewer_id),
            *self._people.lookups(people, pairs),
        )
        return Question(viewer_id, post_ids, user_ids, quotes, people, pairs, lookups)

    async def answer(self, question: Question, look: Look) -> Shown:
        """What `show` gives, by a look that was taken for the question."""
        viewer_id, post_ids, quotes = question.viewer_id, question.post_ids, question.quotes
        shown = Shown(viewer_id)
        wanted = set(question.user_ids)
        *found, people = await look.values()
        states, below = self._states.as_seen(viewer_id, found)
        if below:
            shown.by_one_look = False
            states.update(await self._states.below(below, viewer_id))
        shown.people = self._people.as_seen(question.people, people, viewer_id)
        shown.states = {id_: states[id_] for id_ in post_ids if id_ in states}
        shown.bodies = await self._bodies.of(shown.states.values())
        quoted_states: dict[int, PostState] = {}
        if quotes:
            quoted_ids = {body.quoted_post_id for body in shown.bodies.values()} - {0}
            unforeseen = quoted_ids - states.keys()
            if unforeseen:
                shown.by_one_look = False
                states.update(await self._states.of(unforeseen, viewer_id))
            quoted_states = {id_: states[id_] for id_ in quoted_ids if id_ in states}
            shown.bodies.update(await self._bodies.of(quoted_states.values()))

        await self._find_withdrawn(shown, question, people)
        for body in shown.bodies.values():
            wanted.update(body.asked if quotes else body.audience.deciders)
        unasked = wanted - question.people.keys()
        if unasked:
            shown.by_one_look = False
            shown.people.update(await self._people.find(unasked, viewer_id))
        shown.posts = _visible(shown.states, shown)
        shown.quoted = _visible(quoted_states, shown)
        return shown

    async def apart(self, pairs: Collection[Pair]) -> set[Pair]:
        """Those of the pairs of people between whom a block stands, either way."""
        return await self._people.apart(pairs) if pairs else set()

    async def _find_withdrawn(
        self, shown: Shown, question: Question, people: Mapping[str, bytes]
    ) -> None:
        pairs = {
            id_: (body.audience.author_id, quoted.audience.author_id)
            for id_, body in shown.bodies.items()
            if id_ in shown.states
            and (quoted := shown.bodies.get(body.quoted_post_id)) is not None
            and body.audience.author_id != quoted.audience.author_id
        }
        if not pairs:
            return
        apart = self._people.apart_in(question.pairs, people)
        unasked = set(pairs.values()) - set(question.pairs)
        if unasked:
            shown.by_one_look = False
            apart |= await self._people.apart(unasked)
        shown.withdrawn = {id_ for id_, pair in pairs.items() if pair in apart}

    async def beside(
        self, post_id: int, body: Body, people: Iterable[KnownPerson], *, viewer_id: int
    ) -> Includes:
        """What belongs beside one post, where everybody it needs has been asked about already."""
        shown = Shown(viewer_id, people={each.id: each for each in people})
        if body.quoted_post_id:
            states = await self._states.of([body.quoted_post_id], viewer_id)
            shown.bodies = await self._bodies.of(states.values())
            shown.quoted = _visible(states, shown)
        shown.bodies[post_id] = body
        return shown.includes([post_id])


def _visible(states: Mapping[int, PostState], shown: Shown) -> dict[int, bytes]:
    """Those that the viewer may see, packed, in the order of the states."""
    bodies, people, viewer_id = shown.bodies, shown.people, shown.viewer_id
    return {
        id_: as_shown(
            body.packed,
            state,
            with_viewer=viewer_id != 0,
            quote_hidden=id_ in shown.withdrawn,
        )
        for id_, state in states.items()
        if (body := bodies.get(id_)) is not None and can_see(body.audience, people, viewer_id)
    }

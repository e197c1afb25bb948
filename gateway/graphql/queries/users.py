"""People, and how one stands to them."""

from typing import Annotated

import strawberry
from roost.user.v1.graph_service_pb2 import BatchGetRelationshipsRequest
from roost.user.v1.user_service_pb2 import GetUserRequest
from strawberry.types import Info

from gateway.graphql.arguments import MAX_IDS, UserId, numbers_of
from gateway.graphql.context import Context, backends_of, own
from gateway.graphql.fields import loaded
from gateway.graphql.ids import number_of
from gateway.graphql.outcomes import checked
from gateway.graphql.types.connections import DEFAULT_FIRST, After, Connection, First, place
from gateway.graphql.types.users import Relationship, User, people_on
from gateway.reading import people as reading
from gateway.rest.resources.requests import HandleQuery


@strawberry.type
class UserQueries:
    """Of Query."""

    @loaded("One's own profile.")
    async def me(self, info: Info) -> User:
        """As REST's."""
        context: Context = info.context
        return await _profile(info, context.person())

    @loaded("A profile. Refused with USER_NOT_FOUND where there is none for whoever asks.")
    async def user(self, info: Info, id: UserId) -> User:  # noqa: A002
        """As REST's."""
        return await _profile(info, number_of("User", id, "id"))

    @loaded("The person with a handle; upper and lower case are the same. Null for nobody.")
    async def user_by_handle(
        self,
        info: Info,
        handle: Annotated[str, strawberry.argument(description="The name after the @.")],
    ) -> User | None:
        """As REST's."""
        asked = checked(HandleQuery, handle=handle)
        found = await reading.called(backends_of(info), asked.handle)
        return User(message=found) if found else None

    @loaded("How one stands to several people, in their order.")
    async def relationships(
        self,
        info: Info,
        user_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 people, by id.")
        ],
    ) -> list[Relationship]:
        """As REST's."""
        request = BatchGetRelationshipsRequest(
            user_ids=numbers_of("User", user_ids, "user_ids", most=MAX_IDS)
        )
        response = await own(info).graph.BatchGetRelationships(request)
        return [Relationship(message=each) for each in response.relationships]

    @loaded("Who waits for one's consent to follow, newest first.")
    async def follow_requests(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[User]:
        """As REST's."""
        wanted = place(first, after)
        return people_on(await reading.follow_requests(own(info), **wanted._asdict()), wanted)

    @loaded("Whom one blocks, newest first.")
    async def blocks(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[User]:
        """As REST's."""
        wanted = place(first, after)
        return people_on(await reading.blocked(own(info), **wanted._asdict()), wanted)

    @loaded("Whom one mutes, newest first.")
    async def mutes(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[User]:
        """As REST's."""
        wanted = place(first, after)
        return people_on(await reading.muted(own(info), **wanted._asdict()), wanted)


async def _profile(info: Info, number: int) -> User:
    response = await backends_of(info).users.GetUser(GetUserRequest(user_id=number))
    return User(message=response.user)

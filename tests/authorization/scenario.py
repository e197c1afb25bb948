"""An account, its posts, and one person of each role: what the rows of the matrix are tried on."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from local.edge import Account, Edge, Json
from tests.authorization.rows import ROLES, ROWS, VISIBILITIES, YES, Asked, device

SignUp = Callable[[str], Awaitable[Account]]
# Asks a row of a scene, as somebody, about a thing: the reason of the refusal, or YES.
Ask = Callable[["Scenario", str, "Account | None", str], Awaitable[str]]

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Operation:
    """What the OpenAPI document says of an operation."""

    method: str
    path: str
    needs_token: bool


def operations(document: Json) -> dict[str, Operation]:
    """Every operation of the document, by its id."""
    return {
        operation["operationId"]: Operation(
            method.upper(), path, {} not in operation.get("security", document.get("security", []))
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "put", "post", "patch", "delete"}
    }


@dataclass
class Scenario:
    """The cast; ``protected`` says of what kind the owner's account is."""

    edge: Edge
    protected: bool
    people: dict[str, Account | None] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    asker: str = ""
    session: str = ""
    device: str = ""

    @property
    def owner(self) -> Account:
        owner = self.people["owner"]
        assert owner is not None
        return owner

    async def wrong(self, row: str, ask: Ask) -> dict[tuple[str, str], str]:
        """Tries the row with everybody, the owner last; what came out other than it says."""
        found = {}
        rule = ROWS[row].rule
        for visibility, thing in self._things(ROWS[row].about).items():
            for role in ROLES:
                expected = rule(Asked(role, self.protected, visibility))
                answer = await ask(self, row, self.people[role], thing)
                if answer != expected:
                    found[visibility, role] = f"{answer or YES!r} rather than {expected!r}"
        return found

    def _things(self, about: str) -> dict[str, str]:
        if about == "post":
            return self.posts
        one = {
            "account": self.owner.user_id,
            "request": self.asker,
            "session": self.session,
            "device": self.device,
            "": "",
        }
        return {"public": one[about]}


def in_rest(operation: Operation) -> Ask:
    """A row asked of its operation."""

    async def ask(scenario: Scenario, row: str, by: Account | None, thing: str) -> str:
        before, bracket, _ = operation.path.partition("{")
        path = operation.path
        if bracket:
            path = before + thing + operation.path.partition("}")[2]
        body, query = ROWS[row].body, ROWS[row].query
        answer = await scenario.edge.send(
            operation.method,
            path,
            by=by,
            body=body(scenario, by, thing) if body else None,
            query=query(scenario, by, thing) if query else None,
        )
        return YES if answer.is_success else str(answer.json()["reason"])

    return ask


async def scenario(edge: Edge, sign_up: SignUp, *, protected: bool) -> Scenario:
    """A new cast, in which nobody has done anything yet."""
    made = Scenario(edge, protected)
    number = next(_numbers)
    people = {role: await sign_up(f"{role[:8]}_{number}") for role in ROLES if role != "stranger"}
    made.people = {"stranger": None, **people}
    owner = people["owner"]
    await edge.follow(people["follower"], owner.user_id)
    await edge.call("PUT", f"/v1/users/{people['blocked'].user_id}/block", by=owner)
    await edge.call("PUT", f"/v1/users/{owner.user_id}/block", by=people["blocker"])
    await edge.call("PUT", f"/v1/users/{people['muted'].user_id}/mute", by=owner)
    if protected:
        await edge.call("PATCH", "/v1/users/me", by=owner, body={"protected": True})
    asker = await sign_up(f"asker_{number}")
    await edge.follow(asker, owner.user_id)
    made.asker = asker.user_id
    (session,) = (await edge.call("GET", "/v1/sessions", by=owner))["items"]
    made.session = session["id"]
    made.device = (await edge.call("POST", "/v1/push/subscriptions", by=owner, body=device()))["id"]
    for visibility in VISIBILITIES:
        post = await edge.post(owner, f"for {visibility}", visibility=visibility)
        made.posts[visibility] = post["id"]
    return made


class Matrix:
    """Tries rows, each with a cast of its own, but for those that only read: these share one."""

    def __init__(self, edge: Edge, sign_up: SignUp, *, version: int) -> None:
        self._edge = edge
        self._version = version
        self._sign_up = sign_up
        self._operations: dict[str, Operation] = {}
        self._readers: dict[bool, Scenario] = {}

    async def operations(self) -> dict[str, Operation]:
        """What the edge's own document of the version says, by the operation's id."""
        if not self._operations:
            document = await self._edge.call("GET", f"/v{self._version}/openapi.json")
            self._operations = operations(document)
        return self._operations

    async def wrong(
        self, row: str, *, protected: bool, ask: Ask | None = None
    ) -> dict[tuple[str, str], str]:
        """See `Scene.wrong`; in REST, unless another way to ask is given."""
        operation = (await self.operations())[operation_of(row)]
        if operation.method != "GET":
            cast = await scenario(self._edge, self._sign_up, protected=protected)
        else:
            if protected not in self._readers:
                self._readers[protected] = await scenario(
                    self._edge, self._sign_up, protected=protected
                )
            cast = self._readers[protected]
        return await cast.wrong(row, ask or in_rest(operation))


def operation_of(row: str) -> str:
    """The operation that a row is of, without what it says in brackets."""
    return row.partition(" ")[0]

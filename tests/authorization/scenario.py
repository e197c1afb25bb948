"""The rows' scenario: an account, its posts, and a user of each role."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from local.edge import Account, Edge, Json
from tests.authorization.rows import ROLES, ROWS, VISIBILITIES, YES, Attempt, device

SignUp = Callable[[str], Awaitable[Account]]
# Executes a row in a scenario as a user, on a resource: the reason of the error, or YES.
Execute = Callable[["Scenario", str, "Account | None", str], Awaitable[str]]

# Stands in no post: what is answered is the same for all.
HASHTAG = "roost"

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
    """The accounts, posts and other resources; ``protected`` is about the owner's account."""

    edge: Edge
    protected: bool
    accounts: dict[str, Account | None] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    requester: str = ""
    session: str = ""
    device: str = ""
    upload: str = ""

    @property
    def owner(self) -> Account:
        owner = self.accounts["owner"]
        assert owner is not None
        return owner

    async def mismatches(self, row: str, execute: Execute) -> dict[tuple[str, str], str]:
        """Executes the row as each role, the owner last. Returns the results that differ."""
        found = {}
        rule = ROWS[row].rule
        for visibility, target in self._targets(ROWS[row].resource).items():
            for role in ROLES:
                expected = rule(Attempt(role, self.protected, visibility))
                answer = await execute(self, row, self.accounts[role], target)
                if answer != expected:
                    found[visibility, role] = f"{answer or YES!r} rather than {expected!r}"
        return found

    def _targets(self, about: str) -> dict[str, str]:
        if about == "post":
            return self.posts
        one = {
            "account": self.owner.user_id,
            "request": self.requester,
            "session": self.session,
            "device": self.device,
            "upload": self.upload,
            "hashtag": HASHTAG,
            "": "",
        }
        return {"public": one[about]}


def in_rest(operation: Operation) -> Execute:
    """Executes rows as REST requests of this operation."""

    async def execute(scenario: Scenario, row: str, by: Account | None, target: str) -> str:
        before, bracket, _ = operation.path.partition("{")
        path = operation.path
        if bracket:
            path = before + target + operation.path.partition("}")[2]
        body, query, headers = ROWS[row].body, ROWS[row].query, ROWS[row].headers
        answer = await scenario.edge.send(
            operation.method,
            path,
            by=by,
            body=body(scenario, by, target) if body else None,
            query=query(scenario, by, target) if query else None,
            png=ROWS[row].png,
            headers=headers(scenario, by) if headers else None,
        )
        return YES if answer.is_success else str(answer.json()["reason"])

    return execute


async def scenario(edge: Edge, sign_up: SignUp, *, protected: bool) -> Scenario:
    """A new scenario with accounts of its own."""
    made = Scenario(edge, protected)
    number = next(_numbers)
    accounts = {role: await sign_up(f"{role[:8]}_{number}") for role in ROLES if role != "stranger"}
    made.accounts = {"stranger": None, **accounts}
    owner = accounts["owner"]
    await edge.follow(accounts["follower"], owner.user_id)
    await edge.call("PUT", f"/v1/users/{accounts['blocked'].user_id}/block", by=owner)
    await edge.call("PUT", f"/v1/users/{owner.user_id}/block", by=accounts["blocker"])
    await edge.call("PUT", f"/v1/users/{accounts['muted'].user_id}/mute", by=owner)
    if protected:
        await edge.call("PATCH", "/v1/users/me", by=owner, body={"protected": True})
    requester = await sign_up(f"asker_{number}")
    await edge.follow(requester, owner.user_id)
    made.requester = requester.user_id
    (session,) = (await edge.call("GET", "/v1/sessions", by=owner))["items"]
    made.session = session["id"]
    made.device = (await edge.call("POST", "/v1/push/subscriptions", by=owner, body=device()))["id"]
    upload = {"content_type": "image/png", "size_bytes": 3}
    made.upload = (await edge.call("POST", "/v2/media/uploads", by=owner, body=upload))["id"]
    for visibility in VISIBILITIES:
        post = await edge.post(owner, f"for {visibility}", visibility=visibility)
        made.posts[visibility] = post["id"]
    return made


class Matrix:
    """Executes each row in a scenario of its own; rows that only read share one."""

    def __init__(self, edge: Edge, sign_up: SignUp, *, version: int) -> None:
        self._edge = edge
        self._version = version
        self._sign_up = sign_up
        self._operations: dict[str, Operation] = {}
        self._shared: dict[bool, Scenario] = {}

    async def operations(self) -> dict[str, Operation]:
        """What the edge's own document of the version says, by the operation's id."""
        if not self._operations:
            document = await self._edge.call("GET", f"/v{self._version}/openapi.json")
            self._operations = operations(document)
        return self._operations

    async def mismatches(
        self, row: str, *, protected: bool, execute: Execute | None = None
    ) -> dict[tuple[str, str], str]:
        """See `Scenario.mismatches`. Executes the row in REST unless `execute` is given."""
        operation = (await self.operations())[operation_of(row)]
        if operation.method != "GET":
            tested = await scenario(self._edge, self._sign_up, protected=protected)
        else:
            if protected not in self._shared:
                self._shared[protected] = await scenario(
                    self._edge, self._sign_up, protected=protected
                )
            tested = self._shared[protected]
        return await tested.mismatches(row, execute or in_rest(operation))


def operation_of(row: str) -> str:
    """The operation that a row is of, without what it says in brackets."""
    return row.partition(" ")[0]

"""What one request of each kind costs, with everything that follows from it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from bench import databases, meter, sample_requests
from bench.bench import Bench
from bench.meter import Meter, OperationCost
from bench.prewarmed_users import PASSWORD, PrewarmedUser
from bench.report import Report
from bench.wire import request

READS, WRITES, FOLLOWS = 1_000, 1_000, 800
LIKED_AUTHORS = 100
# In each round everybody writes a post, and then every home is read once.
CHANGED_ROUNDS = 3
REFRESHERS, REFRESHES_EACH = 12, 8
# Tables whose rows stay, by service; rows a write are counted by the scenario itself.
LASTING = {
    "post": ("post", ("posts", "post_states")),
    "like": ("post", ("likes", "responses")),
    "follow": ("user", ("edges_out", "edges_in")),
}
# Tables of the Notification service that are not about notifications.
OTHERS = {"inbox", "outbox", "idempotency_records", "log_events", "log_heads"}


async def run(bench: Bench) -> Report:
    """Measure reads and writes, one kind after another, each request once."""
    users = await bench.users()
    report, costs = Report(), dict[str, OperationCost]()
    measured = await Meter.on(bench)

    bench.say("refreshes …")
    costs["refresh"] = await _refreshes(bench, measured, users)
    bench.say("homes and pages of users that did not change …")
    homes = list(itertools.islice(itertools.cycle(sample_requests.homes(users)), READS))
    costs["home, unchanged"], _ = await measured.requests(homes)
    costs["home, changed"] = await _changed_homes(bench, measured, users)
    pages = [
        sample_requests.posts_of(author, reader)
        for author, reader in zip([*users[1:], users[0]], users, strict=True)
    ]
    await bench.once(pages)
    costs["person"], _ = await measured.requests(
        list(itertools.islice(itertools.cycle(pages), READS))
    )
    bench.say("posts, likes, follows …")
    costs["post"] = await _writes(bench, report, measured, "post", _posts(users))
    costs["like"] = await _writes(bench, report, measured, "like", await _likes(bench, users))
    costs["follow"] = await _writes(bench, report, measured, "follow", _follows(bench, users))
    report.neither("homes that a post reached", _reached(bench, users), "homes")
    costs["notifications"], _ = await measured.requests(
        list(itertools.islice(itertools.cycle(map(sample_requests.notifications, users)), READS))
    )
    for operation, cost in costs.items():
        cost.figures(report, operation)
    meter.table(report, "CPU and WAL of one request, above an idle stack", costs)
    return report


async def _changed_homes(
    bench: Bench, measured: Meter, users: Sequence[PrewarmedUser]
) -> OperationCost:
    """Homes of which all 20 posts are new to the reader."""
    bench.say("homes that changed …")
    rounds = []
    for _ in range(CHANGED_ROUNDS):
        await bench.once(sample_requests.posts_by(users, each=1))
        await measured.quiet()
        cost, _ = await measured.requests(sample_requests.homes(users))
        rounds.append(cost)
    return meter.mean(rounds)


async def _writes(
    bench: Bench, report: Report, measured: Meter, kind: str, requests: Sequence[bytes]
) -> OperationCost:
    """The cost of a write, and the bytes that stay for it."""
    noun, lasting = LASTING[kind]
    nouns = {noun, "notification", "user", "post"}
    before = {each: await databases.table_bytes(bench.stack, each) for each in nouns}
    cost, _ = await measured.requests(requests)
    after = {each: await databases.table_bytes(bench.stack, each) for each in nouns}

    def grown(service: str, tables: Sequence[str]) -> float:
        return sum(after[service][name] - before[service][name] for name in tables) / len(requests)

    report.lower(f"{kind}, rows that stay", grown(noun, lasting), "bytes")
    report.lower(f"{kind}, inbox rows", sum(grown(each, ["inbox"]) for each in nouns), "bytes")
    report.lower(
        f"{kind}, idempotency records",
        sum(grown(each, ["idempotency_records"]) for each in nouns),
        "bytes",
    )
    notifications = [name for name in after["notification"] if name not in OTHERS]
    report.lower(f"{kind}, notifications", grown("notification", notifications), "bytes")
    report.lower(f"{kind}, event log", grown("notification", ["log_events"]), "bytes")
    return cost


def _posts(users: Sequence[PrewarmedUser]) -> list[bytes]:
    return [
        sample_requests.compose(author, place)
        for place, author in enumerate(itertools.islice(itertools.cycle(users), WRITES))
    ]


async def _likes(bench: Bench, users: Sequence[PrewarmedUser]) -> list[bytes]:
    """Likes of the newest posts of some authors, none twice and none by its author."""
    posts: list[tuple[int, str]] = []
    async with bench.stack.edge() as edge:
        for place, author in enumerate(users[:LIKED_AUTHORS]):
            page = await edge.call("GET", f"/v1/users/{author.id}/posts", by=author.account)
            posts += [(place, str(item["id"])) for item in page["items"]]
    pairs = (
        (users[(author + step) % len(users)], post_id)
        for step in range(1, len(users))
        for author, post_id in posts
    )
    return [_like(user, post_id) for user, post_id in itertools.islice(pairs, WRITES)]


def _like(user: PrewarmedUser, post_id: str) -> bytes:
    return request("PUT", f"/v1/posts/{post_id}/like", token=user.token, keyed=True)


def _follows(bench: Bench, users: Sequence[PrewarmedUser]) -> list[bytes]:
    """Follows that do not exist yet, spread over followers and followees."""
    existing = set(bench.graph.follows)
    people = len(users)
    pairs = (
        (follower, (follower + step) % people)
        for step in range(people // 2, 1, -1)
        for follower in range(people)
    )
    new = itertools.islice((pair for pair in pairs if pair not in existing), FOLLOWS)
    return [
        request("PUT", f"/v1/users/{users[followee].id}/follow", token=users[follower].token)
        for follower, followee in new
    ]


def _reached(bench: Bench, users: Sequence[PrewarmedUser]) -> float:
    """Followers of an author, and the author: everybody has a home."""
    return len(bench.graph.follows) / len(users) + 1


async def _refreshes(
    bench: Bench, measured: Meter, users: Sequence[PrewarmedUser]
) -> OperationCost:
    """The exchange of refresh tokens, by a few users side by side."""
    async with bench.stack.edge() as edge:
        # One after another: each takes the memory of a password hash.
        accounts = [await edge.sign_in(each.handle, PASSWORD) for each in users[:REFRESHERS]]
        await measured.quiet()
        before = await measured.read()

        async def repeat(place: int) -> None:
            account = accounts[place]
            for _ in range(REFRESHES_EACH):
                account = await edge.refresh(account)

        await asyncio.gather(*map(repeat, range(REFRESHERS)))
        await measured.quiet()
        return measured.cost(before, await measured.read(), REFRESHERS * REFRESHES_EACH)

"""What a number of registered people demands in the peak second, and stores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.sizing.assumptions import Assumptions
from bench.sizing.unit_costs import Cost, UnitCosts
from services.eventlog.domain.model import PRESENCE_GRACE
from services.timeline.domain.model import MAX_HOME

MINUTES_A_DAY = 24 * 60
SECONDS_A_DAY = MINUTES_A_DAY * 60
DAYS_A_YEAR = 365
PAGE = 20  # posts
# Of a recipient's id in an event.
ID_BYTES = 9
# Log entries of a write: of who wrote, and of who is notified.
ENTRIES_OF_A_WRITE = 2
GRACE_MINUTES = PRESENCE_GRACE.total_seconds() / 60

# Operations that a person requests, and the events, deliveries and sockets that follow.
HOME, CHANGED_HOME, STALE_NOTE, MERGED = "home", "home, changed", "home, note is stale", "merging"
PERSON, NOTIFICATIONS = "person", "notifications"
POST, LIKE, REPOST, FOLLOW, REFRESH = "post", "like", "repost", "follow", "refresh"
SEARCH, SUGGESTION, LOGIN = "search", "suggestion", "login"
UPLOAD, PICTURE = "upload", "picture"
DELIVERY, ARRIVAL, FRAME = "delivery", "arrival", "frame"
LOG_ENTRY, IDLE_SOCKET = "log entry", "idle socket"

# Parts of the one-machine stack that Kafka and an S3 service replace.
EMBEDDED = ("broker", "seaweedfs")
# Services that answer for a page of a home.
_READERS = ("timeline", "post", "user")


@dataclass(frozen=True)
class Audience:
    """How many people are there, and whom they follow."""

    people: float
    active: float
    homes: float
    # In the peak second.
    sockets: float
    present: float
    celebrities: float
    # Of a reader, of a day.
    celebrities_followed: float
    promotions: float
    # Homes that one post is written to.
    deliveries_of_a_post: float


def audience(people: float, assume: Assumptions) -> Audience:
    """Derive it from the number of registered people."""
    active = people * assume.daily_active
    online = assume.minutes_online / MINUTES_A_DAY * assume.peak_to_mean
    away = assume.sessions * GRACE_MINUTES / MINUTES_A_DAY * assume.peak_to_mean
    celebrities = people * _share_above(assume.followees, assume)
    ordinary = 1 - share_of_follows(assume.followers_of_authors, assume)
    return Audience(
        people=people,
        active=active,
        homes=active * assume.weekly_to_daily,
        sockets=active * min(online, 1.0),
        present=active * min(online + away, 1.0),
        celebrities=celebrities,
        celebrities_followed=assume.followees_of_readers
        * share_of_follows(assume.followees, assume),
        promotions=celebrities * assume.growth / DAYS_A_YEAR,
        deliveries_of_a_post=assume.followers_of_authors * ordinary * assume.followers_with_home,
    )


def share_of_follows(mean: float, assume: Assumptions) -> float:
    """The share of all follows that celebrities have, if people have so many followers on average.

    The number of followers is distributed by Pareto's law, whose mean fixes its least value.
    """
    least = least_followers(mean, assume)
    return math.pow(least / assume.celebrity_followers, assume.tail_exponent - 1)


def least_followers(mean: float, assume: Assumptions) -> float:
    """The least value of a Pareto distribution of that mean."""
    return mean * (assume.tail_exponent - 1) / assume.tail_exponent


def _share_above(mean: float, assume: Assumptions) -> float:
    """The share of people who are celebrities."""
    least = least_followers(mean, assume)
    return math.pow(least / assume.celebrity_followers, assume.tail_exponent)


def stale_reads(audience_: Audience, assume: Assumptions) -> float:
    """Home reads a day that find a merge note of an earlier set of celebrities.

    Each promotion makes the notes of all homes stale, and the next read of a session renews one.
    """
    return assume.sessions * (1 - math.exp(-audience_.promotions / assume.sessions))


def rates(audience_: Audience, assume: Assumptions) -> dict[str, float]:
    """Operations in the peak second."""
    peak = audience_.active * assume.peak_to_mean / SECONDS_A_DAY
    changed = assume.home_reads * assume.changed_homes
    pictures = assume.home_reads * PAGE * assume.media_share * assume.pictures_loaded
    a_day = {
        HOME: assume.home_reads - changed,
        CHANGED_HOME: changed,
        STALE_NOTE: stale_reads(audience_, assume),
        MERGED: assume.home_reads,
        PERSON: assume.person_reads,
        NOTIFICATIONS: assume.notification_reads,
        POST: assume.posts,
        LIKE: assume.likes,
        REPOST: assume.reposts,
        FOLLOW: assume.follows,
        REFRESH: assume.sessions,
        SEARCH: assume.searches,
        SUGGESTION: assume.suggestions,
        LOGIN: assume.logins,
        UPLOAD: assume.posts * assume.media_share,
        PICTURE: pictures,
    }
    a_second = {name: each * peak for name, each in a_day.items()}
    spread = a_second[POST] + a_second[REPOST]
    writes = sum(a_second[each] for each in (POST, LIKE, REPOST, FOLLOW))
    delivered = spread * audience_.deliveries_of_a_post
    arrivals = delivered * min(audience_.present / audience_.homes, 1.0)
    return a_second | {
        DELIVERY: delivered,
        ARRIVAL: arrivals,
        LOG_ENTRY: arrivals + writes * ENTRIES_OF_A_WRITE,
        FRAME: delivered * min(audience_.sockets / audience_.homes, 1.0) + writes,
        IDLE_SOCKET: audience_.sockets,
    }


def costs(units: UnitCosts, audience_: Audience, assume: Assumptions) -> dict[str, Cost]:
    """What one operation costs, without what the broker and the object store of one machine do."""
    delivery = _on_database(units.column("fanout", "CPU µs a delivery", "µs"), "user")
    reached = units.figure("unit-requests", "homes that a post reached")
    logged = units.column("log", "CPU µs an event", "µs")
    frame = units.column("sockets", "CPU µs a frame", "µs")
    unchanged = units.operation("home, unchanged").of(*_READERS)
    like = units.operation("like")
    found = {
        HOME: unchanged,
        CHANGED_HOME: units.operation("home, changed").of(*_READERS),
        STALE_NOTE: units.operation("home, note is stale", scenario="unit-homes")
        .of(*_READERS)
        .without(unchanged),
        MERGED: _merging(units, audience_),
        PERSON: units.operation("person").of("post", "user"),
        NOTIFICATIONS: units.operation("notifications").of("notification", "post", "user"),
        # Deliveries are counted by themselves.
        POST: units.operation("post").without(delivery * reached),
        LIKE: like,
        # A repost writes what a like writes, and is delivered as a post is.
        REPOST: like,
        FOLLOW: units.operation("follow"),
        REFRESH: units.operation("refresh").of("user"),
        SEARCH: _on_database(units.column("search", "CPU µs a request", "search, TOP"), "search"),
        SUGGESTION: _on_database(units.column("search", "CPU µs a request", "typeahead"), "search"),
        LOGIN: _on_database(units.column("logins", "CPU µs a login", "µs"), "user"),
        UPLOAD: Cost(
            {
                "media": units.figure("media", "CPU an upload, all processes") * 1e3,
                "media-work": units.figure("media", "CPU a picture, all processes") * 1e3,
            }
        ),
        PICTURE: Cost({"envoy": units.figure("media", "CPU a hit")}),
        DELIVERY: delivery,
        # Other entries of logs are in the costs of the writes that they follow from.
        ARRIVAL: _arriving(units, logged),
        FRAME: Cost({name: frame.cpu[name] for name in ("gateway", "envoy")}),
        IDLE_SOCKET: _on_database(
            Cost(
                {
                    part: units.figure("unit-events", f"idle socket, {part}")
                    for part in ("gateway", "envoy", "notification", "postgres")
                }
            ),
            "notification",
        ),
    }
    return {name: _without_embedded(cost) for name, cost in found.items()}


def _on_database(cost: Cost, noun: str) -> Cost:
    """A cost whose PostgreSQL is nearly all of one database."""
    return Cost(cost.cpu, {noun: cost.cpu.get("postgres", 0.0)}, cost.wal_bytes)


def _merging(units: UnitCosts, audience_: Audience) -> Cost:
    """The celebrities of a reader, merged into a page."""
    return Cost(
        {
            part: units.figure("unit-homes", f"celebrities merged, {part}")
            + audience_.celebrities_followed
            * units.figure("unit-homes", f"celebrity merged, {part}")
            for part in ("timeline", "valkey")
        }
    )


def _arriving(units: UnitCosts, logged: Cost) -> Cost:
    """An arrival in a log: into the database and onto a stream. It is deleted after some days."""
    database = units.figure("unit-events", "log entry, database") + units.figure(
        "unit-events", "log entry, trimmed, database"
    )
    processes = ("notification", "notification-work", "valkey")
    return Cost(
        {name: logged.cpu[name] for name in processes},
        {"notification": database},
        {"notification": units.figure("unit-events", "log entry, WAL")},
    )


def _without_embedded(cost: Cost) -> Cost:
    kept = {name: each for name, each in cost.cpu.items() if name not in EMBEDDED}
    return Cost(kept, cost.database_cpu, cost.wal_bytes)


def together(rates_: Mapping[str, float], costs_: Mapping[str, Cost]) -> Cost:
    """Microseconds of CPU and bytes of WAL in the peak second, by process and by database."""
    total = Cost()
    for name, cost in costs_.items():
        total += cost * rates_[name]
    return total


def stored_bytes(
    units: UnitCosts, audience_: Audience, assume: Assumptions
) -> Iterator[tuple[str, str, float]]:
    """What is stored: its name, the database or store that has it, and its bytes.

    A year of what stays, the retention of the rest, without copies but those of the broker.
    """
    mean = {
        name: rate * SECONDS_A_DAY / assume.peak_to_mean
        for name, rate in rates(audience_, assume).items()
    }

    def rows(kind: str, what: str) -> float:
        return units.figure("unit-requests", f"{kind}, {what}")

    written = {POST: mean[POST], LIKE: mean[LIKE] + mean[REPOST], FOLLOW: mean[FOLLOW]}
    yield "posts of a year", "post", mean[POST] * DAYS_A_YEAR * rows(POST, "rows that stay")
    engagement = written[LIKE] * DAYS_A_YEAR * rows(LIKE, "rows that stay")
    yield "likes and reposts of a year", "post", engagement
    follows = audience_.people * assume.followees * rows(FOLLOW, "rows that stay")
    yield "follows", "user", follows
    yield (
        "search index of a year",
        "search",
        mean[POST] * DAYS_A_YEAR * units.figure("search", "index"),
    )
    notified = sum(written[kind] * rows(kind, "notifications") for kind in (LIKE, FOLLOW))
    yield "notifications", "notification", notified * assume.notification_days
    events = mean[LOG_ENTRY] * assume.log_days
    yield "event logs", "notification", events * units.figure("unit-events", "log entry, row")
    inboxes = sum(
        number * assume.log_days * rows(kind, "inbox rows") for kind, number in written.items()
    )
    yield "inboxes", "notification", inboxes
    records = sum(number * rows(kind, "idempotency records") for kind, number in written.items())
    yield "idempotency records of a day", "post", records
    pictures = mean[UPLOAD] * DAYS_A_YEAR * assume.stored_picture
    yield "pictures of a year", "object store", pictures
    # A post and a repost have one event more: who received it.
    events = sum(written.values()) + mean[POST] + mean[REPOST]
    payload = events * units.figure("unit-events", "relay, payload")
    a_day = payload + mean[DELIVERY] * ID_BYTES
    yield "topics", "broker", a_day * assume.broker_days * assume.broker_replication


def home_bytes(units: UnitCosts, assume: Assumptions, *, stored: str) -> float:
    """The bytes of a home in Valkey, `stored` "by default" or "compact"."""
    full = units.figure("unit-homes", f"full home, {stored}")
    return full * min(assume.entries_of_home / MAX_HOME, 1.0)

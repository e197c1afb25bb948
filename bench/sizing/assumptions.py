"""What the model assumes and the bench cannot measure: people, their habits, and machines.

Each value has its unit, its meaning and its source, and can be replaced on the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

ASSUMED = "assumed"


class AssumptionInvalid(ValueError):
    """An override names no assumption, or has no positive number; the message is a sentence."""


@dataclass(frozen=True)
class Assumption:
    """One assumption, for tables."""

    name: str
    value: float
    unit: str
    meaning: str
    source: str


def _assumed(value: float, unit: str, meaning: str, source: str = ASSUMED) -> float:
    metadata = {"unit": unit, "meaning": meaning, "source": source}
    # What dataclasses read is a field with a default, and what its type says is the default.
    return field(default=value, metadata=metadata)


@dataclass(frozen=True)
class Assumptions:
    """All assumptions. Figures a day are of a person who is active on that day."""

    # People.
    daily_active: float = _assumed(
        0.10,
        "of registered",
        "active on an average day",
        "assumed. Mastodon, May 2022: 478,046 of 3,116,319 active in a month. Twitter, 2012: 150 M "
        "active, 505 M accounts (Krikorian; Gabielkov et al.)",
    )
    weekly_to_daily: float = _assumed(
        2.4,
        "times daily",
        "people who read within 7 days, and so have a home",
        "Bluesky, 2024: 0.8 M a week, 0.34 M a day",
    )
    growth: float = _assumed(
        0.6, "a year", "growth of registered people", "Bluesky, 2025: 25.9 M to 41.2 M"
    )
    peak_to_mean: float = _assumed(
        2.6,
        "times the mean",
        "the peak second",
        "Twitter, 2012: 12,000 and 4,600 posts/s (Krikorian)",
    )
    record_to_mean: float = _assumed(
        25, "times the mean", "the second of a record", "Twitter, August 2013: 143,199 and 5,700"
    )
    minutes_online: float = _assumed(
        32, "minutes a day", "with a socket", "X, October 2023: 32 minutes a day"
    )
    sessions: float = _assumed(8, "a day", "times that the app is opened, each with a refresh")

    # What they do.
    home_reads: float = _assumed(
        40,
        "a day",
        "pages of 20 posts: five a session",
        "assumed. Twitter, 2012: 300,000 reads and 4,600 posts a second, by clients that polled",
    )
    changed_homes: float = _assumed(0.7, "of home reads", "pages that changed since the last read")
    person_reads: float = _assumed(8, "a day", "pages of a user's posts, and threads")
    notification_reads: float = _assumed(8, "a day", "pages of notifications")
    posts: float = _assumed(
        1.15,
        "a day",
        "posts, with replies and quotes",
        "Bluesky, 2025: 1.41 G posts by 33.6 M registered people, the mean of the year",
    )
    reposts: float = _assumed(0.5, "a day", "reposts")
    likes: float = _assumed(5, "a day", "likes")
    follows: float = _assumed(0.5, "a day", "new follows")
    searches: float = _assumed(0.5, "a day", "searches, in the order TOP")
    suggestions: float = _assumed(2, "a day", "requests for suggestions while somebody types")
    logins: float = _assumed(0.02, "a day", "sign-ins by password")
    media_share: float = _assumed(
        0.17,
        "of posts",
        "with a picture",
        "Bluesky, 2025: 235 M of 1.41 G posts",
    )
    pictures_loaded: float = _assumed(0.5, "of pictures", "on pages that the client has not cached")
    public_share: float = _assumed(0.6, "of posts", "public and no replies: they change a counter")

    # The graph.
    followees: float = _assumed(
        46,
        "people",
        "followees of a registered person, mean",
        "Twitter, July 2012: 23 G follows of 505 M accounts (Gabielkov et al.)",
    )
    followees_of_readers: float = _assumed(100, "people", "followees of somebody who reads, mean")
    followers_of_authors: float = _assumed(
        126,
        "people",
        "followers of a post's author, mean over posts",
        "Twitter, 2009: 126 people receive a post (Weaver)",
    )
    followers_with_home: float = _assumed(0.5, "of followers", "have a home")
    tail_exponent: float = _assumed(
        1.276,
        "",
        "exponent of the share of people with more than so many followers (Pareto)",
        "Twitter, 2009: the density falls with 2.276, but for the extremes (Kwak et al.)",
    )
    celebrity_followers: float = _assumed(
        10_000, "followers", "above which posts are merged at read", "ROOST_CELEBRITY_FOLLOWERS"
    )
    most_followed: float = _assumed(0.05, "of readers", "follow the most followed celebrity")
    hottest_post: float = _assumed(
        0.03,
        "of likes",
        "of the peak second are of one post",
        "the Oscars' picture of 2014: a million reposts in 35 minutes beside 5,700 posts/s",
    )

    # What is stored.
    entries_of_home: float = _assumed(800, "entries", "of a home that is full", "the code")
    broker_days: float = _assumed(7, "days", "that topics are kept", "docs/retention.md")
    broker_replication: float = _assumed(3, "copies", "of each event", "usual")
    notification_days: float = _assumed(
        90, "days", "that notifications are kept", "docs/retention.md"
    )
    log_days: float = _assumed(7, "days", "that event logs and inboxes are kept", "the code")
    stored_picture: float = _assumed(500_000, "bytes", "of all files of a picture")
    loaded_picture: float = _assumed(60_000, "bytes", "of a picture in a list")
    compressed: float = _assumed(0.25, "of bytes", "of JSON after compression")

    # Machines, and how full they may be.
    utilisation: float = _assumed(0.6, "of a core", "that is planned to be used at the peak")
    partitions: float = _assumed(12, "partitions", "of each topic", "the chart")
    database_cores: float = _assumed(32, "cores", "of one PostgreSQL server")
    database_wal: float = _assumed(
        200_000_000, "bytes/s", "of WAL that one server writes and sends"
    )
    database_bytes: float = _assumed(
        8e12, "bytes", "of one server that can still be restored and vacuumed in a night"
    )
    database_connections: float = _assumed(1_000, "connections", "of one server without a pooler")
    pool: float = _assumed(10, "connections", "of a process", "ROOST_DATABASE_CONNECTIONS")
    commit: float = _assumed(
        0.001, "seconds", "that a commit waits for the disk and a synchronous replica"
    )
    acknowledgement: float = _assumed(
        0.02, "seconds", "until all in-sync replicas have a batch of events"
    )
    valkey_network: float = _assumed(1.25e9, "bytes/s", "that one Valkey server sends: 10 Gbit/s")
    valkey_bytes: float = _assumed(64e9, "bytes", "of one Valkey server")
    postgres_search: float = _assumed(
        4_500_000, "posts", "that PostgreSQL searches within the goal", "ADR 47"
    )
    sockets_of_gateway: float = _assumed(10_000, "sockets", "of a process", "ROOST_MAX_SOCKETS")
    sockets_of_edge: float = _assumed(8_000, "sockets", "of an Envoy", "MAX_CONNECTIONS")

    def table(self) -> Iterator[Assumption]:
        """Each assumption, in order."""
        for each in fields(self):
            about = each.metadata
            yield Assumption(
                each.name,
                getattr(self, each.name),
                about["unit"],
                about["meaning"],
                about["source"],
            )

    def at_record(self) -> Assumptions:
        """The same, with the second of a record as the peak."""
        return replace(self, peak_to_mean=self.record_to_mean)

    def overridden(self, overrides: Iterable[str]) -> Assumptions:
        """The same, with some values replaced: each is `name=number`. Raises AssumptionInvalid."""
        names = {each.name for each in fields(self)}
        changes: dict[str, Any] = {}
        for override in overrides:
            name, _, text = override.partition("=")
            if name not in names:
                raise AssumptionInvalid(f"There is no assumption {name}.")
            changes[name] = _positive(name, text)
        return replace(self, **changes)


def _positive(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise AssumptionInvalid(f"{name} takes a positive number, not {text!r}.")
    return value

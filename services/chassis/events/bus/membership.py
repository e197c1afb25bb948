"""Whether a member of a consumer group has partitions, and what is to be done where it has none.

A broker may forget a member, or wait in vain for one that died: then the member is connected, asks
again and again, and gets nothing, with no error at all. Only the absence of an assignment shows it.
"""

import time
from collections import Counter as Tally
from collections.abc import Callable, Collection
from enum import Enum, auto

from prometheus_client import Counter, Gauge

# Brokers hand out partitions within seconds; the one out of a wheel waits for three at each
# change of a group.
UNASSIGNED_SECONDS = 15.0
# How long a member without partitions waits before it joins again: longer each time, so that many
# of them do not keep their group in motion.
REJOIN_SECONDS = (20.0, 160.0)

_partitions = Gauge(
    "roost_consumer_partitions",
    "Partitions that this member of a group works on",
    ["group", "topic"],
)
_rejoins = Counter(
    "roost_consumer_rejoins_total",
    "Times that a member which had no partitions joined its group again",
    ["group"],
)


class RejoinDecision(Enum):
    """What a member does next."""

    GO_ON = auto()
    # Find out whether other members hold all partitions.
    LOOK = auto()
    # Leave, and join as a new member.
    REJOIN = auto()


class Membership:
    """What is known of one member. The consumer's thread writes, any thread may read.

    A member without partitions is as it should be where the group has settled and gave it none,
    and others hold all of them: there are more members than partitions. It is on standby then.
    """

    def __init__(
        self,
        group: str,
        topics: Collection[str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._topics = topics
        self._monotonic = monotonic
        self._held: frozenset[tuple[str, int]] = frozenset()
        self._without_since: float | None = monotonic()
        self._joined = self._record_check = monotonic()
        self._settled_without = False
        self._standby = False
        self._refusal: str | None = None
        self._patience = REJOIN_SECONDS[0]
        self._show_held()

    def joined(self) -> None:
        """The member begins to join the group."""
        self._joined = self._record_check = self._monotonic()
        self._settled_without = False

    def holds(self, places: Collection[tuple[str, int]], *, settled: bool) -> None:
        """The partitions of the member are these now; `settled` where the group assigned them."""
        self._held = frozenset(places)
        self._show_held()
        if settled:
            self._refusal = None
        if self._held:
            self._without_since = None
            self._standby = self._settled_without = False
            self._patience = REJOIN_SECONDS[0]
            return
        self._settled_without = settled
        if self._without_since is None:
            self._without_since = self._record_check = self._joined = self._monotonic()

    def _show_held(self) -> None:
        held = Tally(topic for topic, _ in self._held)
        for topic in self._topics:
            _partitions.labels(self._group, topic).set(held[topic])

    def rejoin_decision(self) -> RejoinDecision:
        """What to do now, as the member has waited for so long."""
        since = self._without_since
        if since is None:
            return RejoinDecision.GO_ON
        now = self._monotonic()
        if not self._standby and now - self._joined >= self._patience:
            return RejoinDecision.REJOIN
        if self._settled_without and now - self._record_check >= UNASSIGNED_SECONDS / 2:
            return RejoinDecision.LOOK
        return RejoinDecision.GO_ON

    def record_check(self, *, others_hold_all: bool) -> None:
        """Notes who holds the partitions."""
        self._record_check = self._monotonic()
        if self._standby and not others_hold_all:
            self._joined = self._record_check
        self._standby = others_hold_all

    def rejoins(self) -> None:
        """The member leaves to join again."""
        _rejoins.labels(self._group).inc()
        self._patience = min(self._patience * 2, REJOIN_SECONDS[1])

    def refused(self, reason: str) -> None:
        """The member and a broker do not accept each other."""
        self._refusal = reason

    def unready(self) -> str | None:
        """That the member has been without partitions for too long, or is refused by the brokers;
        None where all is well."""
        since = self._without_since
        if since is None or self._standby:
            return None
        if self._refusal is not None:
            return f"consumer group {self._group} cannot connect to a broker: {self._refusal}"
        seconds = self._monotonic() - since
        if seconds < UNASSIGNED_SECONDS:
            return None
        return f"consumer group {self._group} has given no partition for {seconds:.0f} s"

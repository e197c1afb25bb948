"""The pictures of docs/runbook.md: panels that answer a question, drawn after a fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.dashboards.catalogue import DASHBOARDS
from local.dashboards.drawing import Source, chosen, drawn

# Of the pictures, in dots an inch: a panel is 430 dots wide.
RESOLUTION = 60


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Titles of panels by the name of their dashboard. ``name`` is that of the file."""

    name: str
    question: str
    panels: Mapping[str, Sequence[str]]

    def draw(self, source: Source, folder: Path) -> None:
        """Write the picture of the period of a source."""
        by_name = {each.name: each for each in DASHBOARDS}
        rows = [chosen(by_name[name], titles) for name, titles in self.panels.items()]
        drawn(rows, source).savefig(folder / f"{self.name}.png", dpi=RESOLUTION)


# By the name of the fault in `tests.soak.faults`.
PICTURES = {
    "a storm of 5xx: the gateway is away": [
        Picture(
            name="us-or-the-network",
            question="Is it us or the network?",
            panels={
                "edge": [
                    "How are requests answered?",
                    "How many connections are closed at once, and why?",
                    "How many calls break without an answer of the service?",
                ]
            },
        )
    ],
    "the database of the Post service is away": [
        Picture(
            name="which-part-fails",
            question="Which part fails?",
            panels={
                "edge": ["Which family fails requests?"],
                "overview": ["Which service fails calls?"],
                "processes": ["Which methods fail?"],
            },
        )
    ],
    "a consumer is frozen: timeline-work": [
        Picture(
            name="late-homes",
            question="Why are homes late?",
            panels={
                "timelines": [
                    "How long does a post take to reach homes?",
                    "How far behind is fan-out?",
                ],
                "kafka": ["How many partitions does each group work on?"],
            },
        )
    ],
    "the Timeline service is slow": [
        Picture(
            name="slow-reads",
            question="Why are reads slow?",
            panels={
                "overview": ["How long do calls take, p99?", "How late is the event loop, p99?"],
                "processes": ["Which methods are slow for their callers, p99?"],
            },
        ),
        Picture(
            name="cores",
            question="Which service eats the cores?",
            panels={
                "overview": ["How much CPU does each service use, in cores?"],
                "processes": [
                    "How much CPU does each process use, in cores?",
                    "Which methods are called most?",
                ],
            },
        ),
    ],
    "a record that is no event": [
        Picture(
            name="lost",
            question="Is anything lost?",
            panels={
                "kafka": [
                    "What becomes of events?",
                    "How many batches fail, and how many events are refused?",
                ],
                "streams": ["How many devices lose events?"],
            },
        )
    ],
    "Search is away": [
        Picture(
            name="release",
            question="Was it the release?",
            panels={
                "processes": [
                    "For how long has each process been running?",
                    "How much memory does each process use?",
                ],
                "overview": ["Which service fails calls?"],
            },
        )
    ],
    "one address floods the sign-in": [
        Picture(
            name="attack",
            question="Is it an attack, or one user?",
            panels={
                "edge": [
                    "How many requests does the edge refuse, and why?",
                    "Which family has how many requests?",
                ],
                "processes": ["How many password hashes run or wait?"],
            },
        )
    ],
    "a session locks a table of the Post service": [
        Picture(
            name="full",
            question="What runs full next?",
            panels={
                "overview": ["How full are the processes, by requests in flight?"],
                "postgres": ["How full is the fullest pool?", "How many worker numbers are taken?"],
            },
        )
    ],
    "the broker is away": [
        Picture(
            name="late-notifications",
            question="Why are notifications, pushes or mails late?",
            panels={
                "streams": [
                    "How long does an event take into the log?",
                    "How long does an event take from the log to a socket?",
                ],
                "delivery": ["How far behind are notifications?"],
            },
        )
    ],
}

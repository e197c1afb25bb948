"""Circles of users who all follow each other: each has 20 followers and follows 20."""

from __future__ import annotations

from local.graph import Graph

FOLLOWERS = 20
MEMBERS = FOLLOWERS + 1


def circles(number: int) -> Graph:
    """Return so many circles; those of a circle have adjacent places."""
    follows = tuple(
        (first + one, first + other)
        for first in range(0, number * MEMBERS, MEMBERS)
        for one in range(MEMBERS)
        for other in range(MEMBERS)
        if one != other
    )
    return Graph(number * MEMBERS, follows)


def writers_of(number: int, turn: int) -> list[int]:
    """The places of one member of each circle; another member's with each turn."""
    return [first + turn % MEMBERS for first in range(0, number * MEMBERS, MEMBERS)]


def readers_of(number: int, turn: int) -> list[int]:
    """The places of the other members: the post of a writer reaches each of them once."""
    away = set(writers_of(number, turn))
    return [place for place in range(number * MEMBERS) if place not in away]

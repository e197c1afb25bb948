"""Social graphs: read from an edge list, or generated with a heavy tail like real ones."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path


class GraphFileInvalid(ValueError):
    """The file is no edge list; the message names the file and the wrong line."""


@dataclass(frozen=True)
class Graph:
    """People numbered from 0, and who follows whom as sorted (follower, followee) pairs."""

    people: int
    follows: tuple[tuple[int, int], ...]

    def followees(self) -> dict[int, set[int]]:
        """Return the followees of each person."""
        found: dict[int, set[int]] = {person: set() for person in range(self.people)}
        for follower, followee in self.follows:
            found[follower].add(followee)
        return found

    def followers(self) -> dict[int, set[int]]:
        """Return the followers of each person."""
        found: dict[int, set[int]] = {person: set() for person in range(self.people)}
        for follower, followee in self.follows:
            found[followee].add(follower)
        return found


def read_graph(path: Path) -> Graph:
    """Read an undirected edge list, a pair of whole numbers a line, each edge a mutual follow.

    Empty lines and lines that begin with # or % are skipped, and so are repeated pairs and pairs of
    a person with itself. People are numbered in the order of their names.
    Raises GraphFileInvalid, also if the file cannot be read or has no edge.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise GraphFileInvalid(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise GraphFileInvalid(f"{path}: not a text file") from error
    edges: set[tuple[int, int]] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.replace(",", " ").split()
        if not words or words[0][0] in "#%":
            continue
        if len(words) < 2 or not all(word.isdigit() for word in words[:2]):
            raise GraphFileInvalid(f"{path}:{number}: not a pair of whole numbers: {line[:60]!r}")
        one, other = int(words[0]), int(words[1])
        if one != other:
            edges |= {(one, other), (other, one)}
    if not edges:
        raise GraphFileInvalid(f"{path}: no edge is in it")
    names = sorted({one for one, _ in edges})
    numbers = {name: number for number, name in enumerate(names)}
    follows = sorted((numbers[one], numbers[other]) for one, other in edges)
    return Graph(people=len(names), follows=tuple(follows))


def make_graph(people: int, follows_each: int, *, seed: int = 1) -> Graph:
    """Generate a directed graph with a heavy tail of follower counts; the same for the same seed.

    People join one after another and follow people in proportion to their followers (preferential
    attachment, Barabási and Albert 1999). One follow in four goes to a random person, one in three
    is returned.
    """
    if people < 2:
        raise ValueError("a graph needs at least 2 people")
    dice = random.Random(seed)  # noqa: S311  a test graph, not a secret
    follows: set[tuple[int, int]] = set()
    followed: list[int] = [0]
    for person in range(1, people):
        for _ in range(min(follows_each, person)):
            anybody = dice.random() < 0.25
            other = dice.randrange(person) if anybody else dice.choice(followed)
            if other == person:
                continue
            follows.add((person, other))
            followed.append(other)
            if dice.random() < 1 / 3:
                follows.add((other, person))
                followed.append(person)
        followed.append(person)
    return Graph(people=people, follows=tuple(sorted(follows)))

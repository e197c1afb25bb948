"""Reads every list: skeleton → hydrate → rules; the protocol presents it.

A skeleton is a page of what stands on a list, with the token of the page after it. Its bodies are
loaded, the rules drop what does not belong there, and what is missing then is filled up from
further skeletons, so that a reader never meets a short page in the middle of a list, nor an empty
one at its end: there is a next page only where there is something to show on it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.core.hydrate import Hydrated

E = TypeVar("E")

# Rounds that ask for just as many entries as are missing: few are dropped as a rule.
NARROW_ROUNDS = 3
# After those, each round looks through as many as a service gives at once.
WIDE_SIZE = 100
# With these a page has looked through a whole stored home (800) before it is returned short, or
# with a next page that may be empty.
MAX_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Skeleton(Generic[E]):
    """A page of entries, and the token of the next one (empty on the last).

    `hydrated` is set where the same call brought the bodies along. Such a service has decided what
    is shown, and gives a token only where something follows that is. Of others, `next_entry` is
    what the next page begins with, where they say it.
    """

    entries: list[E]
    next_token: str
    hydrated: Hydrated | None = None
    next_entry: E | None = None


@dataclass(slots=True)
class Page(Generic[E]):
    """The entries that belong on the page, what it takes to show them, and where to go on."""

    entries: list[E]
    hydrated: Hydrated
    next_token: str


Source = Callable[[str, int], Awaitable[Skeleton[E]]]
Hydrate = Callable[[Sequence[E]], Awaitable[Hydrated]]
Rule = Callable[[E, Hydrated], bool]


async def read_page(
    source: Source[E], rule: Rule[E], *, token: str, size: int, hydrate: Hydrate[E] | None = None
) -> Page[E]:
    """Reads the page of `size` entries that `token` leads to (the first one if it is empty).

    The next token stands behind the last entry that is shown, and before the first that follows
    and belongs there: walking the pages skips nothing and repeats nothing. It is empty where none
    follows. A page that is full costs no further call to know that, unless what comes right behind
    it is dropped, too. The page is short only at the end of the list; or where MAX_ROUNDS found no
    more, and then there is a next token all the same.
    """
    page: Page[E] = Page([], Hydrated(), token)
    moved = False
    for number in range(MAX_ROUNDS):
        missing = size - len(page.entries)
        wanted = _wanted(missing, size, narrow=number < NARROW_ROUNDS or moved)
        skeleton = await source(page.next_token, wanted)
        found = skeleton.hydrated
        if found is None:
            found = await hydrate(_all_of(skeleton)) if hydrate else Hydrated()
        kept = [place for place, entry in enumerate(skeleton.entries) if rule(entry, found)]
        if kept and not missing:
            return page  # what follows is known now

        goes_on = len(kept) > missing
        if goes_on:
            # A wide round found more than fits. The token must stand right behind the last entry
            # that does, so that stretch is asked for again. If the list moved in between, the
            # next round asks for no more than fits.
            kept = kept[:missing]
            stretch = kept[-1] + 1
            shorter = await source(page.next_token, stretch)
            moved = shorter.entries != skeleton.entries[:stretch]
            if moved:
                continue
            skeleton = shorter

        page.entries += [skeleton.entries[place] for place in kept]
        page.hydrated.add(found)
        page.next_token = skeleton.next_token
        if not page.next_token:
            return page
        if len(page.entries) >= size and (goes_on or _goes_on(skeleton, rule, found)):
            return page
    return page


def _wanted(missing: int, size: int, *, narrow: bool) -> int:
    """How many entries a round asks for; a full page only looks at what follows."""
    if narrow:
        return missing or size
    return max(missing, WIDE_SIZE)


def _all_of(skeleton: Skeleton[E]) -> list[E]:
    if skeleton.next_entry is None:
        return skeleton.entries
    return [*skeleton.entries, skeleton.next_entry]


def _goes_on(skeleton: Skeleton[E], rule: Rule[E], found: Hydrated) -> bool:
    """Whether it is known that the next page has something to show."""
    if skeleton.hydrated is not None:
        return True
    return skeleton.next_entry is not None and rule(skeleton.next_entry, found)

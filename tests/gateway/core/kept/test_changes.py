"""The changes that are remembered decide like a list of all changes, or more carefully."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.kept.changes import Changes

REPORTS = st.lists(st.one_of(st.none(), st.lists(st.integers(1, 12), max_size=5)), max_size=30)


def test_a_change_affects_what_was_read_before_it() -> None:
    changes = Changes()
    before = changes.sequence

    changes.add([7, 8])

    assert changes.affect([1, 7], before)
    assert not changes.affect([1, 2], before)
    assert not changes.affect([7], changes.sequence)


def test_a_loss_affects_everything_that_was_read_before_it() -> None:
    changes = Changes()
    before = changes.sequence

    changes.lose()

    assert changes.affect([1], before)
    assert not changes.affect([1], changes.sequence)


def test_only_the_last_changes_are_remembered() -> None:
    changes = Changes(most=3)
    before = changes.sequence
    changes.add([1])
    between = changes.sequence

    changes.add([2, 3, 4])

    assert changes.affect([9], before)
    assert not changes.affect([9], between)
    assert changes.affect([4], between)


def test_more_changes_at_once_than_are_remembered_affect_everything() -> None:
    changes = Changes(most=3)
    before = changes.sequence

    changes.add(range(10))

    assert changes.affect([99], before)
    assert not changes.affect([99], changes.sequence)


@given(REPORTS, st.lists(st.integers(1, 12), min_size=1, max_size=4), st.integers(1, 20))
def test_no_change_is_ever_missed(
    reports: list[list[int] | None], dependencies: list[int], most: int
) -> None:
    changes = Changes(most=most)
    history: list[tuple[int, set[int] | None]] = [(changes.sequence, set())]
    for report in reports:
        if report is None:
            changes.lose()
        else:
            changes.add(report)
        history.append((changes.sequence, None if report is None else set(report)))

    for place, (since, _) in enumerate(history):
        after = [changed for _, changed in history[place + 1 :]]
        affected = any(changed is None or changed & set(dependencies) for changed in after)
        # What is forgotten counts as changed; with enough room nothing is.
        if affected:
            assert changes.affect(dependencies, since)
        elif most >= 12:
            assert not changes.affect(dependencies, since)

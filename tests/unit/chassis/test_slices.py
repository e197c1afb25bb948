"""The slices of an outbox cover all shard keys, each key once, in every division."""

from itertools import pairwise

import pytest

from services.chassis.runtime.settings import SLICE_COUNTS
from services.chassis.storage.slices import Slice, slices_of

divisions = pytest.mark.parametrize("count", SLICE_COUNTS)
pairs = pytest.mark.parametrize(
    ("one", "other"), [(one, other) for one in SLICE_COUNTS for other in SLICE_COUNTS]
)


def meet(one: Slice, other: Slice) -> bool:
    """Whether a hash is in both."""
    return one.hashes[0] <= other.hashes[1] and other.hashes[0] <= one.hashes[1]


@divisions
def test_slices_cover_all_hashes_without_a_gap(count: int) -> None:
    hashes = [each.hashes for each in slices_of(count)]

    assert (hashes[0][0], hashes[-1][1]) == (-(1 << 31), (1 << 31) - 1)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(hashes))


@divisions
def test_slices_are_equal_in_size(count: int) -> None:
    sizes = {each.hashes[1] - each.hashes[0] for each in slices_of(count)}

    assert len(sizes) == 1


@divisions
def test_a_slice_is_a_set_of_whole_shards_if_there_are_as_many_or_more(count: int) -> None:
    shards = [each.hashes for each in slices_of(SLICE_COUNTS[-1])]

    for each in slices_of(count):
        lowest, highest = each.hashes
        inside = [low >= lowest and high <= highest for low, high in shards]
        assert sum(inside) == len(shards) // count


@pairs
def test_slices_meet_exactly_if_one_contains_the_other_in_the_tree(one: int, other: int) -> None:
    for first in slices_of(one):
        for second in slices_of(other):
            related = (
                first.node == second.node
                or first.node in second.ancestors
                or second.node in first.ancestors
            )
            assert meet(first, second) == related


def test_the_whole_outbox_is_the_root_of_all_slices() -> None:
    (whole,) = slices_of(1)

    assert whole.is_whole
    assert (whole.node, whole.ancestors) == (1, ())
    assert all(each.ancestors[-1] == 1 for each in slices_of(8))
    assert not any(each.is_whole for each in slices_of(8))


def test_no_two_slices_of_any_division_have_one_node() -> None:
    nodes = [each.node for count in SLICE_COUNTS for each in slices_of(count)]

    assert len(nodes) == len(set(nodes))

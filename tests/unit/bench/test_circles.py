"""Circles: one post of each changes every other home by one entry."""

from bench.circles import FOLLOWERS, MEMBERS, circles, readers_of, writers_of


def test_everybody_has_20_followers_and_follows_20() -> None:
    graph = circles(3)

    assert {len(each) for each in graph.followers().values()} == {FOLLOWERS}
    assert {len(each) for each in graph.followees().values()} == {FOLLOWERS}


def test_a_turn_reaches_each_reader_by_one_writer() -> None:
    followees = circles(3).followees()

    for turn in range(MEMBERS + 1):
        writers = set(writers_of(3, turn))
        readers = readers_of(3, turn)
        assert len(readers) == 3 * FOLLOWERS
        assert all(len(followees[reader] & writers) == 1 for reader in readers)


def test_readers_are_in_the_order_of_their_writers() -> None:
    followees = circles(2).followees()
    readers = readers_of(2, 4)

    for place, writer in enumerate(writers_of(2, 4)):
        circle = readers[place * FOLLOWERS : (place + 1) * FOLLOWERS]
        assert all(writer in followees[reader] for reader in circle)


def test_the_next_turn_has_other_writers() -> None:
    assert not set(writers_of(3, 0)) & set(writers_of(3, 1))

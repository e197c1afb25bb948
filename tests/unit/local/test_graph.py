"""Edge lists are read as mutual follows; other files are refused with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.graph import Graph, GraphFileInvalid, make_graph, read_graph


def written(folder: Path, content: bytes) -> Path:
    path = folder / "graph.edges"
    path.write_bytes(content)
    return path


def test_each_edge_is_a_follow_both_ways_whatever_is_repeated(tmp_path: Path) -> None:
    path = written(tmp_path, b"# people\n\n10 30\n30,10\n20 20\n30 20 0.5\n")

    graph = read_graph(path)

    assert graph == Graph(people=3, follows=((0, 2), (1, 2), (2, 0), (2, 1)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"1 2\n3\n", ":2: not a pair of whole numbers: '3'"),
        (b"1 -2\n", ":1: not a pair of whole numbers: '1 -2'"),
        (b"# nothing\n7 7\n", ": no edge is in it"),
        (b"\xff\xfe\x00", ": not a text file"),
    ],
)
def test_what_is_no_edge_list_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = written(tmp_path, content)

    with pytest.raises(GraphFileInvalid) as refusal:
        read_graph(path)

    assert str(refusal.value) == f"{path}{reason}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraphFileInvalid, match=r"absent: No such file or directory$"):
        read_graph(tmp_path / "absent")


def test_a_made_graph_has_a_heavy_tail_and_comes_out_the_same() -> None:
    graph = make_graph(400, 5)

    followers = sorted(map(len, graph.followers().values()))
    assert graph == make_graph(400, 5)
    assert followers[-1] > 10 * followers[len(followers) // 2]
    assert all(follower != followee for follower, followee in graph.follows)

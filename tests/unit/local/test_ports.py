"""Each name keeps its port, and no port in use is taken."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ports import CHOICE, HOST, Ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def test_usual_port_is_chosen_where_it_is_free(tmp_path: Path, free: int) -> None:
    ports = Ports(tmp_path / "ports.json", usual={"edge": free})

    assert ports.address("edge") == f"127.0.0.1:{free}"
    ports.release()


def test_taken_port_is_avoided(tmp_path: Path, taken: int) -> None:
    ports = Ports(tmp_path / "ports.json", usual={"edge": taken})

    assert ports.port("edge") != taken
    ports.release()


def test_port_is_the_same_at_the_next_start(tmp_path: Path) -> None:
    before = Ports(tmp_path / "ports.json")
    chosen = before.port("edge")
    before.release()

    after = Ports(tmp_path / "ports.json")

    assert after.port("edge") == chosen
    after.release()


def test_remembered_port_is_given_up_when_somebody_else_has_taken_it(tmp_path: Path) -> None:
    before = Ports(tmp_path / "ports.json")
    chosen = before.port("edge")
    before.release()

    with socket.socket() as other:
        other.bind((HOST, chosen))
        other.listen()
        after = Ports(tmp_path / "ports.json")

        assert after.port("edge") != chosen
        after.release()


def test_two_stacks_never_claim_one_port(tmp_path: Path, free: int) -> None:
    first = Ports(tmp_path / "first.json", usual={"edge": free})
    second = Ports(tmp_path / "second.json", usual={"edge": free})

    assert first.port("edge") == free
    assert second.port("edge") != free
    first.release()
    second.release()


def test_a_second_port_at_a_distance_is_claimed_too(tmp_path: Path) -> None:
    ports, others = Ports(tmp_path / "ports.json"), Ports(tmp_path / "others.json")

    first = ports.port_below("admin", distance=10_000)

    assert ports.port_below("admin", distance=10_000) == first
    assert not others._claim(first)
    assert not others._claim(first + 10_000)
    ports.release()


def test_a_pair_of_ports_is_the_same_at_the_next_start(tmp_path: Path) -> None:
    before = Ports(tmp_path / "ports.json")
    chosen = before.port_below("admin", distance=10_000)
    before.release()

    after = Ports(tmp_path / "ports.json")

    assert after.port_below("admin", distance=10_000) == chosen
    after.release()


def test_a_remembered_port_without_room_above_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    file.write_text('{"admin": 31000}')
    ports = Ports(file)

    chosen = ports.port_below("admin", distance=10_000)

    assert chosen + 10_000 in CHOICE
    ports.release()

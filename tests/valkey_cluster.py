"""A Valkey cluster of three nodes on this machine."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.crc import key_slot

from local import wheels
from local.ports import Ports
from tests.waiting import LIMIT

NODES = 3
_SLOTS = 16_384


class ValkeyCluster:
    """Three nodes, each with a third of the slots and no replica. `url` names the first."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._ports = Ports(folder / "ports.json")
        self._nodes = [self._ports.port(f"node{number}") for number in range(NODES)]
        self._buses = [self._ports.port(f"bus{number}") for number in range(NODES)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.url = f"redis+cluster://127.0.0.1:{self._nodes[0]}/0"

    def start(self) -> None:
        """Starts the nodes that do not run, and waits until the cluster takes commands.

        The nodes die with the thread that starts them.
        """
        for number in range(NODES):
            if number not in self._processes:
                self._processes[number] = self._run(number)
        for number in range(NODES):
            self._wait_for(number, lambda node: node.ping())
        with self._node(0) as node:
            is_new = node.cluster("info")["cluster_slots_assigned"] == "0"
        if is_new:
            self._join()
        for number in range(NODES):
            self._wait_for(number, self._is_complete)

    def stop_node(self, number: int) -> None:
        """Kills a node. Its keys are lost."""
        process = self._processes.pop(number)
        process.kill()
        process.wait()

    def clear(self) -> None:
        """Deletes all keys."""
        for number in range(NODES):
            with self._node(number) as node:
                node.flushall()

    def node_of(self, key: str) -> int:
        """The number of the node that has a key of a new cluster."""
        return key_slot(key.encode()) * NODES // _SLOTS

    def move(self, key: str, to: int, *, finish: bool = True) -> None:
        """Moves the slot of a key, with its keys, or only begins to move it: the node that has it
        then names the other for keys that it does not have."""
        slot, source = key_slot(key.encode()), self._owner(key)
        with self._node(source) as old, self._node(to) as new:
            names = [str(each.execute_command("CLUSTER MYID"), "ascii") for each in (old, new)]
            new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[0])
            old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names[1])
            keys = old.execute_command("CLUSTER GETKEYSINSLOT", slot, 1000)
            if keys:
                old.execute_command(
                    "MIGRATE", "127.0.0.1", self._nodes[to], "", 0, 5000, "KEYS", *keys
                )
        if finish:
            # First on the new node, and then without waiting for gossip.
            for number in (to, *(each for each in range(NODES) if each != to)):
                with self._node(number) as node:
                    node.execute_command("CLUSTER SETSLOT", slot, "NODE", names[1])

    def _owner(self, key: str) -> int:
        slot = key_slot(key.encode())
        with self._node(0) as node:
            for first, last, (_, port, *_), *_ in node.execute_command("CLUSTER SLOTS"):
                if first <= slot <= last:
                    return self._nodes.index(port)
        raise LookupError(key)

    def nodes_with_listeners(self) -> list[int]:
        """The numbers of the nodes on which somebody listens to a channel."""
        return [number for number in self._processes if self._has_listener(number)]

    def wait_for_listener(self) -> None:
        """Returns once somebody listens to a channel on a node that runs."""
        end = time.monotonic() + LIMIT
        while not self.nodes_with_listeners():
            if time.monotonic() > end:
                raise TimeoutError("nobody listens")
            time.sleep(0.02)

    def _has_listener(self, number: int) -> bool:
        with self._node(number) as node:
            return bool(node.pubsub_channels())

    def close(self) -> None:
        """Kills the nodes."""
        for number in list(self._processes):
            self.stop_node(number)
        self._ports.release()

    def _run(self, number: int) -> subprocess.Popen[bytes]:
        folder = self._folder / str(number)
        folder.mkdir(exist_ok=True)
        port, bus = self._nodes[number], self._buses[number]
        return subprocess.Popen(
            [
                *wheels.launcher(signal.SIGKILL, None),
                self._program,
                *f"--port {port} --bind 127.0.0.1 --dir {folder}".split(),
                *("--save", ""),
                *f"--cluster-enabled yes --cluster-port {bus} --cluster-node-timeout 2000".split(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def _join(self) -> None:
        for number in range(NODES):
            first, last = (_SLOTS * each // NODES for each in (number, number + 1))
            with self._node(number) as node:
                node.execute_command("CLUSTER ADDSLOTSRANGE", first, last - 1)
                node.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                if number:
                    node.execute_command(
                        "CLUSTER MEET", "127.0.0.1", self._nodes[0], self._buses[0]
                    )

    def _node(self, number: int) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self._nodes[number], socket_timeout=LIMIT)

    @staticmethod
    def _is_complete(node: redis.Redis) -> bool:
        state = node.cluster("info")
        return state["cluster_state"] == "ok" and state["cluster_size"] == str(NODES)

    def _wait_for(self, number: int, condition: Callable[[redis.Redis], bool]) -> None:
        end = time.monotonic() + LIMIT
        with self._node(number) as node:
            while True:
                try:
                    if condition(node):
                        return
                except redis.ConnectionError:
                    pass
                if time.monotonic() > end:
                    raise TimeoutError(f"node {number} of the cluster is not ready")
                time.sleep(0.02)

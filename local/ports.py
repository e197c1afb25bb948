"""Chooses a free loopback port for each name and remembers it for later starts."""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"

# Below the range of Linux for outgoing connections, so that none of them takes such a port.
CHOICE = range(20_000, 32_000)


def runtime_folder() -> Path:
    """Return this user's folder for files of running processes: claims of ports, and sockets.

    Its path is short, because paths of sockets must be. Raises FolderNotOwn if another user may
    have made the folder, or may enter it.
    """
    folder = Path(tempfile.gettempdir()) / f"roost-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise FolderNotOwn(f"{folder} is not a folder that its owner alone may enter")
    return folder


class FolderNotOwn(Exception):
    """Another user may write to the folder of this user's sockets."""


class NoFreePort(Exception):
    """All candidate ports are taken."""


class Ports:
    """Ports by name, remembered in ``file``.

    ``port`` returns the remembered number of a name if no other process listens on it; otherwise
    the usual one of that name, or if that is taken too, a free one. A port stays claimed until
    ``release``, also against other stacks of this user that have not bound their ports yet.
    """

    def __init__(self, file: Path, *, usual: Mapping[str, int] | None = None) -> None:
        self._file = file
        self._usual = usual or {}
        self._remembered: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        self._claimed: dict[str, int] = {}
        self._locks: list[IO[bytes]] = []

    def port(self, name: str) -> int:
        """Return the port of ``name``, claiming one at the first call."""
        if name not in self._claimed:
            self._claimed[name] = self._choose(name)
            self._remember(name, self._claimed[name])
        return self._claimed[name]

    def port_below(self, name: str, *, distance: int) -> int:
        """Return the port of ``name``, for a program that also listens ``distance`` above it; both
        are claimed at the first call."""
        if name not in self._claimed:
            self._claimed[name] = self._choose_pair(name, distance)
            self._remember(name, self._claimed[name])
        return self._claimed[name]

    def address(self, name: str) -> str:
        """Return ``host:port`` of ``name``."""
        return f"{HOST}:{self.port(name)}"

    def release(self) -> None:
        """Release every claim; the numbers stay remembered."""
        for lock in self._locks:
            lock.close()
        self._locks.clear()
        self._claimed.clear()

    def _choose(self, name: str) -> int:
        candidates = [self._remembered.get(name), self._usual.get(name)]
        candidates += random.sample(CHOICE, 200)
        for port in candidates:
            if port is not None and self._claim(port):
                return port
        raise NoFreePort(f"No free port was found for {name}")

    def _choose_pair(self, name: str, distance: int) -> int:
        pairs = range(CHOICE.start, CHOICE.stop - distance)
        candidates = [self._remembered.get(name, 0), *random.sample(pairs, min(200, len(pairs)))]
        for port in candidates:
            if port in pairs and self._claim(port) and self._claim(port + distance):
                return port
        raise NoFreePort(f"No free ports were found for {name}")

    def _claim(self, port: int) -> bool:
        if port in self._claimed.values():
            return False
        lock = (runtime_folder() / str(port)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        if not _is_free(port):
            lock.close()
            return False
        self._locks.append(lock)
        return True

    def _remember(self, name: str, port: int) -> None:
        if self._remembered.get(name) != port:
            self._remembered[name] = port
            # Replaced atomically: a killed start must not leave half a file.
            draft = self._file.with_suffix(".new")
            draft.write_text(json.dumps(self._remembered, indent=1, sort_keys=True) + "\n")
            draft.replace(self._file)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this a port with connections in TIME_WAIT would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
    return True

"""A set of passwords in a file, each by five bytes of its digest, and nothing in memory.

Every password that was written is found. Of others about four in a million are found, too.
The file has where each of the 65,536 groups begins and the last one ends, then the groups. A
password's group is the first two bytes of its digest; the group has the other three.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

_GROUPS = 1 << 16
_REST = 3
_BOUNDS = struct.Struct(f"<{_GROUPS + 1}I")
_BOUNDS_OF_ONE = struct.Struct("<2I")


class Fingerprints:
    """The set in a file that `write` made."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._bytes = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)

    def __contains__(self, password: str) -> bool:
        group, rest = _split(password.encode())
        start, end = _BOUNDS_OF_ONE.unpack_from(self._bytes, group * 4)
        members = self._bytes[start:end]
        return any(members[at : at + _REST] == rest for at in range(0, len(members), _REST))


def write(passwords: Iterable[bytes], file: Path) -> None:
    """Write the set of these passwords."""
    groups = [bytearray() for _ in range(_GROUPS)]
    for password in passwords:
        group, rest = _split(password)
        groups[group] += rest
    bounds = accumulate(map(len, groups), initial=_BOUNDS.size)
    file.write_bytes(_BOUNDS.pack(*bounds) + b"".join(groups))


def _split(password: bytes) -> tuple[int, bytes]:
    digest = hashlib.blake2b(password, digest_size=2 + _REST).digest()
    return int.from_bytes(digest[:2]), digest[2:]

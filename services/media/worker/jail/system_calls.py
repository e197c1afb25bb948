"""A filter of system calls, by the system's libseccomp.

The loader finds the library by its name, as in an image without a compiler and without ldconfig. It
is loaded with this module: inside the jail no file of the system can be opened.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import NamedTuple

# From seccomp.h.
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_EQUAL = 4
_MASKED_EQUAL = 7
_UNKNOWN_CALL = -1


def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    return library


_LIBRARY = _library()


class Condition(NamedTuple):
    """What an argument of a call, counted from 0, must be; `mask` chooses the bits that count."""

    argument: int
    value: int
    mask: int | None = None


class NoLibrary(Exception):
    """The system has no libseccomp.so.2."""


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """Calls that are not allowed fail with ENOSYS. Raises NoLibrary."""

    def __init__(self) -> None:
        if _LIBRARY is None:
            raise NoLibrary
        self._library = _LIBRARY
        self._filter = ctypes.c_void_p(self._library.seccomp_init(_ERRNO | errno.ENOSYS))

    def allow(self, call: str, *conditions: Condition) -> None:
        """Allow a call if its arguments meet all conditions. A call that this machine does not
        have is ignored."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number == _UNKNOWN_CALL:
            return
        comparisons = (_Comparison * len(conditions))(*map(_comparison, conditions))
        # A failure leaves the call forbidden.
        self._library.seccomp_rule_add_array(
            self._filter, ctypes.c_uint32(_ALLOW), number, len(conditions), comparisons
        )

    def load(self) -> None:
        """Put the filter into force, for good. Raises OSError."""
        failure = self._library.seccomp_load(self._filter)
        if failure:
            raise OSError(-failure, os.strerror(-failure))


def _comparison(condition: Condition) -> _Comparison:
    if condition.mask is None:
        return _Comparison(condition.argument, _EQUAL, condition.value, 0)
    return _Comparison(condition.argument, _MASKED_EQUAL, condition.mask, condition.value)

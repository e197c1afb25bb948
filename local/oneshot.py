"""Runs a program until it exits."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence

from local import wheels
from local.part import CannotStart, RunAs


async def run(
    what: str, words: Sequence[str], *, environment: Mapping[str, str], run_as: RunAs | None = None
) -> None:
    """Run a program and wait; it is killed when this process dies or the wait is cancelled.

    Raises CannotStart, with ``what`` as its subject, if it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *wheels.launcher(signal.SIGKILL, run_as),
        *words,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.communicate()
        raise
    if process.returncode != 0:
        said = " ".join(output.decode(errors="replace").split())
        raise CannotStart(f"{what} failed, saying “{said}”")

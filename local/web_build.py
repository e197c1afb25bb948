"""Builds the web client beside a running stack, which is ready without it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from signal import Signals

from local.state import State
from local.wheels import launcher

PROGRAM = Path(__file__).with_name("web_client.py")


@contextlib.asynccontextmanager
async def web_build(
    state: State, *, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[None]:
    """Build what is not built yet, for as long as the block runs. The gateway shows how it went,
    and the log has it; ROOST_WEB=off builds nothing."""
    if environ.get("ROOST_WEB", "on") == "off":
        yield
        return
    log = state.logs / "web.log"
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *launcher(Signals.SIGTERM, None),
            *(sys.executable, str(PROGRAM), str(state.data("web"))),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environ),
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()

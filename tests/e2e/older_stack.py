"""Runs the stack of the checkout that PYTHONPATH names, in the folder of the first argument.

It prints its addresses as JSON when all is ready. Then each line of standard input stops or starts
a part, `stop post`, and is repeated when that is done. At the end of the input the stack stops.

It uses only what every checkout has, and runs as a script.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from local.stack import Stack
from local.state import State


async def main(folder: Path) -> None:
    """Runs the stack until the input ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with Stack(State(folder), environ=os.environ, usual_ports={}) as stack:
        await stack.up()
        parts = {each.name: each for each in stack.status().parts}
        envoy = parts["envoy"]
        said = {"edge": envoy.address, "admin": envoy.admin, "parts": list(parts)}
        print(json.dumps(said), flush=True)
        while line := (await lines.readline()).decode().strip():
            act, part = line.split()
            await getattr(stack.supervisor, act)([part])
            print(line, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

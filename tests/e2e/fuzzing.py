"""`make fuzz`: sends valid and invalid requests of the OpenAPI document to a whole stack."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from local.parts.processes import ROOT
from tests.e2e.stacks import TestStack

CONFIG = ROOT / "tests" / "schemathesis.toml"
SEED = 20250101
VERSIONS = (1, 2)
PASSWORD = "zebra lamp 9"
# The environment of `fuzzing_hooks`: the address and the handle.
EDGE, HANDLE = "FUZZ_EDGE", "FUZZ_HANDLE"
# These end the session of the requests, and all later ones would be refused.
LEFT_OUT = ("signOut", "signOutEverywhere", "deleteMe")
# A valid request may still break a rule that no schema can express: 4xx, never 5xx.
UNCHECKED = ("positive_data_acceptance",)


async def fuzz(
    address: str, handle: str, *, version: int, phases: str, examples: int, quiet: bool = True
) -> tuple[int, str]:
    """Run schemathesis against a version as a user whose password is PASSWORD; return its exit code
    (0: nothing found) and its report.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
        *("run", f"{address}/v{version}/openapi.json"),
        *("--url", address, "--phases", phases, "--max-examples", str(examples)),
        *("--seed", str(SEED), "--request-timeout", "30", "--no-color"),
        *("--exclude-checks", ",".join(UNCHECKED)),
        *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.e2e.fuzzing_hooks",
            EDGE: address,
            HANDLE: handle,
        },
        cwd=ROOT,
        stdout=PIPE if quiet else None,
        stderr=STDOUT if quiet else None,
    )
    report, _ = await process.communicate()
    return process.returncode or 0, (report or b"").decode()


async def run(phases: str, examples: int, folder: Path) -> int:
    """Starts a stack and fuzzes it."""
    async with TestStack(folder) as stack, stack.edge() as edge:
        await edge.register("fuzzer", PASSWORD)
        codes = [
            await fuzz(
                edge.address,
                "fuzzer",
                version=version,
                phases=phases,
                examples=examples,
                quiet=False,
            )
            for version in VERSIONS
        ]
        return max(code for code, _ in codes)


def main() -> int:
    """Runs with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--examples", type=int, default=100, help="for each operation")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roost-fuzz-") as folder:
        return asyncio.run(run(arguments.phases, arguments.examples, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())

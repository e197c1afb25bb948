"""`python -m services.chassis.deployment migrate|distribute|topics|drain`; the settings
are in the environment.

0: done. 1: it could not be done; the last line says why. 2: the command or a setting is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from services.chassis.deployment import drain, migrations, shards, topics

COMMANDS: Mapping[str, Callable[[], int]] = {
    "distribute": shards.run,
    "drain": drain.run,
    "migrate": migrations.run,
    "topics": topics.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.chassis.deployment")
    parser.add_argument("command", choices=sorted(COMMANDS))
    return COMMANDS[parser.parse_args(arguments).command]()


if __name__ == "__main__":
    sys.exit(main())

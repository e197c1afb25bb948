"""Runs a command and prints what it used: ``python -m bench.child_usage COMMAND…``.

The peak memory of a new process includes that of the process which started it. So the command is
started from this small one. Its standard output goes to standard error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys


def main(command: list[str]) -> None:
    """Run the command and print its CPU seconds and peak MiB as JSON."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    usage = {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024}
    print(json.dumps(usage))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])

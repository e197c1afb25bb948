"""Runs a command of a deployment, as the jobs of the chart do."""

import subprocess
import sys
from pathlib import Path

from tests.waiting import LIMIT


def run_deployment(command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs the command with this environment alone."""
    return subprocess.run(
        [sys.executable, "-m", "services.chassis.deployment", command],
        env={"PYTHONPATH": "gen"} | environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )

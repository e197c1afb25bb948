"""``python -m local.dashboards`` writes the dashboards' JSON; with ``--check`` it only compares and
fails if a file differs."""

from __future__ import annotations

import sys
from pathlib import Path

from local.dashboards.catalogue import DASHBOARDS
from local.dashboards.grafana import rendered
from local.generated import write_or_compare

FOLDER = Path(__file__).parents[2] / "charts" / "dashboards"


def files() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {f"{each.name}.json": rendered(each) for each in DASHBOARDS}


def main(arguments: list[str]) -> int:
    """Write or compare; returns the exit code."""
    return write_or_compare(FOLDER, files(), arguments=arguments, target="dashboards")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A part runs as an ordinary user and still reaches files below folders of root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import launch

NOBODY = 65_534
LOOK = (
    "import os, sys; print(os.geteuid(), os.access(sys.argv[1], os.R_OK), open(sys.argv[1]).read())"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_reaches_what_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    file = closed / "file"
    file.write_text("there")
    script = [sys.executable, launch.__file__, str(os.getpid()), "9", str(NOBODY), str(NOBODY)]

    seen = subprocess.run(
        [*script, sys.executable, "-c", LOOK, str(file)], capture_output=True, text=True, check=True
    )

    assert seen.stdout.split() == [str(NOBODY), "True", "there"]


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="not on Linux")
def test_a_part_pushes_nobody_aside() -> None:
    script = [sys.executable, launch.__file__, str(os.getpid()), "9", "-1", "-1"]
    look = "import os; print(os.sched_getscheduler(0) == os.SCHED_BATCH)"

    seen = subprocess.run(
        [*script, sys.executable, "-c", look], capture_output=True, text=True, check=True
    )

    assert seen.stdout.strip() == "True"

"""`python -m services.timeline serve` answers RPCs, `work` consumes and publishes events."""

import sys

from services.chassis.runtime import process
from services.timeline import compose
from services.timeline.settings import TimelineSettings

PROGRAM = process.Program("timeline", TimelineSettings, serve=compose.serve, work=compose.work)

if __name__ == "__main__":
    sys.exit(process.main(PROGRAM))

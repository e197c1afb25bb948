"""`python -m services.media serve|work`."""

import sys

from services.chassis.runtime import process
from services.media import compose
from services.media.settings import MediaSettings

PROGRAM = process.Program(compose.SERVICE, MediaSettings, serve=compose.serve, work=compose.work)

if __name__ == "__main__":
    sys.exit(process.main(PROGRAM))

"""`python -m services.search serve|work`."""

import sys

from services.chassis.runtime import process
from services.search import compose
from services.search.settings import SearchSettings

PROGRAM = process.Program(compose.SERVICE, SearchSettings, serve=compose.serve, work=compose.work)

if __name__ == "__main__":
    sys.exit(process.main(PROGRAM))

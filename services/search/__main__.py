"""`python -m services.search serve|work`."""

import sys

from services.chassis.runtime import process
from services.search import compose
from services.search.settings import SearchSettings

if __name__ == "__main__":
    sys.exit(process.main(compose.SERVICE, SearchSettings, serve=compose.serve, work=compose.work))

"""`python -m services.post serve|work`."""

import sys

from services.chassis.runtime import process
from services.post import compose
from services.post.settings import PostSettings

PROGRAM = process.Program(compose.SERVICE, PostSettings, serve=compose.serve, work=compose.work)

if __name__ == "__main__":
    sys.exit(process.main(PROGRAM))

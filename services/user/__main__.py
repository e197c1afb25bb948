"""`python -m services.user serve|work|rotate-keys`."""

import asyncio
import sys

from services.chassis.runtime import process, settings
from services.chassis.runtime.errors import RoostError
from services.user import compose
from services.user.settings import UserSettings

PROGRAM = process.Program(compose.SERVICE, UserSettings, serve=compose.serve, work=compose.work)


def main() -> int:
    if sys.argv[1:] != ["rotate-keys"]:
        return process.main(PROGRAM)
    loaded = settings.load(UserSettings)
    try:
        print(asyncio.run(compose.rotate_keys(loaded)))
    except RoostError as error:
        print(f"The keys were not rotated: {error.message}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

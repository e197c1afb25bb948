"""`python -m services.notification serve` serves RPCs, `work` consumes events and sends
deliveries."""

import sys

from services.chassis.runtime import process
from services.notification import compose
from services.notification.settings import NotificationSettings

PROGRAM = process.Program(
    "notification", NotificationSettings, serve=compose.serve, work=compose.work
)

if __name__ == "__main__":
    sys.exit(process.main(PROGRAM))

"""Version 1: the shared shapes as they are. It is deprecated."""

from datetime import UTC, datetime

from gateway.views.version import Retirement, Version

# A promise to those who build upon it, so no operator's choice: docs/versioning.md says why then.
VERSION = Version(
    number=1,
    retirement=Retirement(
        deprecated=datetime(2026, 11, 29, tzinfo=UTC),
        sunset=datetime(2027, 12, 1, tzinfo=UTC),
        successor="/v2",
    ),
)

"""The versions of the API, oldest first (docs/versioning.md).

Nothing else imports a version: one is removed with its folder and its line here.
"""

from gateway.views import v1, v2

VERSIONS = (
    v1.VERSION,
    v2.VERSION,
)
NEWEST = VERSIONS[-1]

"""Which paths are the API's; all others are the web client's.

`python -m local.web_contract` writes them to web/api-paths.json, for the service worker.
"""

from gateway.api.versions import VERSIONS

# What one ends with "/" is a folder; others are a path, and a folder of that name.
API_PATHS = (
    *(f"{version.prefix}/" for version in VERSIONS),
    "/graphql",
    "/docs",
    "/problems/",
    "/.well-known/",
    "/livez",
    "/readyz",
)


def is_api(path: str) -> bool:
    """Whether a path is the API's, or one below those."""
    return any(
        path == each.rstrip("/") or path.startswith(f"{each.rstrip('/')}/") for each in API_PATHS
    )

"""The documents that docs/graphql.md and docs/graphql/ show."""

import re
from pathlib import Path

_DOCS = Path(__file__).parents[4] / "docs"

PAGE = (_DOCS / "graphql.md").read_text(encoding="utf-8")
SHOWN: list[str] = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
_FILES = [
    path.read_text(encoding="utf-8") for path in sorted((_DOCS / "graphql").glob("*.graphql"))
]
SUBSCRIPTIONS = [each for each in [*SHOWN, *_FILES] if "subscription " in each]

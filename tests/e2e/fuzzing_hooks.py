"""Signs schemathesis in. Its process loads this module and outlives an access token."""

from __future__ import annotations

import os
from typing import Any

import httpx2
import schemathesis

from tests.e2e.fuzzing import EDGE, HANDLE, PASSWORD

# Shorter than the life of an access token.
_FRESH_SECONDS = 600


@schemathesis.auth(refresh_interval=_FRESH_SECONDS)
class SignedIn:
    """Sends every request as one user."""

    def get(self, case: Any, context: Any) -> str:
        body = {"handle": os.environ[HANDLE], "password": PASSWORD}
        answer = httpx2.post(f"{os.environ[EDGE]}/v1/sessions", json=body, trust_env=False)
        return str(answer.raise_for_status().json()["access_token"])

    def set(self, case: Any, data: str, context: Any) -> None:
        # Spelt as the scheme has it: the checks compare with that.
        case.headers["Authorization"] = f"Bearer {data}"

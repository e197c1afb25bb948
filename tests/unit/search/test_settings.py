"""The settings of the Search service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.search.settings import SearchSettings


def settings(**given: Any) -> SearchSettings:
    usual = {
        "mesh": "127.0.0.1:1",
        "database_url": "postgres://roost@localhost/search",
        "redis_url": "redis://localhost",
        "kafka_brokers": ("127.0.0.1:1",),
        "page_token_key": bytes(32),
        "service_key_file": Path("search.pem"),
        "service_keys_file": Path("services.json"),
    }
    return SearchSettings(**(usual | given))


def test_posts_are_in_postgresql_and_trust_takes_a_week() -> None:
    assert settings().search == "postgres"
    assert settings().trust_age == timedelta(days=7)


def test_opensearch_needs_an_address() -> None:
    with pytest.raises(ValidationError, match="ROOST_OPENSEARCH_URL"):
        settings(search="opensearch")

    assert settings(search="opensearch", opensearch_url="http://localhost:9200").search


def test_a_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(settings(opensearch_password="hunter2"))


def test_the_trust_age_is_not_negative() -> None:
    with pytest.raises(ValidationError):
        settings(search_trust_age=-1)

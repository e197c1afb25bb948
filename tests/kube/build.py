"""Builds Kubernetes' API server and controllers, for `make test-kube`.

``python -m tests.kube.build`` writes them to .venv/kube/bin, unless they are there in this release.
They take about 20 minutes of CPU once. Go fetches the sources and checks them against its checksum
database. Without Go it builds nothing, and the tests are skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kube.tools import FOLDER

RELEASE = "1.37.2"
PROGRAMS = ("kube-apiserver", "kube-controller-manager")
MODULE = "k8s.io/kubernetes"


def built() -> bool:
    """Return whether the programs are there in this release."""
    return all((FOLDER / name).exists() and _release(FOLDER / name) == RELEASE for name in PROGRAMS)


def build() -> None:
    """Build the programs. Raises CalledProcessError if Go fails."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    major, minor, _ = RELEASE.split(".")
    version = "k8s.io/component-base/version"
    flags = f"-s -w -X {version}.gitVersion=v{RELEASE}"
    flags += f" -X {version}.gitMajor={major} -X {version}.gitMinor={minor}"
    packages = [f"{MODULE}/cmd/{name}" for name in PROGRAMS]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "go.mod").write_text(_module(folder))
        # go.mod gets the other modules, as Kubernetes requires them, during the build.
        options = ("-mod=mod", "-trimpath", "-ldflags", flags, "-o", f"{FOLDER}/")
        _go("build", *options, *packages, folder=folder)


def _module(folder: str) -> str:
    """Return a go.mod that requires Kubernetes. Its repository replaces the modules that are
    developed in it by folders; here they are replaced by their releases."""
    found = json.loads(_go("mod", "download", "-json", f"{MODULE}@v{RELEASE}", folder=folder))
    described = json.loads(_go("mod", "edit", "-json", found["GoMod"], folder=folder))
    released = f"v0.{RELEASE.partition('.')[2]}"
    lines = [f"module control-plane\n\ngo {described['Go']}\n\nrequire {MODULE} v{RELEASE}\n"]
    for replacement in described["Replace"]:
        module = replacement["Old"]["Path"]
        lines.append(f"replace {module} => {module} {released}")
    return "\n".join(lines) + "\n"


def _go(*arguments: str, folder: str) -> str:
    command = ["go", *arguments]
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def _release(program: Path) -> str:
    command = [str(program), "--version"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return said.split()[-1].removeprefix("v")


def main() -> int:
    """Build; returns the exit code."""
    if built():
        return 0
    if shutil.which("go") is None:
        sys.stderr.write("Kubernetes is not built, because Go is not installed.\n")
        return 0
    sys.stderr.write(f"Building Kubernetes {RELEASE}, which takes minutes once\n")
    try:
        build()
    except subprocess.CalledProcessError as failure:
        sys.stderr.write(f"Kubernetes could not be built: {failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

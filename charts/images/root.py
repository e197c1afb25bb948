"""Copies of Debian what Python needs to run. Runs in the build.

That is the interpreter, its library, the shared libraries that they and wheels load, authorities,
and the names of users. There is no shell, no package manager and no other program.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from layout import OUT, copy, library

PYTHON = Path("/usr/bin/python3.11")
STANDARD = Path("/usr/lib/python3.11")
# Of the standard library: what is for a terminal, a screen, an installer, a compiler or a test, and
# what has a library of its own that Roost does not use.
UNUSED = (
    *("curses", "dbm", "distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "sqlite3"),
    *("test", "tkinter", "turtle.py", "turtledemo", "unittest", "venv", "config-*", "__pycache__"),
    *("_curses*", "_dbm*", "_gdbm*", "_sqlite3*", "_test*", "_tkinter*", "_xxtestfuzz*"),
    *("nis.*", "ossaudiodev*", "readline*", "xxlimited*"),
)
# What a wheel for Linux may expect of the system (manylinux), besides what Python itself loads.
EXPECTED = (
    *("libdl.so.2", "libm.so.6", "libmvec.so.1", "libpthread.so.0", "libresolv.so.2", "librt.so.1"),
    *("libgcc_s.so.1", "libstdc++.so.6"),
)
FILES = ("/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/openssl.cnf")
LINKS = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "etc/os-release": "../usr/lib/os-release",
    "usr/bin/python3": PYTHON.name,
    # Where OpenSSL looks.
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
    "usr/lib/ssl/openssl.cnf": "/etc/ssl/openssl.cnf",
}
USERS = "root:x:0:0::/root:/sbin/nologin\nroost:x:65532:65532::/tmp:/sbin/nologin\n"
GROUPS = "root:x:0:\nroost:x:65532:\n"
TEMPORARY = 0o1777

_LOADED = re.compile(r"(/\S+) \(0x")


def main() -> None:
    """Copy files, make links, describe the packages."""
    standard = OUT / STANDARD.relative_to("/")
    shutil.copytree(STANDARD, standard, ignore=shutil.ignore_patterns(*UNUSED))
    programs = [PYTHON, *map(library, EXPECTED), *standard.glob("lib-dynload/*.so")]
    copied = {copy(file) for file in loaded_by(programs)}
    copied |= {copy(Path(name)) for name in (*FILES, str(PYTHON), "/usr/lib/os-release")}
    copied |= {copy(library(name)) for name in EXPECTED}
    for name, target in LINKS.items():
        link = OUT / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    (OUT / "etc/passwd").write_text(USERS)
    (OUT / "etc/group").write_text(GROUPS)
    (OUT / "tmp").mkdir()
    (OUT / "tmp").chmod(TEMPORARY)
    describe(copied | {STANDARD / "os.py", STANDARD / "asyncio/__init__.py"})


def loaded_by(files: list[Path]) -> set[Path]:
    """The shared libraries that programs and libraries load, the loader among them."""
    output = subprocess.check_output(["ldd", *map(str, files)], text=True)
    return {Path(found) for found in _LOADED.findall(output)}


def describe(files: set[Path]) -> None:
    """Add the entry in Debian's list, by which scanners find known faults, and the licence of each
    package that a file is from.
    """
    names = {package for file in files if (package := package_of(file))}
    for name in sorted(names):
        entry = subprocess.check_output(["dpkg-query", "--status", name], text=True)
        status = OUT / "var/lib/dpkg/status.d" / name
        status.parent.mkdir(parents=True, exist_ok=True)
        status.write_text(entry)
        licence = Path("/usr/share/doc") / name / "copyright"
        if licence.exists():
            copy(licence)


def package_of(file: Path) -> str | None:
    """The package that installed a file; none if the file was made later."""
    # Debian's list has the names from before /lib and /bin became links.
    for name in (str(file), str(file).removeprefix("/usr"), str(file.resolve())):
        found = subprocess.run(
            ["dpkg-query", "--search", name], capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return found.stdout.partition(":")[0]
    return None


if __name__ == "__main__":
    main()

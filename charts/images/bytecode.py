"""Compiles the modules of Roost, and those that they import, to /out. Runs in the image itself.

Nothing can be written later, so without bytecode each start would compile them. Bytecode of what
no process imports is left out: it is a third of all.
"""

from __future__ import annotations

import ast
import importlib
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path

CODE = Path("/opt/roost/code")
OUT = Path("/out")
# What uvicorn imports by name, as the gateway sets it.
BY_NAME = ("uvicorn.lifespan.off", "uvicorn.protocols.http.httptools_impl")


def main() -> None:
    """Import all modules of Roost, and compile what was imported."""
    absent = set()
    for name in (*modules(), *BY_NAME):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            absent.add(error.name)
    print("not in this image:", ", ".join(sorted(map(str, absent))) or "nothing")
    for module in list(sys.modules.values()):
        source = getattr(module, "__file__", None) or ""
        cached = getattr(module, "__cached__", None)
        if cached and source.endswith(".py"):
            py_compile.compile(source, str(OUT / cached.lstrip("/")), doraise=True)


def modules() -> Iterator[str]:
    """The modules of Roost, and what they import inside of functions."""
    for file in sorted(CODE.rglob("*.py")):
        folder = CODE / "gen" if file.is_relative_to(CODE / "gen") else CODE
        parts = file.relative_to(folder).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


if __name__ == "__main__":
    main()

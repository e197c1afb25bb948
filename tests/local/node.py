"""Programs that stand for Node and npm."""

from __future__ import annotations

from pathlib import Path

NODE = """#!/bin/sh
case "$1" in
  --version) echo v22.1.0 ;;
  *) echo compressed > "$2/index.html.br" ;;
esac
"""
NPM = """#!/bin/sh
echo "$*" >> {folder}/calls
pwd > {folder}/copy
echo $$ > {folder}/pid
if [ -f {folder}/"$1-$2" ]; then . {folder}/"$1-$2"; fi
case "$*" in
  "run build") mkdir -p dist/assets && cp index.html dist/ && cp src/app.js dist/assets/app-1.js ;;
esac
"""


class FakeNode:
    """Programs that stand for Node and npm, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        for name, text in (("node", NODE), ("npm", NPM.format(folder=folder))):
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """What npm was called with."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def on(self, command: str, script: str) -> None:
        """Run a script of the shell in place of what a command of npm does first."""
        (self.folder / command.replace(" ", "-")).write_text(script)

    def on_install(self, script: str) -> None:
        self.on("ci --ignore-scripts", script)

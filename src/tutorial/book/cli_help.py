"""Shows what a command says of itself, asked when the book is built.

```{cli-help} serve
```

is `tutorial serve --help`; without an argument it is `tutorial --help`.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from typer.main import get_group

import tutorial
from tutorial.cli import app as cli
from tutorial.running.environment import child_environment

PACKAGE = Path(tutorial.__file__).parent
COLUMNS = 80


@cache
def help_of(command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tutorial", *command.split(), "--help"],
        env=child_environment(COLUMNS=str(COLUMNS), NO_COLOR="1", TERM="dumb"),
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise ExtensionError(f"tutorial {command} --help: {done.stderr.strip() or done.stdout}")
    # No spaces after the text, and no empty lines around it.
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n")


class CliHelpDirective(SphinxDirective):
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        command = self.arguments[0] if self.arguments else ""
        for path in PACKAGE.rglob("*.py"):  # any of them may say what an option means
            self.env.note_dependency(str(path))
        text = help_of(command)
        return [nodes.literal_block(text, text, language="text", classes=["cli-help"])]


class CliCommandsDirective(SphinxDirective):
    """A section for every command that there is, each with its help."""

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for name in get_group(cli).commands:
            lines += [f"## `tutorial {name}`", "", f"```{{cli-help}} {name}", "```", ""]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("cli-help", CliHelpDirective)
    app.add_directive("cli-commands", CliCommandsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Shows what a command says of itself, asked when the book is built.

```{cli-help} serve
```

is `tutorial serve --help`; without an argument it is `tutorial --help`.
"""

from __future__ import annotations

import json
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


# In a process of its own, because what the shell says of terminals is read when it starts; in one
# for all commands, because that start takes longer than the rest.
SAY = """
import contextlib, io, json, sys
from tutorial.cli import app
said = {}
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        app([*command.split(), "--help"], prog_name="tutorial")
    said[command] = out.getvalue()
print(json.dumps(said))
"""


@cache
def helps() -> dict[str, str]:
    """Return what each command says of itself, and by the empty name, what all of it says."""
    done = subprocess.run(
        [sys.executable, "-c", SAY, json.dumps(["", *get_group(cli).commands])],
        env=child_environment(COLUMNS=str(COLUMNS), NO_COLOR="1", TERM="dumb"),
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise ExtensionError(f"tutorial --help: {done.stderr.strip() or done.stdout}")
    # No spaces after the text, and no empty lines around it.
    return {
        command: "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
        for command, text in json.loads(done.stdout).items()
    }


class CliHelpDirective(SphinxDirective):
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        command = self.arguments[0] if self.arguments else ""
        for path in PACKAGE.rglob("*.py"):  # any of them may say what an option means
            self.env.note_dependency(str(path))
        if not (text := helps().get(command)):
            raise ExtensionError(f"tutorial {command} --help says nothing.")
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

"""The notebooks, executed: by their tests, and for the book that shows what came of it.

An execution is kept in `.cache`, and the book takes it as long as nothing has changed that the
notebook could see: itself, the parts, this package, the versions of what is installed.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tutorial.ladder import LADDER, ROOT, Part
from tutorial.project_files import own_files
from tutorial.running.environment import child_environment

FOLDER = ROOT / "notebooks"
KEPT = ROOT / ".cache" / "notebooks"
TIMEOUT = 300  # seconds for a cell: it may start a server, on a machine that is busy


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def execute(
    notebook: NotebookNode,
    home: Path,
    environment: dict[str, str] | None = None,
    *,
    allow_errors: bool = False,
) -> None:
    """Execute a notebook in a fresh kernel of this interpreter, and keep the outputs in it.

    What the kernel needs for itself goes to ``home``; ``environment`` is added to the variables.
    Raises CellExecutionError when a cell fails, unless ``allow_errors``.
    """
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        store_widget_state=False,
        allow_errors=allow_errors,
    )
    # The kernel of this interpreter, with a profile of its own, whatever else there is.
    kernel = child_environment(IPYTHONDIR=str(home / "ipython"), JUPYTER_PREFER_ENV_PATH="1")
    client.execute(env=kernel | (environment or {}))


def execute_as_it_is(path: Path) -> NotebookNode:
    """Execute a notebook with servers of its own; keep what came of it for the book."""
    notebook = read(path)
    with tempfile.TemporaryDirectory() as home:
        execute(notebook, Path(home))
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in KEPT.glob(f"{path.stem}-*.ipynb"):
        old.unlink(missing_ok=True)
    # Whole or not at all, because another process may be looking for it.
    with tempfile.NamedTemporaryFile("w", dir=KEPT, delete=False, encoding="utf-8") as file:
        nbformat.write(notebook, file)
    Path(file.name).replace(kept(path))
    return notebook


def executed(path: Path) -> NotebookNode:
    """Return a notebook with its outputs; execute it when something has changed since."""
    return read(kept(path)) if kept(path).exists() else execute_as_it_is(path)


def for_the_book(notebook: NotebookNode, part: Part) -> NotebookNode:
    """Put the lab of this part where the notebook has buttons: no page can click on a kernel's."""
    lab = f"```{{playground}} Open the token lab in this page\n:part: {part.number}\n```"
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "code" and "lesson.panel(" in cell.source:
            cell.outputs = []
            text = (
                f"In Jupyter there are buttons here. In the book, the token lab has them:\n\n{lab}"
            )
            cells.append(nbformat.v4.new_markdown_cell(text))
    notebook.cells = cells
    return notebook


def kept(path: Path) -> Path:
    """Return where an execution of this notebook is kept, or would be."""
    key = hashlib.sha256(path.read_bytes() + surroundings()).hexdigest()
    return KEPT / f"{path.stem}-{key[:16]}.ipynb"


@cache
def surroundings() -> bytes:
    """Return a hash of what every notebook can see: code, parts, packages, interpreter."""
    found = hashlib.sha256(sys.version.encode())
    for name in sorted(f"{each.name}-{each.version}" for each in distributions()):
        found.update(name.encode())
    for folder in [ROOT / "src" / "tutorial", *(part.path for part in LADDER)]:
        for path in own_files(folder):
            found.update(f"\n{path.as_posix()}\n".encode() + (folder / path).read_bytes())
    return found.digest()

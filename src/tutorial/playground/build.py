"""``tutorial playground``: the static site with the lab, and the workbench, of pinned inputs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import runpy
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from rich.console import Console

from tutorial.errors import Problem
from tutorial.ladder import ROOT, Part
from tutorial.playground import facts, inputs, wheels
from tutorial.playground.licences import write_licences
from tutorial.project_files import own_files
from tutorial.running.environment import DATABASE, UPLOADS
from tutorial.running.server import serve

HERE = Path(__file__).parent
PACKAGE = HERE.parent
LAB = PACKAGE / "lab" / "web"
MISTAKES = 12
MANIFEST = "manifest.json"  # by this file a folder is known for a playground

# Where things are in the page; worker.js has the same.
SITE, LIBRARY = "/lib/python3.14/site-packages", "/lib/python314.zip"

# Of this package, what a page runs: a part's server, and the checker.
OURS = (
    "*.py",
    "running/*.py",
    "checking/**/*.py",
    "playground/__init__.py",
    "playground/inside/*.py",
)
# What only a check needs
TOOLS = ("pytest", "pytest-django", "requests", "rich")
CHECKS = ("tests/checkpoints/*.py", "pyproject.toml")
# Of the standard library, what a page has no use for: other screens, installers, tests.
NO_LIBRARY = ("ensurepip/", "pydoc_data/", "test/", "turtle", "venv/")

Files = Iterable[tuple[str, bytes]]
Say = Callable[[str], None]


@dataclass
class Site:
    """A built playground: where it is, and how much of it the lab of one part downloads."""

    path: Path
    lab_size: int  # bytes


def run(out: Path, console: Console) -> None:
    """Build into this folder, and say what there is now. Raises Problem."""
    with console.status("Building the playground …") as status:
        site = build(out, lambda what: status.update(f"Building the playground: {what} …"))
    console.print(f"The playground is in {site.path}: {site.lab_size / 1e6:.1f} MB for the lab.")
    console.print("To see it, serve the folder, because a browser runs no such page from a disk:\n")
    console.print(f"  python -m http.server --bind 127.0.0.1 --directory {out}", soft_wrap=True)


def build(out: Path, say: Say = lambda what: None) -> Site:
    """Build the site. ``out`` is a new or empty folder, or a playground, which is replaced.

    The new one takes its place as a whole at the end. Raises Problem.
    """
    out = out.expanduser().absolute()
    empty = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    if not empty and not (out / MANIFEST).exists():
        raise Problem(f"{out} is there, and is no playground. Name a new folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as half:
        manifest = fill(half, say)
        (half / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8", newline="\n")
    return Site(out, lab_size(manifest))


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Yield a folder that takes ``out``'s place when the block ends well, and goes otherwise."""
    with tempfile.TemporaryDirectory(
        prefix=f".{out.name}.", dir=out.parent, ignore_cleanup_errors=True
    ) as beside:
        half = Path(beside) / "new"
        half.mkdir()
        yield half
        for attempt in range(3):  # another build may put its own there at the same moment
            if out.exists():
                out.rename(Path(beside) / f"old-{attempt}")
            try:
                half.rename(out)
                return
            except OSError:
                if attempt == 2:
                    raise


def fill(half: Path, say: Say) -> dict[str, Any]:
    """Write all files but the manifest, which is returned."""
    say("Node and the packages of npm")
    node = inputs.find_node()
    modules = inputs.packages(node)
    pyodide = modules / "pyodide"
    parts = wheels.playable()
    engine = half / "engine"
    engine.mkdir()

    installed = wheels.closure([*wheels.packages_of(parts[-1]), *wheels.ALWAYS])
    say("compiling the packages of the parts")
    site = compiled(node, pyodide, zipped(files_of(installed)), SITE)
    tools = [each for each in wheels.closure(TOOLS) if each.name not in {i.name for i in installed}]
    testing = compiled(node, pyodide, zipped(files_of(tools)), SITE)
    say("compiling the standard library")
    library = compiled(node, pyodide, library_of(pyodide), LIBRARY)

    downloads: dict[str, Any] = {
        "wasm": pack(engine, "python.wasm", (pyodide / "pyodide.asm.wasm").read_bytes()),
        "library": pack(engine, "library.zip", library),
        "site": pack(engine, "site.zip", site),
        "tutorial": pack(engine, "tutorial.zip", zipped(our_files())),
        "testing": pack(engine, "testing.zip", testing),
        "checks": pack(engine, "checks.zip", zipped(check_files())),
    }
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    told = {}
    for part in parts:
        say(f"part {part.number}, with its database and pictures")
        told[part.number] = facts.of_part(part) | {
            "project": pack(engine, f"{part.slug}.zip", zipped(project_files(part))),
            "state": pack(engine, f"{part.slug}-state.zip", state_of(part)),
            "mistakes": mistakes(part),
        }
    say("the pages")
    for name in ("pyodide.mjs", "pyodide.asm.mjs"):
        shutil.copyfile(pyodide / name, engine / name)
    for path in sorted((HERE / "web" / "engine").iterdir()):
        shutil.copyfile(path, engine / path.name)
    shutil.copytree(LAB, half / "lab")
    # The one file of the lab that is another one here.
    shutil.copyfile(HERE / "web" / "transport.js", half / "lab" / "transport.js")
    shutil.copyfile(HERE / "web" / "index.html", half / "index.html")
    shutil.copytree(HERE / "web" / "workbench", half / "workbench")
    shutil.copyfile(bundled_editor(modules), half / "workbench" / "codemirror.js")
    write_licences(half / "licences", [*installed, *tools], modules)
    return {"downloads": downloads | {"abi": lock["info"]}, "parts": told}


def lab_size(manifest: dict[str, Any]) -> int:
    """Return how many bytes the lab of the first part with tokens downloads, in Python's share."""
    part = next(each for each in manifest["parts"].values() if each["login"])
    names = ("wasm", "library", "site", "tutorial")
    shared = sum(manifest["downloads"][name]["size"] for name in names)
    return shared + part["project"]["size"] + part["state"]["size"]


# ---- What goes into the archives -----------------------------------------------------------------


def files_of(distributions: Iterable[Distribution]) -> Iterator[tuple[str, bytes]]:
    for each in distributions:
        yield from wheels.files(each)


def our_files() -> Iterator[tuple[str, bytes]]:
    for pattern in OURS:
        for path in PACKAGE.glob(pattern):
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def check_files() -> Iterator[tuple[str, bytes]]:
    for pattern in CHECKS:
        for path in ROOT.glob(pattern):
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def project_files(part: Part) -> Iterator[tuple[str, bytes]]:
    for path in own_files(part.path):
        yield f"parts/{part.slug}/{path.as_posix()}", (part.path / path).read_bytes()


def library_of(pyodide: Path) -> bytes:
    with zipfile.ZipFile(pyodide / "python_stdlib.zip") as library:
        return zipped(
            (name, library.read(name))
            for name in library.namelist()
            if not name.endswith("/") and not name.startswith(NO_LIBRARY)
        )


def zipped(files: Files) -> bytes:
    """Return a zip that is the same for the same files, and is not compressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def pack(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    """Write a file compressed, under a name with its fingerprint; return what pages are told.

    Compressed here because not every host does it, and as a whole because that is smaller. The
    name ends in ``.bin``, so that no host takes the compression for its own.
    """
    data = compressed(content)
    stem, _, kind = name.rpartition(".")
    path = folder / f"{stem}-{hashlib.sha256(data).hexdigest()[:12]}.{kind}.bin"
    path.write_bytes(data)
    return {"file": path.name, "size": len(data)}


def mistakes(part: Part) -> list[dict[str, str]]:
    """Return a dozen mistakes to find and fix: edits of the part, of the table of mutants.

    Those of the part itself come first, then those of the parts before it, the latest first.
    """
    table = runpy.run_path(str(ROOT / "tests" / "mutants" / "mistakes.py"))["MUTANTS"]
    found = []
    for mutant in sorted(table, key=lambda mutant: -mutant.number):
        file = part.path / mutant.file
        if mutant.number > part.number or file.suffix != ".py" or not file.is_file():
            continue
        if file.read_text(encoding="utf-8").count(mutant.old) == 1:
            found.append(
                {name: getattr(mutant, name) for name in ("mistake", "file", "old", "new")}
            )
    return found[:MISTAKES]


# ---- What takes long, and is kept ----------------------------------------------------------------


def compiled(node: inputs.Node, pyodide: Path, source: bytes, folder: str) -> bytes:
    """Return this zip with its Python files compiled for the page, which has them in ``folder``."""
    fingerprint = hashlib.sha256(
        source + folder.encode() + (inputs.NPM / "package-lock.json").read_bytes()
    ).hexdigest()[:12]

    def make(half: Path) -> None:
        (half / "in.zip").write_bytes(source)
        script = inputs.NPM / "compile.mjs"
        node.run(script, pyodide, half / "in.zip", half / "out.zip", folder)
        (half / "in.zip").unlink()

    return (inputs.once(f"compiled-{fingerprint}", make) / "out.zip").read_bytes()


def compressed(content: bytes) -> bytes:
    """Return this compressed, as small as it gets: for all files of a site, that takes seconds."""
    fingerprint = hashlib.sha256(content).hexdigest()[:32]

    def make(half: Path) -> None:
        (half / "out.gz").write_bytes(gzip.compress(content, mtime=0))

    return (inputs.once(f"compressed-{fingerprint}", make) / "out.gz").read_bytes()


def bundled_editor(modules: Path) -> Path:
    """Return the one file of the editor that the workbench uses."""
    entry = inputs.NPM / "editor.mjs"

    def make(half: Path) -> None:
        shutil.copyfile(entry, half / "editor.mjs")
        options = ("--bundle", "--format=esm", "--minify", "--legal-comments=eof")
        target = f"--outfile={half / 'codemirror.js'}"
        found = [*modules.glob("@esbuild/*/bin/esbuild"), *modules.glob("@esbuild/*/*.exe")]
        inputs.run([str(found[0])], half / "editor.mjs", *options, target, modules=modules)

    lock = inputs.NPM / "package-lock.json"
    return inputs.once(f"editor-{inputs.digest(entry, lock)}", make) / "codemirror.js"


def state_of(part: Part) -> bytes:
    """Return a part's database and renditions as it is served with them: made by serving it."""
    sources = [part.path / path for path in own_files(part.path)]
    code = sorted((PACKAGE / "running").glob("*.py"))
    pins = ROOT / "constraints.txt"

    def make(half: Path) -> None:
        with serve(part.path) as server:
            server.copy_state(half / "state")
        # A page has no shared memory, which a write-ahead log needs (sqlite.org/wal.html).
        with closing(sqlite3.connect(half / "state" / DATABASE)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("VACUUM")

    folder = inputs.once(f"state-{part.slug}-{inputs.digest(*sources, *code, pins)}", make)
    names = [folder / "state" / DATABASE, *(folder / "state" / UPLOADS).rglob("*")]
    return zipped(
        (path.relative_to(folder).as_posix(), path.read_bytes()) for path in names if path.is_file()
    )

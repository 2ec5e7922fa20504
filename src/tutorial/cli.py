"""The command line, ``tutorial``: a thin layer over the modules that do the work."""

from __future__ import annotations

import inspect
import io
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.request import getproxies, proxy_bypass

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperArgument, TyperCommand, TyperGroup

from tutorial import lab
from tutorial.carrying import carry, snapshots
from tutorial.checking import check
from tutorial.demo import walk
from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, find, first
from tutorial.playground import build as playground
from tutorial.running.server import PASSWORD, Server, answers, free_port, serve

LEARN, TEACH, MAINTAIN = "Learn", "Show and teach", "Maintain"  # the groups in the help


def without_types(params: list[Any]) -> list[Any]:
    """Leave out of the help what tells a reader nothing: ``<bool>``, and ``<Part>`` after PART."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
        if isinstance(param, TyperArgument):
            vars(param)["display_type"] = lambda ctx: ""
    return params


class Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return without_types(super().get_params(ctx))


class Group(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return without_types(super().get_params(ctx))


app = typer.Typer(
    cls=Group,
    help="Run, check and compare the parts of Build a Product Review Backend with DRF.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
# On Windows, a pipe's default code page has no ✓.
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8")
console = Console()
errors = Console(stderr=True)
WITH_TOKENS = first("has_tokens")


def to_part(name: str | Part) -> Part:
    if isinstance(name, Part):  # an option's default
        return name
    try:
        return find(name)
    except LookupError as error:
        raise typer.BadParameter(str(error)) from None


def to_seconds(text: str) -> float:
    """Turn ``10s``, ``2m``, ``1h`` or ``10`` into seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip())
    if not match or not float(match[1]):
        raise typer.BadParameter("a time like 10s, 2m, 1h or 1d")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def to_port(text: str | int) -> int:
    """Read a TCP port: 0 would be any, which nobody could open."""
    try:
        port = int(text)
    except ValueError:
        port = 0
    if not 1 <= port <= 65535:
        raise typer.BadParameter("a port is a number from 1 to 65535")
    return port


def part_argument(metavar: str, text: str) -> Any:
    return typer.Argument(parser=to_part, metavar=metavar, help=text)


PartArgument = Annotated[Part, part_argument("PART", "A part's number or folder.")]
PartOption = Annotated[
    Part,
    typer.Option(
        parser=to_part,
        metavar="PART",
        help=f"The part to run: {WITH_TOKENS.number} or later.",
    ),
]


def show(problem: Problem) -> None:
    errors.print(f"[red]✗[/] {escape(str(problem))}", highlight=False, soft_wrap=True)


@contextmanager
def problems_in_words() -> Iterator[None]:
    """Show a Problem in words and Ctrl-C as a normal end, without a traceback."""
    try:
        yield
    except Problem as problem:
        show(problem)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        errors.print("Stopped.", style="dim")
        raise typer.Exit(130) from None


@app.command("parts", rich_help_panel=LEARN)
def list_parts() -> None:
    """List the parts, and what each of them adds.

    \b
    tutorial parts
    """
    table = Table("Part", "Folder", "Adds", box=None, pad_edge=False)
    for part in LADDER:
        packages = f"\n[dim]{', '.join(part.packages)}[/]" if part.packages else ""
        table.add_row(str(part.number), part.slug, part.adds + packages)
    console.print(table)


@app.command("serve", rich_help_panel=TEACH)
def serve_command(
    part: PartArgument,
    port: Annotated[
        int,
        typer.Option(parser=to_port, metavar="PORT", help="The port to listen on, 1 to 65535."),
    ] = 8000,
    clock: Annotated[
        bool,
        typer.Option("--clock", help="Allow the server's clock to be moved, via a second port."),
    ] = False,
    access_lifetime: Annotated[
        float | None,
        typer.Option(
            parser=to_seconds,
            metavar="TIME",
            help="Let access tokens live for 10s, 2m …, to watch one really expire.",
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the database and uploads for the next run with --keep."),
    ] = False,
) -> None:
    """Run a part on a real server, with demo data and a user to log in with.

    The part's folder is not changed: the database and uploads are in a temporary folder, and are
    gone when you press Ctrl-C. With `--keep` they are kept for the next run with `--keep`.

    \b
    tutorial serve 7                        runs part 7 at http://127.0.0.1:8000
    tutorial serve 7 --access-lifetime 10s  lets you wait for a token to expire
    tutorial serve 7 --clock                lets you move the clock instead
    """
    with problems_in_words():
        if answers(port):
            port = other_port(port)
        state = ROOT / ".run" / part.slug if keep else None
        with ExitStack() as running:
            with console.status(f"Starting part {part.number}, {part.title} …"):
                server = running.enter_context(
                    serve(
                        part.path,
                        port=port,
                        clock=clock,
                        access_lifetime=access_lifetime,
                        keep=state,
                        show_log=True,
                    )
                )
            tell_how_to_use(part, server, state)
            server.process.wait()
        raise Problem("The server stopped by itself. Its last output is above.")


def other_port(port: int) -> int:
    """Offer the next free port in place of one that is taken. Raises Problem if declined."""
    free = free_port(port + 1)
    if sys.stdin.isatty():
        question = f"Port {port} is taken by another program. Use {free} instead?"
        if typer.confirm(question, default=True):
            return free
    raise Problem(f"Port {port} is taken by another program. Port {free} is free: --port {free}")


def tell_how_to_use(part: Part, server: Server, state: Path | None) -> None:
    """Print URLs, logins and requests to paste, then leave the screen to the server's log."""
    url = server.url

    def say(text: str = "") -> None:
        console.print(text, highlight=False, soft_wrap=True)

    say(f"[bold green]Part {part.number}, {part.title}, is running at[/] [bold]{url}[/]")
    say(f"  admin     {url}/admin/   log in as admin / {PASSWORD}")
    if part.products:
        say(f"  API       {url}{part.products}")
    if part.protected:
        say(f"  user      demo / {PASSWORD}")
    if server.clock:
        say(f"  clock     {server.clock.url}")
    if state:
        say(f"  kept in   {escape(str(state))}   (delete the folder to start over)")
    if requests := requests_to_paste(part, server):
        say("\n[dim]To paste into another terminal:[/]\n")
        for request in requests:
            say(escape(request))
    say("\n[dim]Press Ctrl-C to stop the server. Its log:[/]")


def requests_to_paste(part: Part, server: Server) -> list[str]:
    """Return curl commands that work in every shell except cmd.exe, quotes included."""
    url = server.url
    curl = "curl"
    if "http" in getproxies() and not proxy_bypass("127.0.0.1"):
        curl = 'curl --noproxy "*"'  # the proxy in this shell cannot reach this computer
    if not part.has_tokens:
        return [f'{curl} "{url}{part.products}"'] if part.products else []
    requests = [
        f'{curl} "{url}{part.protected}"',
        f'{curl} -d "username=demo&password={PASSWORD}" "{url}{part.login}"',
        f'{curl} -H "Authorization: Bearer PASTE_ACCESS_HERE" "{url}{part.protected}"',
        f'{curl} -d "refresh=PASTE_REFRESH_HERE" "{url}{part.refresh}"',
    ]
    if server.clock:
        requests.append(
            f'{curl} --json "{{\\"seconds\\": 302}}" "{server.clock.url}"   # five minutes pass'
        )
    return requests


@app.command("demo", rich_help_panel=TEACH)
def demo_command(
    part: PartOption = WITH_TOKENS,
    pause: Annotated[
        bool, typer.Option("--pause", help="Wait for Enter between steps, with a question to ask.")
    ] = False,
    real_time: Annotated[
        bool,
        typer.Option("--real-time", help="Wait for a short lifetime instead of moving the clock."),
    ] = False,
) -> None:
    """Walk through a token's life on a part's real server.

    Obtain, decode, use, expire, refresh, rotate: every request and every response is shown, and
    checked. The lifetimes are the defaults; the server's clock is moved past them. On part 10 the
    demo continues with the blacklist and logging out. Exits with 1 if a promise does not hold.

    \b
    tutorial demo              shows what part 7 does with tokens
    tutorial demo --pause      waits before each step and asks
    tutorial demo --part 10    adds the blacklist and logging out
    tutorial demo --real-time  waits for a real, short lifetime instead
    """
    with problems_in_words():
        if not part.has_tokens:
            raise Problem(
                f"Part {part.number} has no tokens yet: they begin with part {WITH_TOKENS.number}."
            )
        if not walk.run(console=console, pause=pause, real_time=real_time, part=part):
            raise typer.Exit(1)


@app.command("lab", help=lab.HELP, rich_help_panel=TEACH)
def lab_command(
    part: PartOption = WITH_TOKENS,
    port: Annotated[
        int | None,
        typer.Option(
            parser=to_port,
            metavar="PORT",
            help="The page's port, 1 to 65535.",
            show_default="3000, or a free one",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A server of your own, instead of starting one."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in your browser.")] = True,
) -> None:
    with problems_in_words():
        lab.run(part=part, port=port, url=url, open_browser=browser, console=console)


@app.command("playground", rich_help_panel=TEACH)
def playground_command(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new folder, or a playground to replace.")
    ],
) -> None:
    """Build a static site in which the parts run in the reader's own browser.

    It contains the token lab, and any web server that serves files will do: Python itself comes
    along, in WebAssembly. The first build fetches pinned npm packages (and Node, if the machine
    has none); later builds need no network. The book includes it if it is in
    `docs/_build/playground`.

    \b
    tutorial playground ~/public  builds the site in that folder
    """
    with problems_in_words():
        playground.run(out, console)


@app.command("check", rich_help_panel=LEARN)
def check_command(
    part: PartArgument,
    project: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT",
            help="The folder that holds manage.py, or a zip file of it.",
            show_default="this folder",
        ),
    ] = Path(),
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file is saved.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every cause in full, not only the first one.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, for an editor or a classroom.")
    ] = False,
) -> None:
    """Check your own project against a part, and name the first thing to fix.

    Runs the promises of the part, and of those before it, in your project's own environment
    (`.venv`, or whichever it has), and says which one that is. It works on a copy, with caches,
    e-mail, logs and databases of its own: nothing of yours is changed. Exits with 1 if a promise
    does not hold.

    \b
    tutorial check 3               checks the project in this folder
    tutorial check 7 ~/my-project  checks another one
    tutorial check 7 --watch       checks after every save
    tutorial check 7 it.zip --json checks a zip file, as JSON
    """
    with problems_in_words():
        if watch:
            check.watch(part, project, console, show, everything=everything)
        elif not check.check(part, project, console, everything=everything, as_json=as_json).held:
            raise typer.Exit(1)


@app.command("diff", rich_help_panel=LEARN)
def diff_command(
    old: Annotated[Part, part_argument("OLD", "The part to begin with: its number or folder.")],
    new: Annotated[Part, part_argument("NEW", "The part to end with.")],
    stat: Annotated[
        bool, typer.Option("--stat", help="Show only which files change, and by how many lines.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a patch to this file.", dir_okay=False
        ),
    ] = None,
) -> None:
    """Show what changes from one part to another, file by file.

    With `--output` it writes a patch, for `git apply 7.patch` in a project of your own that is at
    part 6.

    \b
    tutorial diff 6 7                   shows what part 7 changes
    tutorial diff 6 7 --stat            shows only which files
    tutorial diff 6 7 --output 7.patch  writes a patch
    """
    with problems_in_words():
        color = console.is_terminal and output is None
        text = snapshots.diff(old, new, stat=stat, color=color)
        if output:
            snapshots.write(text, output)
            return
        # As bytes: a patch keeps its line endings, on Windows too.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()


@app.command("start", rich_help_panel=LEARN)
def start_command(
    part: PartArgument,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or an empty folder.")],
) -> None:
    """Copy a part into a folder of your own, to continue from there.

    \b
    tutorial start 3 ~/my-project  gives you the book's part 3
    """
    with problems_in_words():
        steps = snapshots.start(part, folder)
        console.print(f"Part {part.number}, {part.title}, is in {escape(str(folder))}. Next:\n")
        for step in steps:
            console.print(f"  {escape(step)}", highlight=False, soft_wrap=True)


@app.command("carry", rich_help_panel=MAINTAIN)
def carry_command(
    part: PartArgument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, without changing it.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--continue", help="Continue from a part whose conflicts you have resolved."),
    ] = False,
    since: Annotated[
        str,
        typer.Option(metavar="COMMIT", help="The commit that has the part as it was."),
    ] = "HEAD",
) -> None:
    """Carry a change just made in a part through all later parts, by three-way merge.

    For maintainers of this repository: edit `parts/02-admin`, run `tutorial carry 2`, look at
    `git diff`, commit. It stops at the first part with a conflict, leaves ordinary conflict
    markers there, and says how to continue.

    \b
    tutorial carry 2 --dry-run   shows what would change
    tutorial carry 2             merges the change into parts 3, 4 …
    tutorial carry 4 --continue  continues after part 4's conflicts are resolved
    """
    with problems_in_words():
        carried = carry.carry(part, dry_run=dry_run, resume=resume, since=since)
        for line in carry.render(carried):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if carried.conflicts:
            raise typer.Exit(1)


def reflow(text: str) -> str:
    """Join the lines of each paragraph, which typer would break where the source does."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(p if p.startswith("\b") else p.replace("\n", " ") for p in paragraphs)


for registered in app.registered_commands:
    registered.cls = Command
    registered.help = reflow(registered.help or inspect.getdoc(registered.callback) or "")

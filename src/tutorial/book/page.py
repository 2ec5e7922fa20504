"""What a chapter says, step by step: one reading of its page for the book and for the robot.

The book (:mod:`tutorial.book.directives`) shows the steps that this module finds, the robot
(:mod:`tutorial.book.robot`) does them. Both get listings and diffs from here, and this module
gets them from ``parts/``: a page names a file, it never copies one.
"""

from __future__ import annotations

import ast
import codeop
import doctest
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from docutils.parsers.rst import Directive
from docutils.parsers.rst.directives import flag, unchanged, unchanged_required
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.directives import parse_directive_text
from myst_parser.parsers.mdit import create_md_parser

from tutorial.book.changes import DoesNotApply, Hunk, apply, as_diff, go_part_way, hunks
from tutorial.book.copying import copied
from tutorial.carrying.snapshots import next_steps
from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, find

CHAPTERS = ROOT / "docs" / "chapters"
PROJECT = "product-reviews"  # the learner's folder, in their home folder
EXTENSIONS = ["attrs_inline", "colon_fence", "deflist", "fieldlist", "substitution"]
VARIES = "…"

# What a prompt shows, and what the block to be pasted there is labelled with.
NEW = "new terminal"  # no environment is switched on in it yet
TUTORIAL, REVIEWS = "tutorial", "reviews"  # the environments, as `venv --prompt` names them
PYTHON, SHELL = "python", "shell"  # `python` and `python manage.py shell`: both show `>>>`
OPENS = {"python": PYTHON, "python manage.py shell": SHELL}
MAKE_ENVIRONMENT = f"python3 -m venv .venv --prompt {REVIEWS}"
ACTIVATE = "source .venv/bin/activate"
SERVERS = ("manage.py runserver", "browser/serve.py")  # they take their port as an argument
FOR_POWERSHELL = {
    MAKE_ENVIRONMENT: f"py -m venv .venv --prompt {REVIEWS}",
    ACTIVATE: r".venv\Scripts\Activate.ps1",
}

# Works in a POSIX shell and not, or not the same, in PowerShell.
POSIX_ONLY = re.compile(
    r"^(source|export|touch|rm|cp|cat|which|sudo)\b|\bpython3\b|^[A-Z_]+=|\\$|&&|<|/dev/null"
    r"|\$[A-Za-z({]|\bmkdir -p|\b(grep|sed|head|tail|cut|jq)\b|^curl .*['\\]"
)


class Mistake(Problem):
    """Something on a page that cannot be followed: where, and what is wrong."""

    def __init__(self, path: Path, line: int, said: str) -> None:
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        super().__init__(f"{name}:{line}: {said}")
        self.line = line
        self.said = said


# The directives


Options = dict[str, Callable[[str], Any]]


class Spec(Directive):
    """What MyST's own parser has to know of a directive to read its head as Sphinx does."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {"class": unchanged}  # some, or MyST looks for no options at all


def spec(options: Options | None = None, *, argument: bool = False) -> type[Spec]:
    """Describe a directive by its options, and whether it has to have an argument."""

    class Described(Spec):
        required_arguments = 1 if argument else 0
        optional_arguments = 0 if argument else 1
        option_spec = options or Spec.option_spec

    return Described


KINDS: dict[str, type[Spec]] = {
    "new-file": spec({"collapse": flag}, argument=True),
    "whole-file": spec({"collapse": flag, "until": unchanged_required}, argument=True),
    "change": spec(
        {"only": unchanged, "later": unchanged, "until": unchanged_required}, argument=True
    ),
    "patch": spec(argument=True),
    "delete-files": spec(argument=True),
    "copy": spec(argument=True),
    "excerpt": spec({"object": unchanged_required, "part": unchanged}, argument=True),
    "run": spec(
        {
            "at-the-end": flag,
            "fails": flag,
            "prompt": unchanged,
            "terminal": unchanged,
            "type": unchanged,
        }
    ),
    "python": spec({"at-the-end": flag, "django": flag}),
    "stop": spec({"terminal": unchanged}),
    "before-you-start": spec(),
    "check-your-work": spec(),
    "what-changed": spec(),
}
FOR_CHAPTERS = {
    "new-file",
    "whole-file",
    "change",
    "patch",
    "delete-files",
    "copy",
    "before-you-start",
    "check-your-work",
    "what-changed",
}


@dataclass(frozen=True)
class Command:
    """A command as the page shows it, and the output it shows with it."""

    line: int
    posix: str
    powershell: str | None
    output: tuple[str, ...] = ()

    @property
    def for_powershell(self) -> str:
        # In Windows PowerShell `curl` alone is another program.
        return self.powershell or re.sub(r"\bcurl ", "curl.exe ", self.posix)

    @property
    def keeps_running(self) -> bool:
        return any(server in self.posix for server in SERVERS)

    @property
    def copied(self) -> str:
        """What the copy button copies of it."""
        return copied("\n".join([f"$ {self.posix}", *self.output]))


@dataclass(frozen=True)
class Example:
    """A statement in a session of Python as the page shows it, and what comes of it."""

    line: int
    lines: tuple[str, ...]  # as on the page: prompts, and the output below
    source: str
    want: str

    @property
    def copied(self) -> str:
        """What the copy button copies of it."""
        return copied("\n".join(self.lines))

    @property
    def leaves_python(self) -> bool:
        return self.source.strip() == "exit()"


@dataclass
class Step:
    """One directive on a page, and what it comes to."""

    kind: str
    line: int
    argument: str
    options: dict[str, str | None]
    body: list[str]
    body_line: int
    page: Page = field(repr=False)
    text: str = ""  # new-file, whole-file: the file
    cuts: list[str] = field(default_factory=list)  # excerpt: each object's lines
    hunks: list[Hunk] = field(default_factory=list)  # change, patch
    commands: list[Command] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)  # python
    prompt: str = ""  # what the prompt shows where its first line is pasted
    window: str = "first"  # the terminal that this is

    @property
    def part(self) -> Part:
        """The part that the step is about. Raises Mistake when no part is named."""
        name = self.options.get("part")
        if name == "last":
            return LADDER[-1]
        if name:
            return find(name)
        if self.page.part is None:
            raise self.mistake(
                "{excerpt} outside of a chapter names its part: `:part: 7`."
                if self.kind == "excerpt"
                else f"{{{self.kind}}} is for chapters, and this page is not one."
            )
        return self.page.part

    @property
    def last_line(self) -> int:
        return self.body_line + len(self.body) - 1

    def mistake(self, said: str, line: int | None = None) -> Mistake:
        return Mistake(self.page.path, line or self.line, said)


@dataclass
class Page:
    """A page, the part that it belongs to if it is a chapter, and its steps in order."""

    path: Path
    part: Part | None
    steps: list[Step] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)  # as the page has them so far

    @property
    def before(self) -> Part | None:
        return self.part.before if self.part else None


# Reading


@cache
def markdown() -> MarkdownIt:
    return create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS)), RendererHTML)


def part_of_page(name: str) -> Part | None:
    """Return the part whose chapter this page of the book is, or None."""
    slug = name.removeprefix("chapters/")
    return next((part for part in LADDER if part.slug == slug), None)


def chapter_path(part: Part) -> Path:
    """Return the path of a part's page, whether or not it is written yet."""
    return CHAPTERS / f"{part.slug}.md"


def for_github(part: Part) -> str:
    """Return the line that a chapter has below its title for those who read it on GitHub.

    There a page's directives are empty boxes. The book leaves the line out.
    """
    folder = f"parts/{part.slug}"
    return (
        "> **On GitHub this page has no code.** Its listings are added when the book is built, "
        f"from [{folder}](../../{folder}/). To read it with them: "
        "`python3 scripts/test.py -s docs-live`, in a copy of this repository."
    )


def read_page(path: Path) -> Page:
    """Read a page, and work out what each of its steps shows.

    The page of a chapter is named for its part. Raises Mistake for what cannot be followed.
    """
    text = path.read_text(encoding="utf-8")
    part = next((part for part in LADDER if part.slug == path.stem), None)
    page = Page(path, part)
    for name, argument, content, line in directives_in(text):
        if name in KINDS:
            page.steps.append(parse(page, name, argument, content, line))
    for step in page.steps:
        work_out(step)
    find_prompts(page)
    return page


def directives_in(text: str, first: int = 1) -> Iterator[tuple[str, str, str, int]]:
    """Yield name, argument, content and line of every directive, nested ones included."""
    for token in markdown().parse(text):
        if token.type not in {"fence", "colon_fence"} or token.map is None:
            continue
        if match := re.fullmatch(r"\{([\w-]+)\}\s*(.*)", token.info.strip()):
            line = first + token.map[0]
            yield match[1], match[2], token.content, line
            if match[1] not in KINDS:  # an admonition, a tab, a dropdown
                yield from directives_in(token.content, line + 1)


def parse(page: Page, kind: str, argument: str, content: str, line: int) -> Step:
    try:
        found = parse_directive_text(KINDS[kind], argument, content)
    except Exception as error:
        raise Mistake(page.path, line, f"{{{kind}}}: {error}") from None
    if found.warnings:
        raise Mistake(page.path, line, f"{{{kind}}}: {found.warnings[0].msg}")
    argument = " ".join(found.arguments)
    start = line + 1 + found.body_offset
    return Step(kind, line, argument, found.options, found.body, start, page)


def work_out(step: Step) -> None:
    """Find out what a step shows: the file, the diff, the commands."""
    page = step.page
    if step.kind in FOR_CHAPTERS and page.part is None:
        raise step.mistake(f"{{{step.kind}}} is for chapters, and this page is not one.")
    match step.kind:
        case "new-file" | "whole-file":
            step.text = target_of(step)
            page.files[step.argument] = step.text.splitlines()
        case "change":
            change(step)
        case "patch":
            patch(step)
        case "copy":
            step.commands = [copy_command(step)]
        case "excerpt":
            excerpt(step)
        case "run":
            step.commands = commands(step)
        case "python":
            step.examples = examples(step)
        case "before-you-start":
            step.commands = [
                Command(step.line, f"cd ~/{PROJECT}", None),
                Command(step.line, ACTIVATE, FOR_POWERSHELL[ACTIVATE]),
            ]
        case "check-your-work":
            number = step.part.number
            step.commands = [
                Command(
                    step.line,
                    f"tutorial check {number} ~/{PROJECT}",
                    None,
                    (VARIES, f"✓ All {VARIES} promises up to part {number}, {VARIES}", VARIES),
                )
            ]


def text_of(step: Step) -> str:
    path = step.part.path / step.argument
    if not path.is_file():
        raise step.mistake(f"{step.part.slug} has no file {step.argument}.")
    return path.read_text(encoding="utf-8")


def target_of(step: Step) -> str:
    """Return the part's file, or its beginning as far as the class or function of ``:until:``."""
    text = text_of(step)
    wanted = step.options.get("until")
    if not wanted:
        return text
    node = find_object(ast.parse(text), wanted)
    if node is None or node.end_lineno is None:
        raise step.mistake(f"{step.argument} of {step.part.slug} has no {wanted}.")
    return "\n".join(text.splitlines()[: node.end_lineno]) + "\n"


def so_far(step: Step) -> list[str]:
    """The lines of the step's file as the page has left it, or the part before."""
    page, path = step.page, step.argument
    if path in page.files:
        return page.files[path]
    if page.before and (page.before.path / path).is_file():
        return (page.before.path / path).read_text(encoding="utf-8").splitlines()
    raise step.mistake(
        f"There is no {path} to change: the part before has none, and this page has not made it."
    )


def change(step: Step) -> None:
    """Take the changes that the step asks for, from the file so far to the part's."""
    old = so_far(step)
    only, later = texts(step.options.get("only")), texts(step.options.get("later"))
    new, missing = go_part_way(old, target_of(step).splitlines(), only, later)
    if missing:
        raise step.mistake(f"No change left in {step.argument} holds {missing[0]!r}.")
    if new == old:
        raise step.mistake(f"{step.argument} does not change any more from here to the part's.")
    step.hunks = hunks(old, new)
    step.page.files[step.argument] = new


def texts(option: str | None) -> list[str]:
    return [text.strip() for text in (option or "").split(" | ") if text.strip()]


def patch(step: Step) -> None:
    """Read a diff that is on the page, for a state that no part has."""
    lines: list[list[tuple[str, str]]] = [[]]
    for number, text in enumerate(step.body, start=step.body_line):
        if text.startswith("@@"):
            lines.append([])
        elif text[:1] in {"", " ", "+", "-"}:
            lines[-1].append((text[:1] or " ", text[1:]))
        else:
            raise step.mistake("A line of a diff begins with a space, + or -.", number)
    old = so_far(step)
    step.hunks = [Hunk(0, tuple(found)) for found in lines if found]
    step.page.files[step.argument] = apply_step(step, old)


def apply_step(step: Step, lines: list[str]) -> list[str]:
    """Apply the step's diff to these lines. Raises Mistake when it does not apply."""
    try:
        return apply(step.hunks, lines)
    except DoesNotApply as error:
        raise step.mistake(f"The diff of {step.argument} does not apply: {error}.") from None


def excerpt(step: Step) -> None:
    """Cut a class, a function, a method or an assignment out of the part's file."""
    wanted = step.options.get("object")
    if not wanted:
        raise step.mistake("{excerpt} says of what: `:object: ProductViewSet`.")
    source = text_of(step)
    for name in wanted.split(","):
        node = find_object(ast.parse(source), name.strip())
        if node is None:
            raise step.mistake(f"{step.argument} of {step.part.slug} has no {name.strip()}.")
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *[decorator.lineno for decorator in decorators]])
        step.cuts.append("\n".join(source.splitlines()[first - 1 : node.end_lineno]))


def find_object(module: ast.Module, dotted: str) -> ast.stmt | None:
    """Return the statement that defines ``name`` or ``Class.name``, or None."""
    body: list[ast.stmt] = module.body
    node = None
    for name in dotted.split("."):
        node = next((statement for statement in body if name in names(statement)), None)
        body = getattr(node, "body", [])
    return node


def names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {getattr(node, "name", "")}


def commands(step: Step) -> list[Command]:
    """Read ``$ command``, ``PS> its variant for PowerShell``, and the output below them."""
    found: list[Command] = []
    for number, text in enumerate(step.body, start=step.body_line):
        last = found[-1] if found else None
        if text.startswith("$ "):
            found.append(Command(number, text[2:], None))
        elif last is None:
            raise step.mistake("{run} begins with a command: a line with `$ ` before it.", number)
        elif text.startswith("PS> "):
            found[-1] = Command(last.line, last.posix, text[4:], last.output)
        elif last.posix.endswith("\\") and not last.output:
            found[-1] = Command(last.line, f"{last.posix}\n{text}", last.powershell)
        else:
            found[-1] = Command(last.line, last.posix, last.powershell, (*last.output, text))
    return found


def examples(step: Step) -> list[Example]:
    """Read ``>>> statement``, its further lines with ``... ``, and the output below them."""
    parsed = doctest.DocTestParser().get_examples("\n".join(step.body) + "\n")
    if not parsed or parsed[0].lineno:
        raise step.mistake("{python} shows a session: lines that begin with `>>> `.")
    ends = [*(example.lineno for example in parsed[1:]), len(step.body)]
    return [
        Example(
            step.body_line + example.lineno,
            tuple(step.body[example.lineno : end]),
            example.source,
            example.want,
        )
        for example, end in zip(parsed, ends, strict=True)
    ]


def copy_command(step: Step) -> Command:
    """Return the command, for the tutorial's terminal, that copies the step's file or folder."""
    source = step.part.path / step.argument
    if not source.exists():
        raise step.mistake(f"{step.part.slug} has no {step.argument}.")
    inside = source.relative_to(ROOT).as_posix()
    to = f"~/{PROJECT}/{Path(step.argument).parent.as_posix()}"
    posix, powershell = ("cp -r", "Copy-Item -Recurse") if source.is_dir() else ("cp", "Copy-Item")
    return Command(step.line, f"{posix} {inside} {to}", f"{powershell} {inside} {to}")


# At which prompt


def find_prompts(page: Page) -> None:
    """Find out at which prompt each block is pasted, in which terminal.

    Follows what the page itself opens and leaves. Raises Mistake for a block that a reader
    would paste into something else.
    """
    windows: dict[str, list[str | Command]] = {}  # what is open in each, the innermost last
    for step in page.steps:
        step.window = step.options.get("terminal") or "first"
        if step.kind in {"check-your-work", "copy"}:
            step.prompt = step.window = TUTORIAL
        elif page.part is None:
            step.prompt = python_prompt(step) or step.options.get("prompt") or TUTORIAL
            if step.prompt not in {NEW, TUTORIAL, REVIEWS, PYTHON, SHELL}:
                raise step.mistake(f"No prompt is called {step.prompt}.")
        elif "at-the-end" in step.options:
            step.prompt, step.window = python_prompt(step) or REVIEWS, "at the end"
        elif step.kind in {"run", "before-you-start"}:
            paste_commands(step, windows.setdefault(step.window, [NEW]))
        elif step.kind == "python":
            paste_python(step, windows)
        elif step.kind == "stop":
            opened = windows.setdefault(step.window, [NEW])
            if isinstance(opened[-1], Command):  # if not, doing it shows why
                opened.pop()


def python_prompt(step: Step) -> str:
    if step.kind != "python":
        return ""
    return SHELL if "django" in step.options else PYTHON


def paste_commands(step: Step, opened: list[str | Command]) -> None:
    """Note what commands open in their terminal. Raises Mistake for one that goes elsewhere."""
    step.prompt = str(opened[-1])
    for command in step.commands:
        now = opened[-1]
        if now in {PYTHON, SHELL}:
            raise step.mistake(
                f"`{command.posix}` would go to Python, which is open in this terminal: "
                "leave it with `exit()`, or take another one (`:terminal: third`).",
                command.line,
            )
        if isinstance(now, Command):
            raise step.mistake(
                f"This terminal is busy with `{now.posix}`: "
                "stop it, or open another one (`:terminal: second`).",
                command.line,
            )
        if command.posix == ACTIVATE:
            opened[:] = [REVIEWS]
        elif command.keeps_running:
            opened.append(command)
        elif command.posix in OPENS:
            opened.append(OPENS[command.posix])


def paste_python(step: Step, windows: dict[str, list[str | Command]]) -> None:
    """Find the terminal in which Python is open. Raises Mistake when there is not one."""
    step.prompt = python_prompt(step)
    found = [name for name, opened in windows.items() if opened[-1] == step.prompt]
    if len(found) != 1:
        command = next(command for command, name in OPENS.items() if name == step.prompt)
        raise step.mistake(
            f"`{command}` is open in two terminals: which one is meant?"
            if found
            else f"No terminal is at this prompt: `$ {command}` has to come first, in a {{run}}."
        )
    step.window = found[0]
    for example in step.examples:
        if windows[step.window][-1] != step.prompt:
            raise step.mistake("Python has ended: `exit()` is a block's last line.", example.line)
        if example.leaves_python:
            windows[step.window].pop()


# What every chapter has to have


def check_page(page: Page) -> None:
    """Raise Mistake for what can be seen without doing it."""
    for step in page.steps:
        for command in step.commands if step.kind == "run" else ():
            if POSIX_ONLY.search(command.posix) and not command.powershell:
                raise step.mistake(
                    f"`{command.posix}` is not for PowerShell: "
                    "add a line `PS> …` with its variant.",
                    command.line,
                )
        paste(step)
    if page.part is None:
        return
    kinds = [step.kind for step in page.steps]
    for kind in ("before-you-start", "check-your-work", "what-changed"):
        if kind not in kinds and not (kind == "before-you-start" and page.before is None):
            raise Mistake(page.path, 1, f"A chapter has a {{{kind}}}, and this one has none.")
    for path, lines in page.files.items():
        target = (page.part.path / path).read_text(encoding="utf-8").splitlines()
        if lines != target:
            last = [step for step in page.steps if step.argument == path][-1]
            raise last.mistake(
                f"{path} is not yet the part's at the end of the page; what is left:\n"
                + as_diff(hunks(lines, target))
            )


def paste(step: Step) -> None:
    """Raise Mistake where Python, before 3.13, would not take the lines as they are copied.

    It reads them one by one, and ends an indented block only at an empty line.
    """
    reading: list[str] = []
    for example in step.examples:
        for offset, line in enumerate(example.copied.split("\n")):
            reading.append(line)
            try:
                complete = codeop.compile_command("\n".join(reading)) is not None
            except (SyntaxError, ValueError, OverflowError) as error:
                raise step.mistake(
                    f"Pasted into Python, this is a {type(error).__name__}. "
                    "Is there a line `...` after the block before it?",
                    example.line + min(offset, len(example.lines) - 1),
                ) from None
            if complete:
                reading = []
    if reading:
        raise step.mistake("Python waits for more: a block ends with `...`.", step.last_line)


def matches(expected: Sequence[str], got: str) -> bool:
    """Return whether output is what the page shows.

    ``…`` within a line stands for anything in it; a line of ``…`` alone stands for any lines.
    """
    pattern = ""
    for line in trimmed("\n".join(expected)):
        if line.strip() == VARIES:
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*".join(map(re.escape, line.split(VARIES))) + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in trimmed(got))) is not None


def trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").rstrip().splitlines()]


def catch_up_commands(part: Part) -> list[Command]:
    """Return the commands that bring a reader without a project to the end of a part.

    The first is for the tutorial's terminal, the others are for the reader's own.
    """
    return [
        Command(0, f"tutorial start {part.number} ~/{PROJECT}", None),
        Command(0, f"cd ~/{PROJECT}", None),
        *(
            Command(0, text, FOR_POWERSHELL.get(text))
            for text in next_steps(part, Path(PROJECT), windows=False)[1:-1]
        ),
    ]

"""Shows the steps of a page: listings, diffs and commands, as `tutorial.book.page` reads them.

What a directive means is written there, where the robot reader gets it from too. Here it is
only turned into Markdown, and that is handed back to the parser.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from tutorial.book.changes import Hunk, hunks
from tutorial.book.history import language_of
from tutorial.book.look import GAP
from tutorial.book.pace import minutes
from tutorial.book.page import (
    KINDS,
    NEW,
    PROJECT,
    PYTHON,
    REVIEWS,
    SHELL,
    TUTORIAL,
    Command,
    Mistake,
    Step,
    catch_up_commands,
    check_page,
    for_github,
    part_of_page,
    read_page,
)
from tutorial.ladder import LADDER, ROOT, Part
from tutorial.project_files import PARTS_README, own_files

logger = logging.getLogger(__name__)


def code(language: str, text: str, caption: str = "") -> str:
    head = f":caption: {caption}\n" if caption else ""
    return f"``````{{code-block}} {language}\n{head}\n{text.rstrip()}\n``````\n"


def folded(title: str, content: str) -> str:
    # More colons than anything that may be inside.
    return f"::::::::{{dropdown}} {title}\n{content}\n::::::::\n"


def diff(path: str, changes: list[Hunk], note: str = "") -> str:
    """The changed lines of a file, with a line between two places that are apart."""
    lines: list[str] = []
    for hunk in changes:
        if hunk.at_end and hunk.start:
            lines.append(f"{GAP} at the end of the file")
        elif len(changes) > 1 and (hunk.start or lines):
            lines.append(f"{GAP} line {hunk.start + 1}" if hunk.start else GAP)
        lines += [sign + text for sign, text in hunk.lines]
    return code(f"change-{language_of(path)}", "\n".join(lines), f"{path}{note}")


def label(prompt: str, window: str = "") -> str:
    """Say above a block where it belongs: what the prompt shows there, and in which terminal."""
    known = {"first", "at the end", TUTORIAL} if prompt not in {PYTHON, SHELL} else {window}
    where = f" {window} terminal" if window and window not in known else ""
    if where and prompt == NEW:  # the second terminal is a new one
        return f"[{where.strip()}]{{.prompt .prompt-{NEW.split()[0]}}}"
    return f"[{prompt}]{{.prompt .prompt-{prompt.split()[0]}}}{where}"


def terminal(commands: list[Command], prompt: str, window: str = "") -> str:
    """The commands for both kinds of shell; in tabs where they differ."""

    def session(sign: str, texts: list[str]) -> str:
        lines = []
        for text, command in zip(texts, commands, strict=True):
            lines += [f"{sign} {text}", *command.output]
        language = "console" if sign == "$" else "ps1con"
        return code(language, "\n".join(lines), label(prompt, window))

    posix = [command.posix for command in commands]
    powershell = [command.for_powershell for command in commands]
    if posix == powershell:
        return session("$", posix)
    return (
        "::::::{tab-set}\n:sync-group: shell\n"
        f":::::{{tab-item}} macOS, Linux\n:sync: posix\n{session('$', posix)}:::::\n"
        f":::::{{tab-item}} Windows PowerShell\n:sync: powershell\n"
        f"{session('PS>', powershell)}:::::\n::::::\n"
    )


def render(step: Step) -> str:
    path = step.argument
    match step.kind:
        case "new-file" | "whole-file":
            note = "new file" if step.kind == "new-file" else "the whole file"
            if not step.text:
                return f"Make an empty file `{path}`.\n"
            if "collapse" in step.options:
                return folded(f"`{path}` — {note}", code(language_of(path), step.text, path))
            return code(language_of(path), step.text, f"{path} — {note}")
        case "change":
            return diff(path, step.hunks, " — change")
        case "patch":
            return diff(path, step.hunks, " — change, for now")
        case "delete-files":
            names = [f"`{name}`" for name in path.split()]
            said = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
            return f"Delete {said}.\n"
        case "copy":
            return render_copy(step)
        case "excerpt":
            of = f", part {step.part.number}" if step.options.get("part") else ""
            return code(language_of(path), "\n\n".join(step.cuts), f"{path}{of}")
        case "run":
            return terminal(step.commands, step.prompt, step.window)
        case "python":
            return code("pycon", "\n".join(step.body), label(step.prompt, step.window))
        case "stop":
            return "Stop the server: press {kbd}`Ctrl-C` in its terminal.\n"
        case "before-you-start":
            return before_you_start(step)
        case "check-your-work":
            return (
                "In [the tutorial's terminal](/getting-started.md), check your project against the "
                "promises of this part and of those before it:\n\n"
                + terminal(step.commands, step.prompt)
                + "\nIf one does not hold, the output says which, and names the file to open.\n"
            )
        case "what-changed":
            return what_changed(step.part)
    raise NotImplementedError(step.kind)


def render_copy(step: Step) -> str:
    """A file or a folder of the part to take over, with a link to download it."""
    path = step.argument
    source = step.part.path / path
    inside = source.relative_to(ROOT).as_posix()
    if source.is_dir():
        links = [
            f"- {{download}}`{file.name} </../{inside}/{file.name}>`"
            for file in sorted(source.iterdir())
            if file.is_file()
        ]
        more = folded("Or download them one by one", "\n".join(links))
        what = "folder"
    else:
        more = f"Or {{download}}`download it </../{inside}>`.\n"
        what = "file"
    return (
        f"Copy the tutorial's {what} `{inside}` to `{path}` in your project. "
        "In [the tutorial's terminal](/getting-started.md):\n\n"
        + terminal(step.commands, step.prompt)
        + f"\n{more}"
    )


def before_you_start(step: Step) -> str:
    last = step.part.before
    if last is None:
        raise step.mistake("Nothing comes before the first part: take this directive out.")
    first, *rest = catch_up_commands(last)
    catching_up = (
        f"In [the tutorial's terminal](/getting-started.md), get part {last.number} as the book "
        "has it:\n\n"
        + terminal([first], TUTORIAL)
        + "\nThen, in a terminal of your own:\n\n"
        + terminal(rest, NEW)
        + "\nFor the admin you need a user: `python manage.py createsuperuser`.\n"
    )
    return (
        f"You continue with your project as [chapter {last.number}](/chapters/{last.slug}.md) left "
        "it. Open a terminal and activate its environment:\n\n"
        + terminal(step.commands, step.prompt)
        + "\n"
        + folded("No project yet? Start here", catching_up)
    )


def files_of(part: Part | None) -> dict[str, str]:
    """Return the text files of a part; of a picture, its name alone."""
    if part is None:
        return {}
    found = {}
    for path in own_files(part.path):
        name = path.as_posix()
        if name == PARTS_README:
            continue
        try:
            found[name] = (part.path / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            found[name] = ""
    return found


def what_changed(part: Part) -> str:
    """Every change from the part before to this one, folded; of the first part, its files."""
    old, new = files_of(part.before), files_of(part)
    if part.before is None:
        listing = "\n".join(f"- `{name}`" for name in new)
        return folded(f"All {len(new)} files of part {part.number}", listing)
    blocks, also = [], []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, ""), new.get(name, "")
        if before == after and name in old:
            continue
        generated = "/migrations/" in name or name.endswith(".json")
        if name not in new:
            also.append(f"`{name}` is deleted")
        elif not after or (name not in old and generated):
            also.append(f"`{name}` is new")
        else:
            changes = hunks(before.splitlines(), after.splitlines())
            blocks.append(diff(name, changes, "" if name in old else " — new file"))
    title = f"Every change from part {part.before.number} to part {part.number}"
    rest = f"\n{'; '.join(also)}.\n" if also else ""
    patch = f"{part.number}.patch"
    write = f"tutorial diff {part.before.number} {part.number} --output ~/{PROJECT}/{patch}"
    same = (
        f"\nThe same as a patch, for a project that is at part {part.before.number}:\n\n"
        + terminal([Command(0, write, None)], TUTORIAL)
        + "\n"
        + terminal([Command(0, f"git apply {patch}", None)], REVIEWS)
    )
    return folded(title, "\n".join(blocks) + rest + same)


class StepDirective(SphinxDirective):
    """Any of the directives that `tutorial.book.page` knows."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        step = self.step()
        if step is None:
            return []
        for part in (step.page.part, step.page.before):
            if part:
                self.env.note_dependency(str(part.path / (step.argument or "requirements.txt")))
        found = self.parse_text_to_nodes(render(step))
        box = nodes.container(classes=["step", f"step-{self.name}"])
        box += found
        return [box]

    def step(self) -> Step | None:
        """The step that this directive is: the page has been read before, in the same order."""
        data = self.env.temp_data
        if "book_steps" not in data:
            path = Path(self.env.doc2path(self.env.docname))
            try:
                page = read_page(path)
                check_page(page)
                data["book_steps"] = list(page.steps)
            except Mistake as mistake:
                data["book_steps"] = None
                logger.warning(mistake.said, location=(self.env.docname, mistake.line))
        if data["book_steps"] is None:
            return None
        step: Step = data["book_steps"].pop(0)
        if (step.kind, step.argument) != (self.name, " ".join(self.arguments)):
            raise self.error(f"The book read {step.kind} {step.argument} here.")
        return step


class NextChapterDirective(SphinxDirective):
    """The end of a chapter: which one comes next, or that there is none yet."""

    def run(self) -> list[nodes.Node]:
        part = part_of_page(self.env.docname)
        if part is None:
            raise self.error("Only a chapter has a next one, and this page is not a chapter.")
        after = part.after
        return self.parse_text_to_nodes(
            f"Next: [{after.number} · {after.title}](/chapters/{after.slug}.md), {after.adds}."
            if after
            else "This is the last part so far. [The end](/the-end.md) says what you can do now, "
            "and where to go from here."
        )


def in_sight(node: nodes.Node) -> bool:
    """Whether a reader sees this on the way: not what is folded, nor another system's tab."""
    while node.parent is not None:
        component = node.get("design_component") if isinstance(node, nodes.Element) else None
        if component == "dropdown" or (component == "tab-item" and node.parent.index(node)):
            return False
        node = node.parent
    return True


def shown_words(doctree: nodes.document) -> int:
    """Count the words of a page that are in sight."""
    return sum(
        len(paragraph.astext().split())
        for kind in (nodes.paragraph, nodes.title)
        for paragraph in doctree.findall(kind)
        if in_sight(paragraph)
    )


def leave_out_the_line_for_github(app: Sphinx, name: str, source: list[str]) -> None:
    if part := part_of_page(name):
        source[0] = source[0].replace(f"\n{for_github(part)}\n", "\n\n", 1)


# The sections that every chapter has, and in which nothing is built: docs/contributing/chapters.md.
FRAME = {
    "What you will have at the end": "preview",
    "Before you start": "before",
    "Check your work": "check",
    "What can go wrong": "trouble",
    "What changed in this part": "changed",
    "Exercises": "exercises",
    "Further reading": "onward",
}


def mark_chapter(app: Sphinx, doctree: nodes.document) -> None:
    """Number a chapter's title, tell its frame from its steps, and say how long it takes.

    Called before Sphinx collects the titles, so that the number is in the navigation too.
    """
    part = part_of_page(app.env.docname)
    title = next(iter(doctree.findall(nodes.title)), None)
    if part is None or title is None:
        return
    title[:0] = [nodes.inline("", f"{part.number} · ", classes=["chapter-number"])]
    for section in title.parent.findall(nodes.section):
        if section.parent is title.parent:
            frame = FRAME.get(section[0].astext())
            section["classes"] += ["frame", f"frame-{frame}"] if frame else ["move"]
            if frame == "exercises" and f"solutions/{part.slug}" in app.env.found_docs:
                section.append(link_to_solutions(app, part))
    read, do = minutes(read_page(Path(app.env.doc2path(app.env.docname))), shown_words(doctree))
    text = (
        f"Part {part.number} of {len(LADDER)} · {read} minutes to read, {do} to do · "
        f"adds {part.adds}"
    )
    title.parent.insert(1, nodes.paragraph("", text, classes=["part-line"]))


def link_to_solutions(app: Sphinx, part: Part) -> nodes.Node:
    """Return the line below the exercises of a chapter; its page of solutions has its name."""
    link = addnodes.pending_xref(
        "",
        nodes.inline("", "Hints and solutions"),
        refdoc=app.env.docname,
        refdomain="std",
        reftype="doc",
        reftarget=f"/solutions/{part.slug}",
        refexplicit=True,
    )
    rest = nodes.Text(": try first, take the hint, then compare.")
    return nodes.paragraph("", "", link, rest, classes=["solutions"])


def setup(app: Sphinx) -> dict[str, Any]:
    for kind, spec in KINDS.items():
        members = {
            "required_arguments": spec.required_arguments,
            "optional_arguments": spec.optional_arguments,
            "option_spec": spec.option_spec,
        }
        app.add_directive(kind, type(StepDirective.__name__, (StepDirective,), members))
    app.add_directive("next-chapter", NextChapterDirective)
    app.connect("source-read", leave_out_the_line_for_github)
    app.connect("doctree-read", mark_chapter, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

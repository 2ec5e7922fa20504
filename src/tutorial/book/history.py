"""The code through time: a page for each file of the parts, and each line's chapter beside it.

    ```{code-files}        the list of these pages

A file is kept as one list of lines with the part that wrote each and the part that took it out
again, so its page can show it as any part has it. The listings of the book link to these pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tutorial.book.changes import matcher
from tutorial.book.look import by_line
from tutorial.book.page import part_of_page
from tutorial.ladder import LADDER, Part
from tutorial.project_files import PARTS_README, own_files

FOLDER = "code"
LANGUAGES = {".py": "python", ".json": "json", ".html": "html", ".js": "javascript"}
MOST_LINES = 1000  # data are longer, and nobody reads their history


@dataclass
class Line:
    """A line of a file: its HTML, the part that wrote it, and the first part without it."""

    html: str
    born: Part
    gone: Part | None = None

    def is_in(self, part: Part) -> bool:
        gone = self.gone is not None and self.gone.number <= part.number
        return self.born.number <= part.number and not gone


def language_of(path: str) -> str:
    return LANGUAGES.get(PurePosixPath(path).suffix, "text")


@cache
def texts() -> dict[str, dict[int, str]]:
    """Return the text of every file of the parts, by its path and the number of the part."""
    found: dict[str, dict[int, str]] = {}
    for part in LADDER:
        for path in own_files(part.path):
            name = path.as_posix()
            if name == PARTS_README:
                continue
            try:
                text = (part.path / path).read_text(encoding="utf-8")
            except UnicodeDecodeError:  # a picture
                continue
            if text.count("\n") <= MOST_LINES:
                found.setdefault(name, {})[part.number] = text
    return found


def history(path: str) -> list[Line]:
    """Return all lines that a file has ever had, each in its place."""
    lines: list[Line] = []
    old: list[str] = []
    for part in LADDER:
        text = texts()[path].get(part.number, "")
        if text.splitlines() == old:
            continue
        new, html = text.splitlines(), highlighted(text, language_of(path))
        alive = [i for i, line in enumerate(lines) if line.gone is None]
        merged: list[Line] = []
        at = 0  # in ``lines``: what is before it has been merged
        for tag, i, j, k, m in matcher(old, new).get_opcodes():
            end = alive[j] if j < len(alive) else len(lines)
            if tag in {"delete", "replace"}:
                for index in alive[i:j]:
                    lines[index].gone = part
            merged += lines[at:end] if tag != "insert" else []
            at = end if tag != "insert" else at
            if tag in {"insert", "replace"}:
                merged += [Line(html[index], part) for index in range(k, m)]
        lines, old = merged + lines[at:], new
    return lines


def highlighted(text: str, language: str) -> list[str]:
    """Return a text's lines as HTML, with the classes of Pygments."""
    lexer = get_lexer_by_name(language, stripnl=False)
    found = []
    for tokens in by_line(lexer, text):
        html = ""
        for token, value in tokens:
            while token not in STANDARD_TYPES:
                token = token.parent
            kind, shown = STANDARD_TYPES[token], escape(value.rstrip("\n"), quote=False)
            html += f'<span class="{kind}">{shown}</span>' if kind else shown
        found.append(html)
    return found


# The pages


def page_name(path: str) -> str:
    return f"{FOLDER}/{path}"


def relative(target: str, page: str) -> str:
    """Return the URL of a page of the book, from another of its pages."""
    return "../" * page.count("/") + target + ".html"


def body(path: str, page: str) -> str:
    """Return the HTML of a file's page: the slider, and every line it has ever had."""
    first = min(texts()[path])
    rows = []
    for line in history(path):
        part = line.born
        url = relative(f"chapters/{part.slug}", page)
        gone = f' data-gone="{line.gone.number}"' if line.gone else ""
        rows.append(
            f'<li data-born="{part.number}"{gone}{"" if line.is_in(LADDER[-1]) else " hidden"}>'
            f'<a href="{url}" title="Part {part.number}, {escape(part.title)}">{part.number}</a>'
            f"<code>{line.html or ' '}</code></li>"
        )
    last = LADDER[-1].number
    titles = escape("|".join(part.title for part in LADDER), quote=True)
    return (
        f"<h1>{escape(path)}</h1>"
        '<div class="time" hidden><label for="part">As part <output></output> has it</label>'
        f'<input type="range" id="part" min="{first}" max="{last}" value="{last}" '
        f'data-titles="{titles}"></div>'
        "<p>The number beside a line is the chapter that wrote it.</p>"
        f'<ol class="history highlight" tabindex="0" aria-label="{escape(path)}">'
        f"{''.join(rows)}</ol>"
    )


def tree(page: str) -> str:
    """Return the files as a nested list of links."""
    found: dict[str, list[str]] = {}
    for path in sorted(texts(), key=lambda path: (path.count("/") and 1, path)):
        found.setdefault(str(PurePosixPath(path).parent), []).append(path)
    parts = []
    for folder, paths in found.items():
        links = "".join(
            f"<li{' class=current' if page_name(path) == page else ''}>"
            f'<a class="reference internal" href="{relative(page_name(path), page)}" '
            f'data-born="{min(texts()[path])}">{escape(PurePosixPath(path).name)}</a></li>'
            for path in paths
        )
        name = "" if folder == "." else f'<p class="folder">{escape(folder)}/</p>'
        parts.append(f'{name}<ul class="files">{links}</ul>')
    return f"<div>{''.join(parts)}</div>"  # of a bare list furo hides the first entry


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    for path in texts():
        name = page_name(path)
        yield name, {"title": path, "body": body(path, name)}, "page.html"


def beside(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Show the files where other pages have their headings."""
    if pagename.startswith(f"{FOLDER}/"):
        context["toc"] = tree(pagename)
        context["furo_hide_toc"] = False
        app.add_js_file("history.js", loading_method="defer")


class CodeFiles(SphinxDirective):
    """The list of all files."""

    def run(self) -> list[nodes.Node]:
        for part in LADDER:
            for path in own_files(part.path):
                self.env.note_dependency(str(part.path / path))
        html = f'<div class="code-files">{tree(self.env.docname)}</div>'
        return [nodes.raw("", html, format="html")]


def link_listings(app: Sphinx, doctree: nodes.document) -> None:
    """Make the file's name above a listing a link to its page, as the listing's part has it."""
    if app.builder.format != "html":
        return
    name = app.env.docname
    chapter = part_of_page(name)
    for caption in doctree.findall(nodes.caption):
        text = caption.astext()
        path, _, rest = text.partition(" — ") if " — " in text else text.partition(", part ")
        if path not in texts():
            continue
        number = int(rest) if rest.isdecimal() else chapter.number if chapter else LADDER[-1].number
        url = f"{relative(page_name(path), name)}#part-{number}"
        link = nodes.reference("", path, refuri=url, internal=True, classes=["to-history"])
        caption[:] = [link, nodes.Text(text[len(path) :])]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("code-files", CodeFiles)
    app.connect("doctree-read", link_listings)
    app.connect("html-collect-pages", pages)
    app.connect("html-page-context", beside, priority=900)  # after furo's own
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The book's drawings: sequences of messages, the relations of models, and SVG files.

    ```{sequence} A browser asks before it sends
    page -> browser: fetch, with `Authorization`
    browser -> API: OPTIONS `/image/`
    API --> browser: 200, and who may ask
    note: five minutes pass
    note API: checks the signature
    ```

A sequence is a list, laid out by the style sheet: its text folds where the page is narrow, follows
the theme, and can be found and read aloud. ``{models}`` draws the classes of a part's file from
the file itself. An image that is an SVG file becomes part of the page, so that it has its colours.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from html import escape
from itertools import permutations
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tutorial.ladder import Part, find

MESSAGE = re.compile(r"(?P<start>[\w .]+?) (?P<arrow>-->|->) (?P<end>[\w .]+): (?P<text>.+)")
NOTE = re.compile(r"note(?: (?P<lane>[\w .]+))?: (?P<text>.+)")


# Sequences


class Sequence(SphinxDirective):
    """What is sent, by whom and to whom, in order."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        try:
            drawn = sequence(self.arguments[0], list(self.content))
        except ValueError as error:
            raise self.error(str(error)) from None
        return [nodes.raw("", drawn, format="html")]


def sequence(title: str, lines: list[str]) -> str:
    """Return a sequence as HTML. Raises ValueError for a line that is no message and no note."""
    lanes: list[str] = []
    found: list[re.Match[str]] = []
    for line in filter(str.strip, lines):
        match = MESSAGE.fullmatch(line.strip()) or NOTE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"Neither `a -> b: text` nor `note: text`: {line!r}")
        found.append(match)
        for end in ("start", "end", "lane"):
            name = match.groupdict().get(end)
            if name and name not in lanes:
                lanes.append(name)
    heads = "".join(f"<span>{escape(lane)}</span>" for lane in lanes)
    rows = "".join(row(match.groupdict(), lanes) for match in found)
    return (
        f'<figure class="sequence" style="--lanes: {len(lanes)}"><figcaption>{escape(title)}'
        f'</figcaption><div class="lanes" aria-hidden="true">{heads}</div>'
        f"<ol>{rows}</ol></figure>"
    )


def row(match: dict[str, str | None], lanes: list[str]) -> str:
    text = marked(match["text"] or "")
    if "arrow" not in match:
        lane = match["lane"]
        if lane is None:
            return f'<li class="note"><p>{text}</p></li>'
        place = lanes.index(lane) + 1
        said = f'<span class="unseen">{escape(lane)}: </span>'
        return f'<li class="note aside"><p style="grid-column: {place}">{said}{text}</p></li>'
    start, end = lanes.index(match["start"] or ""), lanes.index(match["end"] or "")
    first, last = min(start, end) + 1, max(start, end) + 2
    kind = ["answer" if match["arrow"] == "-->" else "request", "left" if end < start else "right"]
    said = f'<span class="unseen">{escape(lanes[start])} to {escape(lanes[end])}: </span>'
    return (
        f'<li class="{" ".join(kind)}"><p style="grid-column: {first} / {last}; '
        f'--span: {last - first}">{said}<span>{text}</span></p></li>'
    )


def marked(text: str) -> str:
    """Return a text with its code, its statuses and its tokens marked."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    text = re.sub(r"\b([23]\d\d)\b", r'<b class="ok">\1</b>', text)
    text = re.sub(r"\b([45]\d\d)\b", r'<b class="refused">\1</b>', text)
    return re.sub(r"\b(access|refresh) (\d|token)\b", r'<b class="\1">\1 \2</b>', text)


# Models


@dataclass(frozen=True)
class Relation:
    """A field that leads from one model to another, and the name of the way back."""

    start: str
    field: str
    end: str
    back: str
    many: bool  # many-to-many


class Models(SphinxDirective):
    """The models of a file of a part, and how they are related."""

    required_arguments = 2  # the part, the file
    option_spec = {}

    def run(self) -> list[nodes.Node]:
        part: Part = find(self.arguments[0])
        path = part.path / self.arguments[1]
        self.env.note_dependency(str(path))
        return [nodes.raw("", drawn(*models(path.read_text(encoding="utf-8"))), format="html")]


def models(source: str) -> tuple[list[str], list[Relation]]:
    """Return the names of the models in a source, others that they lead to, and the relations."""
    names: list[str] = []
    relations: list[Relation] = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef) or "models.Model" not in map(ast.unparse, node.bases):
            continue
        names.append(node.name)
        for line in node.body:
            if not isinstance(line, ast.Assign) or not isinstance(line.value, ast.Call):
                continue
            kind = ast.unparse(line.value.func).rpartition(".")[2]
            if kind in {"ForeignKey", "OneToOneField", "ManyToManyField"}:
                end = ast.unparse(line.value.args[0])
                end = "User" if end == "settings.AUTH_USER_MODEL" else end.strip("'\"")
                options = {word.arg: word.value for word in line.value.keywords}
                back = ast.literal_eval(options["related_name"])
                field = ast.unparse(line.targets[0])
                relations.append(Relation(node.name, field, end, back, kind == "ManyToManyField"))
    others = [found.end for found in relations if found.end not in names]
    return names + list(dict.fromkeys(others)), relations


BOX, GAP, ROW = 138, 40, 150  # px: a model's least width, the room beside it, from row to row
HEIGHT, APART = 40, 96  # px: a model's height, and the room for a name between two lines


def places(names: list[str], relations: list[Relation]) -> dict[str, tuple[float, int]]:
    """Return each model's column and row: below what it leads to, with the shortest lines."""
    ends = {name: [found.end for found in relations if found.start == name] for name in names}

    def depth(name: str) -> int:
        return 1 + max(map(depth, ends[name]), default=-1)

    rows: dict[int, list[str]] = {}
    for name in names:
        rows.setdefault(depth(name), []).append(name)

    def laid_out(top: tuple[str, ...]) -> dict[str, float]:
        columns = {name: float(i) for i, name in enumerate(top)}
        for level in sorted(rows)[1:]:
            wanted = {n: sum(columns[e] for e in ends[n]) / len(ends[n]) for n in rows[level]}
            last = -1.5
            for name in sorted(wanted, key=lambda n: wanted[n]):
                last = columns[name] = max(wanted[name], last + 1.5)
        return columns

    def length(columns: dict[str, float]) -> float:
        return sum(abs(columns[found.start] - columns[found.end]) ** 2 for found in relations)

    best = min((laid_out(order) for order in permutations(rows[0])), key=length)
    return {name: (best[name], depth(name)) for name in names}


def drawn(names: list[str], relations: list[Relation]) -> str:
    """Return models and relations as a drawing, and as a list where there is no room for it."""
    at = places(names, relations)

    def x(name: str) -> float:
        return at[name][0] * (BOX + GAP) + BOX / 2 + 2

    def y(name: str) -> float:
        return at[name][1] * ROW + 2

    def wide(name: str) -> float:
        return max(BOX, APART * max(len(lines_at(name, up, relations, at)) for up in (True, False)))

    width = max(x(name) + wide(name) / 2 for name in names) + 2
    height = max(y(name) for name in names) + HEIGHT + 2
    parts = []
    for found in relations:
        # Lines leave and arrive apart from each other, in the order of their other ends.
        x1 = x(found.start) + spread(found.start, found.end, relations, at)
        x2 = x(found.end) + spread(found.end, found.start, relations, at)
        y1, y2 = y(found.start), y(found.end) + HEIGHT
        parts.append(
            f'<path class="line{" many" if found.many else ""}" '
            f'd="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 - 45:.0f} '
            f'{x2:.0f} {y2 + 45:.0f} {x2:.0f} {y2:.0f}"/>'
            f'<text class="field" x="{x1:.0f}" y="{y1 - 9:.0f}">{found.field}</text>'
            f'<text class="back" x="{x2:.0f}" y="{y2 + 18:.0f}">{found.back}</text>'
        )
    for name in names:
        parts.append(
            f'<rect x="{x(name) - wide(name) / 2:.0f}" y="{y(name):.0f}" width="{wide(name)}" '
            f'height="{HEIGHT}" rx="8"/>'
            f'<text class="model" x="{x(name):.0f}" y="{y(name) + 25:.0f}">{name}</text>'
        )
    rows = "".join(
        f"<li><code>{found.start}.{found.field}</code> leads to {'many' if found.many else 'one'} "
        f"<code>{found.end}</code>; the way back is <code>{found.end}.{found.back}</code></li>"
        for found in relations
    )
    return (
        '<figure class="models">'
        f'<svg aria-hidden="true" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="max-width: {width:.0f}px">{"".join(parts)}</svg>'
        f"<figcaption>A line begins at the model that has the field; where it ends is the name of "
        "the way back. The broken line joins many to many.</figcaption>"
        f'<ul class="relations">{rows}</ul></figure>'
    )


Places = dict[str, tuple[float, int]]


def lines_at(name: str, up: bool, relations: list[Relation], at: Places) -> list[str]:
    """Return the models that lines lead to from a box's upper or lower side, from left to right."""
    ends = {
        end
        for found in relations
        for start, end in ((found.start, found.end), (found.end, found.start))
        if start == name and (at[end][1] < at[name][1]) == up
    }
    return sorted(ends, key=lambda end: at[end][0])


def spread(name: str, other: str, relations: list[Relation], at: Places) -> float:
    """Return how far from a box's middle the line to another one meets it, in px."""
    order = lines_at(name, at[other][1] < at[name][1], relations, at)
    return (order.index(other) - (len(order) - 1) / 2) * APART


# SVG files


def inline_drawings(app: Sphinx, doctree: nodes.document) -> None:
    """Put SVG files of the book into the page itself: there they have the page's colours."""
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        path = Path(app.srcdir) / image["uri"]
        if path.suffix != ".svg" or not path.is_file():
            continue
        app.env.note_dependency(str(path))
        svg = path.read_text(encoding="utf-8").strip()
        label = escape(image.get("alt", ""), quote=True)
        svg = re.sub(r' aria-labelledby="\w+"', f' aria-label="{label}"', svg, count=1)
        svg = re.sub(r"<title.*?</title>\n?", "", svg, count=1)
        svg = svg.replace("<svg", '<svg class="drawing"', 1)
        image.replace_self(nodes.raw("", svg, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("sequence", Sequence)
    app.add_directive("models", Models)
    app.connect("doctree-read", inline_drawings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""What a front page and an index page show: a token's life, the chapters, the pages of a folder.

```{token-timeline}     what a real run recorded (`python -m tutorial.pictures.timeline`)
```{chapter-cards}      a card for each part
```{page-cards}         a card for each page of this folder: its title and how it begins
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tutorial.durations import in_short
from tutorial.ladder import LADDER, ROOT

RECORD = ROOT / "docs" / "timeline.json"


class TokenTimeline(SphinxDirective):
    """Three access tokens as bars, and the requests that were made with them."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(RECORD))
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        return [nodes.raw("", timeline(record), format="html")]


def timeline(record: dict[str, Any]) -> str:
    """Return the HTML of a recorded run: a row for each token, and a scale of minutes."""
    end = max(mark["moment"] for mark in record["requests"])

    def at(seconds: float) -> str:
        return f"{100 * seconds / end:.2f}%"

    rows = []
    for life in record["lives"]:
        born, dies = life["born"], min(life["dies"], end)
        marks = "".join(
            f'<li class="{"ok" if mark["ok"] else "refused"}" style="left: {at(mark["moment"])}">'
            f'<span class="unseen">At {in_short(mark["moment"])}, '
            f"{escape(mark['words'].rpartition(':')[0])}: </span>"
            f"{escape(mark['words'].rpartition(' ')[2])}</li>"
            for mark in record["requests"]
            if mark["row"] == life["name"]
        )
        rows.append(
            f'<li><span class="name">{escape(life["name"])}</span><div class="track">'
            f'<span class="life" style="left: {at(born)}; width: {at(dies - born)}">'
            f"{in_short(life['dies'] - born)}</span>"
            f"<ol>{marks}</ol></div></li>"
        )
    minutes = "".join(
        f'<span style="left: {at(60 * minute)}">{minute}</span>'
        for minute in range(0, int(end / 60) + 1, 3)
    )
    return (
        '<figure class="token-timeline"><ol class="rows">'
        + "".join(rows)
        + f'</ol><div class="scale" aria-hidden="true">{minutes}</div><figcaption>Three access '
        "tokens on part 7's server, as it answered. Each is accepted for five minutes, then "
        "refused; a refresh brings the next.</figcaption></figure>"
    )


def card(title: str, text: str, page: str, *, mark: str = "") -> str:
    head = f"[{mark}]{{.card-number}} {title}" if mark else title
    return f":::{{grid-item-card}} {head}\n:link: {page}\n:link-type: doc\n\n{text}\n:::\n"


def grid(cards: list[str]) -> str:
    return "::::{grid} 1 2 2 2\n:gutter: 3\n:class-container: cards\n\n" + "".join(cards) + "::::"


class ChapterCards(SphinxDirective):
    """The chapters, each with what it adds and what a client sees of it."""

    def run(self) -> list[nodes.Node]:
        cards = [
            card(
                part.title,
                f"{part.adds[0].upper()}{part.adds[1:]}.\n\n" + seen(part.client_sees),
                f"/chapters/{part.slug}",
                mark=str(part.number),
            )
            for part in LADDER
            if f"chapters/{part.slug}" in self.env.found_docs
        ]
        return self.parse_text_to_nodes(grid(cards))


def seen(words: str) -> str:
    """Return what a client sees, when it is URLs and headers: words alone repeat what is added."""
    found = re.findall(r"`[^`]+`", words)
    return f"[{' '.join(found)}]{{.card-sees}}" if found else ""


class PageCards(SphinxDirective):
    """The other pages of this folder, in the order of their names."""

    def run(self) -> list[nodes.Node]:
        folder = self.env.docname.rpartition("/")[0]
        cards = []
        for name in sorted(self.env.found_docs):
            if name.rpartition("/")[0] != folder or name == self.env.docname:
                continue
            path = Path(self.env.doc2path(name))
            self.env.note_dependency(str(path))
            title, first = beginning(path)
            mark = name.rpartition("/")[2].partition("-")[0]
            mark = str(int(mark)) if mark.isdecimal() else ""
            cards.append(card(title, first, f"/{name}", mark=mark))
        return self.parse_text_to_nodes(grid(cards))


def beginning(path: Path) -> tuple[str, str]:
    """Return a page's title, and how it begins, as Markdown without links."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = nbformat.reads(text, as_version=4).cells[0].source
    blocks = iter(paragraphs(text))
    title = next(block for block in blocks if block.startswith("# "))
    title = re.sub(r"^# (\d+ · )?", "", title)  # the card has the number already
    first = next((block for block in blocks if re.match(r"[\w*\[“\"]|`[^`]", block)), "")
    if first.startswith("*") and first.endswith("*"):
        first = first[1:-1]
    said = ""
    for sentence in re.findall(r".+?(?:[.?!:](?=\s|$)|$)", unlinked(first)):
        if said and len(said + sentence) > LONGEST:
            break
        said += sentence
    return title, said.strip().removesuffix(":")


LONGEST = 140  # characters of a page's first paragraph on its card, in whole sentences


def paragraphs(text: str) -> Iterator[str]:
    yield from (" ".join(block.split()) for block in re.split(r"\n\s*\n", text) if block.strip())


def unlinked(text: str) -> str:
    """A card is a link already: what would be one in it becomes its text."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\{\w+\}`([^`<]+?)(?:\s*<[^>]*>)?`", r"\1", text)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("token-timeline", TokenTimeline)
    app.add_directive("chapter-cards", ChapterCards)
    app.add_directive("page-cards", PageCards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Links the first mention of a term in a chapter or an explanation to the glossary."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

PAGE = "reference/glossary"
WHERE = ("chapters/", "explanation/", "notebooks/")
# Everyday words, which the pages use in another sense as well.
NOT_LINKED = {"checkpoint", "exchange", "header", "lifetime", "obtain", "permission", "promise",
              "refresh", "session"}  # fmt: skip
NOT_IN = (nodes.reference, nodes.literal, nodes.raw, nodes.title, addnodes.pending_xref)


@cache
def pattern(path: Path) -> re.Pattern[str]:
    """Return what finds the terms of the glossary, the longest first."""
    text = path.read_text(encoding="utf-8")
    entries = text.partition(":::{glossary}\n")[2].partition("\n:::")[0]
    terms = set(re.findall(r"^(\S.*)$", entries, re.MULTILINE)) - NOT_LINKED
    longest = sorted(terms, key=lambda term: (-len(term), term))
    return re.compile(rf"\b({'|'.join(map(re.escape, longest))})(?:s|es)?\b", re.IGNORECASE)


def link_terms(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.docname
    if not page.startswith(WHERE):
        return
    path = Path(app.env.doc2path(PAGE))
    app.env.note_dependency(str(path))
    terms = pattern(path)
    seen: set[str] = set()
    for text in list(doctree.findall(nodes.Text)):
        if not in_prose(text):
            continue
        found: list[nodes.Node] = []
        at = 0
        for match in terms.finditer(text):
            term = match[1].lower()
            if term in seen:
                continue
            seen.add(term)
            found += [nodes.Text(text[at : match.start()]), link(page, term, match[0])]
            at = match.end()
        if found:
            text.parent.replace(text, [*found, nodes.Text(text[at:])])


def in_prose(text: nodes.Text) -> bool:
    node: nodes.Node | None = text
    paragraph = False
    while node is not None:
        if isinstance(node, NOT_IN):
            return False
        paragraph = paragraph or isinstance(node, nodes.paragraph)
        node = node.parent
    return paragraph and "part-line" not in str(getattr(text.parent, "attributes", ""))


def link(page: str, term: str, words: str) -> nodes.Node:
    shown = nodes.inline("", words, classes=["xref", "std", "std-term"])
    return addnodes.pending_xref(
        "", shown, refdoc=page, refdomain="std", reftype="term", reftarget=term, refexplicit=True
    )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", link_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

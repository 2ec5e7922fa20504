"""Predict, then reveal: a question before a response, and the response that the robot has seen.

    ```{predict} expired
    ```

folds the block that follows it. The questions are in ``questions.toml``.
"""

from __future__ import annotations

import tomllib
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
FILE = Path(__file__).with_name("questions.toml")


class prediction(nodes.General, nodes.Element):
    """A question, until the block that follows it has been found."""


@cache
def questions() -> dict[str, dict[str, Any]]:
    """Return the questions by their names: ``ask``, ``choices``, ``answer`` and ``why``."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


class Predict(SphinxDirective):
    """A question about the block that follows."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(FILE))
        name = self.arguments[0]
        if name not in questions():
            raise self.error(f"{FILE.name} has no question {name}.")
        question = questions()[name]
        node = prediction(name=name)
        for text in (question["ask"], question["why"]):
            node += self.parse_text_to_nodes(text)
        return [node]


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Put the block after each question into a fold, with the reason below it."""
    for node in list(doctree.findall(prediction)):
        question = questions()[node["name"]]
        parent, at = node.parent, node.parent.index(node)
        block = parent[at + 1] if at + 1 < len(parent) else None
        if block is None or question["answer"] not in block.astext():
            logger.warning(
                "The block after it does not show %r.", question["answer"], location=node
            )
            continue
        ask, why = node.children
        buttons = "".join(
            f'<button type="button"{" data-right" if choice == question["answer"] else ""}>'
            f"{escape(choice)}</button>"
            for choice in question["choices"]
        )
        box = nodes.container(classes=["predict"])
        box += [
            ask,
            nodes.raw(
                "",
                f'<div class="choices" hidden>{buttons}<output></output></div>'
                "<details><summary>Show what came</summary>",
                format="html",
            ),
            block,
            why,
            nodes.raw("", "</details>", format="html"),
        ]
        parent[at : at + 2] = [box]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(prediction)
    app.add_directive("predict", Predict)
    app.connect("doctree-read", fold)
    app.add_js_file("predict.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}

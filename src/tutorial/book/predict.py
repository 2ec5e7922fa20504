"""Predict, then reveal: a question before a response, and the response that the robot has seen.

    ```{predict} expired
    ```

hides what comes of the block that follows it, but not its commands, and ``{demo-questions}`` is the
instructor's table of what the demo asks. The questions are in ``src/tutorial/questions.toml``.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from tutorial.demo.steps import STEPS
from tutorial.questions import FILE, questions

logger = logging.getLogger(__name__)


class prediction(nodes.General, nodes.Element):
    """A question, until the block that follows it has been found."""


class Predict(SphinxDirective):
    """A question about the block that follows."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(FILE))
        name = self.arguments[0]
        if name not in questions("book"):
            raise self.error(f"{FILE.name} has no question {name}.")
        question = questions("book")[name]
        node = prediction(name=name)
        for text in (question["ask"], question["why"]):
            node += self.parse_text_to_nodes(text)
        return [node]


class DemoQuestions(SphinxDirective):
    """What `tutorial demo --pause` asks before each step, and what the class should find."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(FILE))
        rows = "".join(
            f"| {step.title.partition(':')[0]} | {step.question} "
            f"| {questions('demo')[step.take.__name__]['answer']} |\n"
            for step in STEPS
        )
        return self.parse_text_to_nodes(f"| step | ask | the answer you want |\n|--|--|--|\n{rows}")


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Put the block after each question below it, and the reason into a fold.

    The commands are for everyone, read or pasted. What comes of them is hidden by ``book.css``
    for as long as the fold is closed.
    """
    for node in list(doctree.findall(prediction)):
        question = questions("book")[node["name"]]
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
                f'<div class="choices" hidden>{buttons}<output></output></div>',
                format="html",
            ),
            block,
            nodes.raw("", "<details><summary>Show the response</summary>", format="html"),
            why,
            nodes.raw("", "</details>", format="html"),
        ]
        parent[at : at + 2] = [box]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(prediction)
    app.add_directive("predict", Predict)
    app.add_directive("demo-questions", DemoQuestions)
    app.connect("doctree-read", fold)
    app.add_js_file("predict.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The directive ``playground``: a place in a page of the book where a part runs.

    ```{playground} Watch a token expire
    :part: 7
    :story: expire

    Press the button: …
    ```

What leads to the button belongs to it, and is there only where the button is. Nothing is loaded
before somebody presses it. What it needs is what ``tutorial playground docs/_build/playground`` has
built; without it the book is built all the same, and the place says what would be there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tutorial.ladder import ROOT, find
from tutorial.playground.build import MANIFEST, lab_size

BUILT = ROOT / "docs" / "_build" / "playground"
STATIC = Path(__file__).parent / "book"


class PlaygroundDirective(SphinxDirective):
    """A button that loads a part's lab into the page."""

    required_arguments = 1  # what the button says
    final_argument_whitespace = True
    has_content = True
    option_spec = {
        "part": directives.unchanged_required,
        "story": directives.unchanged,  # of the lab: `expire` plays by itself
        "page": lambda text: directives.choice(text, ("lab", "workbench")),
    }

    def run(self) -> list[nodes.Node]:
        part = find(self.options["part"])
        page = self.options.get("page", "lab")
        story = self.options.get("story", "")
        self.env.note_dependency(str(BUILT / MANIFEST))
        target = f"{page}/index.html?part={part.number}" + (f"#{story}" if story else "")
        node = playground(target=target, title=f"Part {part.number}, {part.title}, in this page")
        node["button"] = self.arguments[0]
        node["size"] = built_size()
        node["instead"] = (
            (f"tutorial start {part.number} my-project", "gives you a project to break")
            if page == "workbench"
            else (f"tutorial lab --part {part.number}", "shows you the same")
        )
        if node["size"] is None:
            return [node]
        return [*self.parse_content_to_nodes(), node]


def built_size() -> float | None:
    """Return what the lab downloads, in megabytes, or None when no playground has been built."""
    try:
        manifest = json.loads((BUILT / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return lab_size(manifest) / 1e6


class playground(nodes.General, nodes.Element):
    """The place in the page."""


def visit_html(translator: Any, node: playground) -> None:
    attribute = translator.attval
    if node["size"] is None:
        command, does = node["instead"]
        translator.body.append(
            '<div class="playground absent"><p>The real part can run here, in the page. This '
            "copy of the book was built without it: <code>tutorial playground "
            "docs/_build/playground</code> makes it for the next build. On your own computer, "
            f"<code>{attribute(command)}</code> {does}.</p></div>"
        )
        raise nodes.SkipNode
    depth = translator.builder.current_docname.count("/")
    target = attribute("../" * depth + "playground/" + node["target"])
    translator.body.append(
        f'<div class="playground" data-target="{target}" data-title="{attribute(node["title"])}">'
        f'<p><button type="button">{attribute(node["button"])}</button> '
        f'<span class="size">loads {node["size"]:.0f}&nbsp;MB, once; nothing is installed'
        "</span></p>"
        f'<p class="aside"><a href="{target}">Open it in a page of its own</a></p></div>'
    )
    raise nodes.SkipNode


def visit_other(translator: Any, node: playground) -> None:
    raise nodes.SkipNode


def copy_playground(app: Sphinx, error: Exception | None) -> None:
    """Bring the built playground to the book's pages, when there is one."""
    if error or app.builder.format != "html":
        return
    target = Path(app.outdir) / "playground"
    shutil.rmtree(target, ignore_errors=True)
    if (BUILT / MANIFEST).exists():
        shutil.copytree(BUILT, target)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("playground", PlaygroundDirective)
    skip = (visit_other, None)
    app.add_node(playground, html=(visit_html, None), text=skip, latex=skip, man=skip)
    app.connect("builder-inited", lambda app: app.config.html_static_path.append(str(STATIC)))
    app.add_css_file("playground.css")
    app.add_js_file("playground.js", loading_method="defer")
    app.connect("build-finished", copy_playground)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

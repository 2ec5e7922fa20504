"""The book's settings for Sphinx: `nox -s docs` builds it."""

import html
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

from tutorial.book import look, notebooks
from tutorial.book.copying import GOES_ON, PROMPTS
from tutorial.book.page import EXTENSIONS
from tutorial.ladder import LADDER, first

DOCS = Path(__file__).resolve().parent

project = "Build a Product Review Backend with DRF"
author = "the contributors"
html_title = "Product Review Backend"
language = "en"

extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "tutorial.book.look",
    "tutorial.book.front",
    "tutorial.book.drawings",
    "tutorial.book.directives",
    "tutorial.book.history",
    "tutorial.book.glossary",
    "tutorial.book.predict",
    "tutorial.book.search",
    "tutorial.book.simplejwt_settings",
    "tutorial.book.cli_help",
    "tutorial.playground.directive",
]
exclude_patterns = ["_build", "README.md"]
nitpicky = True

# Markdown

myst_enable_extensions = EXTENSIONS  # the robot reads the same pages
myst_substitutions = {"last_part": str(LADDER[-1].number)}
myst_heading_anchors = 3
myst_links_external_new_tab = False

# Notebooks: executed, and copied in (`NOTEBOOKS=off` copies them without outputs)

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}  # by default from a CDN


def copy_notebooks() -> None:
    """Bring the notebooks under Sphinx's root, which it does not look beyond."""
    target = DOCS / "notebooks"
    originals = sorted(notebooks.FOLDER.glob("*.ipynb"))
    for path in target.glob("*.ipynb"):
        if path.name not in {original.name for original in originals}:
            path.unlink()
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each has a kernel, a process of its own
        for path, notebook in zip(originals, pool.map(bring, originals), strict=True):
            notebook = notebooks.for_the_book(notebook, first("has_tokens"))
            # On GitHub their list is the folder's README, here it is the index page; and the book,
            # which they are part of here, is in another folder there.
            text = nbformat.writes(notebook).replace("](README.md", "](index.md")
            text = text.replace("](../docs/", "](../")
            copy = target / path.name
            if not copy.exists() or copy.read_text(encoding="utf-8") != text:
                copy.write_text(text, encoding="utf-8", newline="\n")


def bring(path: Path) -> NotebookNode:
    if os.environ.get("NOTEBOOKS") == "off":
        return notebooks.read(path)
    if not notebooks.kept(path).exists():
        print(f"executing {path.name}", flush=True)
    return notebooks.executed(path)


copy_notebooks()

# HTML: furo has no fonts or scripts from elsewhere

html_theme = "furo"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["fonts.css", "book.css"]
html_favicon = "../src/tutorial/lab/web/icon.svg"  # the lab's and the playground's too
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": look.LIGHT,
    "dark_css_variables": look.DARK,
}
pygments_style = "tutorial.book.look.Light"
pygments_dark_style = "tutorial.book.look.Dark"

# Copy buttons take the commands, not their prompts and outputs; of a diff, the new lines.

copybutton_prompt_text = PROMPTS  # the robot pastes by the same rule
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_line_continuation_character = GOES_ON

linkcheck_timeout = 15
linkcheck_anchors = False
linkcheck_ignore = [r"http://(127\.0\.0\.1|localhost)"]


def make_accessible(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Add what screen readers and keyboards need and neither Sphinx nor furo says."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    # What is wider than the screen has to be scrolled by keyboard too.
    body = context.get("body", "").replace("<pre>", '<pre tabindex="0">')
    body = body.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')
    # On a phone a table becomes cards, and each value has its column's name beside it.
    context["body"] = re.sub(r"<table.*?</table>", with_labels, body, flags=re.DOTALL)


def with_labels(table: re.Match[str]) -> str:
    """Return a table as one that can be shown as cards, but for short words and their meaning."""
    # Where a long name or URL may go on in the next line.
    text = re.sub(r">[^<]+", lambda found: re.sub(r"([_+,])(?=\w)", r"\1<wbr>", found[0]), table[0])
    labels = [plain(cell) for cell in re.findall(r"<th\b.*?</th>", text, re.DOTALL)]
    head, _, body = text.partition("<tbody>")
    rows = re.findall(r"<tr\b.*?</tr>", body, re.DOTALL)
    cells = [re.findall(r"<td\b.*?</td>", row, re.DOTALL) for row in rows]
    wide = {
        i
        for row in cells
        for i, cell in enumerate(row)
        if len(plain(cell)) > SHORT or ("<code" in cell and len(labels) > 2)
    }
    if len(labels) < 2 or (len(labels) == 2 and 0 not in wide):
        return text
    for row, found in zip(rows, cells, strict=True):
        labelled = row
        for i, cell in enumerate(found[: len(labels)]):
            kind = ' class="wide"' if i in wide else ""
            label = html.escape(labels[i])
            new = re.sub(r"<td\b[^>]*>", f'<td{kind} data-label="{label}">', cell, count=1)
            labelled = labelled.replace(cell, new, 1)
        body = body.replace(row, labelled, 1)
    return re.sub(r'<table class="', '<table class="cards ', head, count=1) + "<tbody>" + body


SHORT = 12  # characters: a column of such values needs no line of its own


def plain(cell: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", cell)).strip()


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", make_accessible, priority=900)  # after furo's own

"""The book's colours, once for paper and once for the night, and what code looks like in them.

The three colours of a token, those of the lab, are the book's own: they mark headings and links,
and code is written in them. Each is at least 4.5:1 on its ground (WCAG 2.2, 1.4.3), which
``tests/book/test_pages.py`` measures.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.style import Style
from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    String,
    Token,
)
from sphinx.application import Sphinx

# name of a CSS variable: (light, dark)
COLOURS = {
    "token-header": ("#a81f75", "#ff8fcb"),
    "token-payload": ("#5a3cc9", "#bba8ff"),
    "token-signature": ("#00687c", "#62d6e8"),
    "good": ("#146c43", "#5fd69a"),
    "bad": ("#b3261e", "#ff938a"),
    "warm": ("#7a4a00", "#f0b97c"),
    "color-brand-primary": ("#5a3cc9", "#bba8ff"),
    "color-brand-content": ("#5a3cc9", "#bba8ff"),
    "color-brand-visited": ("#84266a", "#e3a6d6"),
    "color-link-underline": ("#5a3cc966", "#bba8ff66"),
    "color-foreground-primary": ("#1f1d2b", "#e4e2ee"),
    "color-foreground-secondary": ("#565265", "#b3afc2"),
    "color-foreground-muted": ("#625e72", "#a19db3"),
    "color-foreground-border": ("#8a8598", "#7d7990"),
    "color-background-primary": ("#fffefb", "#15141d"),
    "color-background-secondary": ("#f8f5ef", "#1b1a26"),
    "color-background-hover": ("#efeae1", "#272536"),
    "color-background-hover--transparent": ("#efeae100", "#27253600"),
    "color-background-border": ("#e5dfd3", "#33304a"),
    "color-sidebar-link-text--top-level": ("#1f1d2b", "#e4e2ee"),
    "color-inline-code-background": ("#f4f0e8", "#232130"),
    "color-table-header-background": ("transparent", "transparent"),
    "added": ("#e3f4e4", "#16331f"),
    "deleted": ("#fbe7e4", "#42191c"),
    # above each block, the name that the reader's prompt shows there
    "prompt-text": ("#ffffff", "#15141d"),
    "prompt-tutorial": ("#5a3cc9", "#bba8ff"),
    "prompt-reviews": ("#00687c", "#62d6e8"),
    "prompt-python": ("#146c43", "#5fd69a"),
    "prompt-shell": ("#7a4a00", "#f0b97c"),
    "prompt-new": ("#565265", "#b3afc2"),
}

FONTS = {
    "font-stack": "Literata, Georgia, 'Noto Serif', 'Liberation Serif', serif",
    "font-stack--headings": "'Instrument Sans', system-ui, 'Segoe UI', sans-serif",
    "font-stack--monospace": "'JetBrains Mono', ui-monospace, Menlo, 'DejaVu Sans Mono', monospace",
}

LIGHT = FONTS | {name: light for name, (light, _) in COLOURS.items()}
DARK = {name: dark for name, (_, dark) in COLOURS.items()}


def code_colours(theme: int) -> dict[Any, str]:
    """Return a Pygments style's colours: theme 0 is light, 1 is dark."""

    def colour(name: str) -> str:
        return COLOURS[name][theme]

    return {
        Token: colour("color-foreground-primary"),
        Comment: f"italic {colour('color-foreground-muted')}",
        Keyword: colour("token-payload"),
        Keyword.Constant: colour("warm"),
        Operator.Word: colour("token-payload"),
        Name.Class: f"bold {colour('token-header')}",
        Name.Function: f"bold {colour('token-header')}",
        Name.Decorator: colour("token-header"),
        Name.Tag: colour("token-payload"),
        Name.Attribute: colour("token-header"),
        Name.Builtin: colour("color-foreground-primary"),
        String: colour("token-signature"),
        Literal.String.Doc: f"italic {colour('color-foreground-secondary')}",
        Number: colour("warm"),
        Error: colour("color-foreground-primary"),
        Generic.Prompt: f"bold {colour('token-payload')}",
        Generic.Output: colour("color-foreground-secondary"),
        Generic.Inserted: f"bold {colour('good')}",
        Generic.Deleted: f"bold {colour('bad')}",
        Generic.Subheading: f"italic {colour('color-foreground-muted')}",
        Generic.Traceback: colour("bad"),
        Generic.Error: colour("bad"),
    }


class Light(Style):
    background_color = "#f8f5ef"
    highlight_color = "transparent"
    styles = code_colours(0)


class Dark(Style):
    background_color = "#1b1a26"
    highlight_color = "transparent"
    styles = code_colours(1)


GAP = "⋮"  # a line that begins with it stands for lines of the file that are left out


class ChangeLexer(Lexer):
    """A diff of a file in some language: its signs, and behind them that language's colours.

    What is read as one text is the new file, and what it was read as; a deleted line is read alone.
    """

    language = "text"

    def get_tokens_unprocessed(self, text: str) -> Any:
        inner = get_lexer_by_name(self.language, stripnl=False, ensurenl=False)
        lines = text.splitlines(keepends=True)
        new = "".join(line[1:] for line in lines if line[:1] in " +")
        pieces = by_line(inner, new)
        at = 0
        for line in lines:
            sign = line[:1]
            if line.startswith(GAP):
                yield at, Generic.Subheading, line
            elif sign in {"+", "-", " "}:
                kind = {"+": Generic.Inserted, "-": Generic.Deleted}.get(sign, Token.Text)
                yield at, kind, sign
                found = by_line(inner, line[1:]) if sign == "-" else pieces
                start = at + 1
                for token, value in found.pop(0) if found else [(Token.Text, line[1:])]:
                    yield start, token, value
                    start += len(value)
            else:
                yield at, Token.Text, line
            at += len(line)


def by_line(lexer: Lexer, text: str) -> list[list[tuple[Any, str]]]:
    """Return the tokens of each line of a text, its newline with the last."""
    lines: list[list[tuple[Any, str]]] = [[]]
    for token, value in lexer.get_tokens(text):
        for part in value.splitlines(keepends=True):
            lines[-1].append((token, part))
            if part.endswith("\n"):
                lines.append([])
    return lines


def mark_changed_lines(app: Sphinx, doctree: nodes.document) -> None:
    """Have the whole line of a change marked, and not its sign alone."""
    for block in doctree.findall(nodes.literal_block):
        if str(block.get("language", "")).startswith("change-"):
            lines = block.rawsource.strip("\n").splitlines()  # as Pygments does
            changed = [i for i, line in enumerate(lines, 1) if line[:1] in {"+", "-"}]
            block["highlight_args"] = {**block.get("highlight_args", {}), "hl_lines": changed}


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", mark_changed_lines)
    for language in ("python", "json", "html", "javascript", "text"):
        members = {"language": language, "name": f"change-{language}"}
        app.add_lexer(f"change-{language}", type("ChangeLexer", (ChangeLexer,), members))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The word list: prose that sounds translated does not come back.

All prose of ours is checked: the book, the READMEs, the notebooks' text, and what `src/tutorial`
and the promises say in messages and docstrings. What is marked as code is left out.
"""

import ast
import json
import re

import pytest

from tutorial.ladder import ROOT

CLAUSE = r"(?<![^.:;!] )\bWho \w+s\b[^?.:]*\."  # "Who shows a bad token is refused."
THINGS = "picture|browser|editor|cipher|terminal|JSON|file|folder|lock|number|address|URL"

# What not to write, as a regular expression, and what to write instead. Only what has no good
# use is here: "stands for" is fine, and so is an e-mail or an IP address.
WORDS = {
    r"(?<!IP )(?<!e-mail )(?<!email )(?<!loopback )\baddress(es)?\b": "URL, or endpoint",
    r"(?<!marker )\b[Mm]end(s|ed|ing)?\b(?![(:]|')": "fix, or resolve",
    r"\banew\b": "again, or start over",
    r"\b(go(es)?|went|going) on working\b": "keeps working",
    r"\bstands? (in(?! the way)|on|below|above|first|there|before|after|too)\b": "is, or comes",
    r"\b(without a word|in silence)\b": "silently",
    r"\bpass(es|ed) over\b": "ignore",
    CLAUSE: "anyone who …",
    r"\blook(s|ed|ing)? whether\b": "check whether",
    r"\bmissing in\b": "missing from",
    r"\bbelongs? into\b": "belongs in",
    r"\b(has|have|need) only to\b": "only has to",
    r"\b(long|random) words?\b": "string",
    r"\b(two|three|its|token's) pieces\b": "the parts of a token",
    rf"(?<![Tt]here )\b(is|was|are) no ({THINGS})\b": "is not a …",
    r"\banswers? [`*“\"]*[1-5]\d\d\b": "responds with",
    r"\b(told|tells) [`*]*[1-5]\d\d\b": "gets",
}
DOCUMENTS = ["*.md", "docs/**/*.md", "notebooks/*.md", "parts/*/README.md"]
TABLES = ["src/tutorial/**/*.toml"]
MODULES = ["src/tutorial/**/*.py", "tests/checkpoints/*.py", "scripts/*.py"]
PAGES = ["src/tutorial/**/*.js", "src/tutorial/**/*.html"]


def without_code(markdown):
    """Blank out blocks of code, inline code (but for a status) and where links lead to."""
    fence = r"^ *(`{3,}|~{3,})(?!\{(?:tip|note|warning)).*?^ *\1`*$"
    for code in (fence, r"`(?!\d{3}`)[^`\n]+`", r"\]\([^)\s]*\)"):
        markdown = re.sub(code, " ", markdown, flags=re.MULTILINE | re.DOTALL)
    return markdown


def strings(module):
    """Return the docstrings and messages: every string in a module with a space in it."""
    nodes = (node for node in ast.walk(ast.parse(module)) if isinstance(node, ast.Constant))
    return [node.value for node in nodes if isinstance(node.value, str) and " " in node.value]


def cells(notebook):
    """Return the text of a notebook's cells that are not code."""
    found = json.loads(notebook)["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "markdown"]


def prose(pattern, read):
    """Yield the path and the prose of every file of ours that a pattern finds."""
    for path in ROOT.glob(pattern):
        if not {"_build", "node_modules"} & set(path.parts):
            text = "\n\n".join(read(path.read_text(encoding="utf-8")))
            yield path.relative_to(ROOT).as_posix(), without_code(text)


@pytest.fixture(scope="module")
def texts():
    read = [(pattern, lambda text: [text]) for pattern in (*DOCUMENTS, *PAGES, *TABLES)]
    read += [(pattern, strings) for pattern in MODULES]
    read.append(("notebooks/*.ipynb", cells))
    found = [each for pattern, reader in read for each in prose(pattern, reader)]
    assert len(found) > 150, "the prose is elsewhere"
    return found


@pytest.mark.parametrize("pattern", WORDS)
def test_the_list_is_kept(pattern, texts):
    found = [
        f"{path}: {' '.join(text[max(0, match.start() - 60) : match.end() + 30].split())}"
        for path, text in texts
        for match in re.finditer(pattern, text)
    ]
    assert not found, "\n".join([f"Write: {WORDS[pattern]}", *found])


@pytest.mark.parametrize(
    "written",
    [
        "The address is /token/.",
        "Who shows a bad token is refused before anybody asks.",
        "The rule stands in the settings.",
        "The server answers `401`.",
        "An SVG is no picture.",
    ],
)
def test_it_finds(written):
    assert any(re.search(pattern, without_code(written)) for pattern in WORDS)


@pytest.mark.parametrize(
    "written",
    [
        "An e-mail address, an IP address, and `address` in code.",
        "Who is asking? Who knows.",
        "A ring stands for a refresh. There is no file.",
        "Was it answered with 200?",
    ],
)
def test_it_raises_no_false_alarm(written):
    assert not [p for p in WORDS if p != CLAUSE and re.search(p, without_code(written))]


# A link to a chapter: its words, in Markdown or in the book's own messages.
TO_A_CHAPTER = r"\[([^]\n]*)\]\((?:[./\w-]*chapters/)?\d\d-[\w-]+\.md(?:#[\w-]+)?\)"


def test_a_link_to_a_chapter_does_not_call_it_a_part():
    """A part is a project, and a chapter is its page: links to `parts/` are another matter."""
    patterns = (*DOCUMENTS, "notebooks/*.ipynb", "src/tutorial/book/*.py")
    found = []
    for path in (path for pattern in patterns for path in ROOT.glob(pattern)):
        if "_build" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        found += [(path.name, words) for words in re.findall(TO_A_CHAPTER, text)]
    assert len(found) > 30, "the links are written in another way"
    assert not [each for each in found if re.search(r"\bparts?\b", each[1], re.I)]

"""The built book, looked at in a browser: `nox -s docs` builds it before."""

import re
from pathlib import Path

import axe_playwright_python
import pytest

from tutorial.book.history import page_name, texts
from tutorial.book.page import chapter_path, for_github
from tutorial.ladder import LADDER, ROOT

HTML = ROOT / "docs" / "_build" / "html"
# The playground is no page of the book, and has tests of its own.
CODE = set(HTML.glob("code/**/*.html"))  # alike but for their text: one of them is looked at
PAGES = sorted(
    set(HTML.rglob("*.html"))
    - set(HTML.glob("playground/**/*.html"))
    - set(HTML.glob("_downloads/**/*.html"))  # files of a part
    - CODE.difference([HTML / "code" / "medium" / "settings.py.html"])
)
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
# Contrast takes axe nine tenths of its time, and a page has hundreds of texts that look alike: it
# is measured for one of those with the same ancestors, classes, colours and letters.
LOOK = """async () => {
    const known = new Map([[null, ""]]), texts = new Map();
    const look = (element) => {
        if (!known.has(element)) {
            const style = getComputedStyle(element);
            known.set(element, [
                look(element.parentElement), element.localName, element.className, style.color,
                style.backgroundColor, style.opacity, style.fontSize, style.fontWeight,
            ].join());
        }
        return known.get(element);
    };
    for (const element of document.body.querySelectorAll("*")) {
        const nodes = [...element.childNodes];
        if (nodes.some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) {
            texts.set(look(element), element);
        }
    }
    const options = {resultTypes: ["violations"], rules: {"color-contrast": {enabled: false}}};
    const found = (await axe.run(document, options)).violations;
    const contrast = {resultTypes: ["violations"], runOnly: ["color-contrast"]};
    const include = [...texts.values()];
    return [...found, ...(await axe.run({include}, contrast)).violations];
}"""
# A page without content until it is asked: test_search.py asks it.
LEFT_OUT = {"genindex.html", "search.html"}
# The pages of solutions are alike: the last is looked at, and the list of them.
LEFT_OUT |= {f"solutions/{part.slug}.html" for part in LADDER[:-1]}
FETCHED = re.compile(
    r"<(?:link|script|img|iframe|source)\b[^>]*(?:href|src)=\"(?:https?:)?//[^\"]+"
)

if not PAGES:
    pytest.fail("There is no book in docs/_build/html: `nox -s docs` builds it.", pytrace=False)


def name(path):
    return path.relative_to(HTML).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_nothing_is_fetched_from_elsewhere(path):
    # A canonical address is no resource.
    found = [tag for tag in FETCHED.findall(path.read_text("utf-8")) if "canonical" not in tag]
    assert not found


@pytest.mark.parametrize("path", [path for path in PAGES if name(path) not in LEFT_OUT], ids=name)
@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark")])
def test_a_page_is_fit_to_be_read(browser, path, width, theme):
    """Nothing scrolls sideways, nothing is fetched, and axe finds nothing serious."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.add_script_tag(path=AXE)
    found = page.evaluate(LOOK)
    context.close()
    assert not [url for url in fetched if url.startswith("http")]
    serious = [
        rule
        for rule in found
        if rule["impact"] in {"serious", "critical"} or rule["id"] == "landmark-unique"
    ]
    assert not serious, "\n".join(
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in serious
        for node in rule["nodes"][:4]
    )


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ('<p style="color: #777; background: #888">Hardly to be read</p>', "color-contrast"),
        ('<img src="data:,">', "image-alt"),
    ],
)
def test_what_is_not_fit_to_be_read_is_found(browser, planted, rule):
    page = browser.new_page()
    page.set_content(f"<title>A page</title><main><p>Black on white.</p>{planted}</main>")
    page.add_script_tag(path=AXE)
    assert rule in {found["id"] for found in page.evaluate(LOOK)}
    page.close()


def test_every_chapter_can_be_searched_offline():
    index = (HTML / "searchindex.js").read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "chapters").glob("[0-9]*.md"):
        assert f'"chapters/{path.stem}"' in index


def test_only_the_last_chapter_says_that_it_is_the_last():
    said = "This is the last part so far."
    chapters = sorted((HTML / "chapters").glob("[0-9]*.html"))
    assert [path.stem for path in chapters if said in path.read_text("utf-8")] == [LADDER[-1].slug]


@pytest.mark.parametrize("part", LADDER, ids=str)
def test_on_github_a_chapter_says_where_its_code_is(part):
    """Below its title, and nowhere in the book."""
    page = chapter_path(part)
    line = for_github(part)
    assert page.read_text("utf-8").splitlines()[2] == line, f"{page.name} lacks its line:\n{line}"
    assert (page.parent / f"../../parts/{part.slug}/").is_dir()
    assert "On GitHub" not in (HTML / "chapters" / f"{part.slug}.html").read_text("utf-8")


def test_pictures_are_small():
    for path in (ROOT / "docs" / "_static").rglob("*.png"):
        assert path.stat().st_size <= 80_000, f"{path.name} is too large"


def test_no_page_of_the_build_is_left_from_an_earlier_one():
    """A page that was renamed must not live on in what is published."""
    sources = {path.with_suffix("").relative_to(ROOT / "docs").as_posix() for path in written()}
    sources |= {page_name(path) for path in texts()}
    pages = {*PAGES, *CODE}
    built = {name(path).removesuffix(".html") for path in pages} - {"genindex", "search"}
    assert built <= sources


def written():
    return [
        path
        for pattern in ("*.md", "*.ipynb")
        for path in (ROOT / "docs").rglob(pattern)
        if "_build" not in path.parts
    ]

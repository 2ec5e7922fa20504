"""The built book, looked at in a browser: `nox -s docs` builds it before."""

import re
from pathlib import Path

import axe_playwright_python
import pytest

from tutorial.book.history import page_name, texts
from tutorial.book.page import chapter_path, for_github
from tutorial.ladder import LADDER, ROOT

HTML = ROOT / "docs" / "_build" / "html"
PHONE, WIDE = 360, 1280  # pixels
# The playground is no page of the book, and has tests of its own.
CODE = set(HTML.glob("code/**/*.html"))  # alike but for their text: one of them is looked at
PAGES = sorted(
    set(HTML.rglob("*.html"))
    - set(HTML.glob("playground/**/*.html"))
    - set(HTML.glob("_downloads/**/*.html"))  # files of a part
    - CODE.difference([HTML / "code" / "medium" / "settings.py.html"])
)
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
# Where colours are concerned axe takes long, and a page has hundreds of texts that look alike. Of
# those it measures one: with the same letters and colours, and the same painted behind it. What
# looked like that on an earlier page is `measured`. Every other rule looks at everything.
LOOK = """async (measured) => {
    for (const each of document.getAnimations()) each.cancel();  // colours on their way
    const PAINT = ["background-color", "background-image", "opacity", "position", "filter",
        "transform", "mix-blend-mode"];
    const LETTERS = ["font-family", "font-size", "font-weight", "text-shadow",
        "text-decoration-line", "border-bottom-style", "border-bottom-color"];
    const read = (style, names) => names.map((name) => style.getPropertyValue(name)).join();
    const bare = document.body.appendChild(document.createElement("i"));
    const plain = read(getComputedStyle(bare), PAINT);
    bare.remove();
    const known = new Map([[null, {behind: "", color: "", all: ""}]]);
    const look = (element) => {
        if (!known.has(element)) {
            const parent = look(element.parentElement), style = getComputedStyle(element);
            const color = style.color, paint = read(style, PAINT);
            const alike = paint === plain && color === parent.color;
            const behind = alike ? parent.behind : `${parent.behind};${paint},${color}`;
            known.set(element, {behind, color, all: `${behind} ${read(style, LETTERS)}`});
        }
        return known.get(element);
    };
    const looks = new Set(measured);
    const once = (element, mark, kind) => {
        element.removeAttribute(mark);
        if (!looks.has(kind)) element.setAttribute(mark, "");
        looks.add(kind);
    };
    for (const element of document.body.querySelectorAll("*")) {
        const {all} = look(element);
        const nodes = [...element.childNodes];
        if (nodes.some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))
            once(element, "data-text", all);
        if (element.matches("a[href]"))  // which is compared with the text around it
            once(element, "data-link", `${all} in ${look(element.parentElement).all}`);
    }
    axe.configure({rules: [
        {id: "color-contrast", selector: "[data-text]"},
        {id: "link-in-text-block", selector: "[data-link]"},
    ]});
    const {violations} = await axe.run(document, {resultTypes: ["violations"]});
    return [violations, [...looks].slice(measured.length)];
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


@pytest.fixture(scope="module")
def page(browser):
    """One page, in which all pages of the book are opened in turn."""
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def measured():
    """Which kinds of text and links axe has measured so far."""
    return []


def look_at(page, measured):
    """Return what axe finds on this page."""
    found, new = page.evaluate(LOOK, measured)
    measured += new
    return found


@pytest.mark.parametrize("path", [path for path in PAGES if name(path) not in LEFT_OUT], ids=name)
def test_a_page_is_fit_to_be_read(page, measured, path):
    """Nothing scrolls sideways, nothing is fetched, and axe finds nothing serious.

    On a phone in light colours, then on a wide screen in dark ones.
    """
    fetched = []
    page.on("request", hear := lambda request: fetched.append(request.url))
    resize(page, PHONE, "light")
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.add_script_tag(path=AXE)
    sizes = [page.evaluate("document.documentElement.scrollWidth")]
    found = look_at(page, measured)
    resize(page, WIDE, "dark")
    sizes.append(page.evaluate("document.documentElement.scrollWidth"))
    found += look_at(page, measured)
    page.remove_listener("request", hear)
    assert sizes[0] <= PHONE and sizes[1] <= WIDE
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


def resize(page, width, theme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ('<p style="color: #777; background: #888">Hardly to be read</p>', "color-contrast"),
        ('<p style="opacity: 0.3">Hardly to be read</p>', "color-contrast"),
        ('<p style="background: #222">Hardly to be read</p>', "color-contrast"),
        ('<section style="background: #222"><p>Hardly to be read</p></section>', "color-contrast"),
        (
            '<p>Text with <a href="#" style="color: #222; text-decoration: none">a link</a></p>',
            "link-in-text-block",
        ),
        ('<img src="data:,">', "image-alt"),
    ],
)
def test_what_is_not_fit_to_be_read_is_found(page, planted, rule):
    """Also on a page of which the rest has been measured before."""
    page.goto("about:blank")  # nothing is left of another page's colours
    resize(page, PHONE, "light")
    measured = []
    for shown in ("", planted):
        page.set_content(f"<title>A page</title><main><p>Black on white.</p>{shown}</main>")
        page.add_script_tag(path=AXE)
        found = {each["id"] for each in look_at(page, measured)}
        assert (rule in found) == bool(shown)


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

"""The layout of key pages, asserted in a browser: sizes, order and what fits, not pixels."""

import pytest

from tutorial.book.page import chapter_path
from tutorial.ladder import LADDER, first

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 800}
LONGEST = f"chapters/{chapter_path(first('has_tokens')).stem}.html"
CHAPTERS = [f"chapters/{part.slug}.html" for part in LADDER]

SCROLLS = """() => [...document.querySelectorAll("article .highlight pre, article .table-wrapper")]
    .filter((box) => box.scrollWidth > box.clientWidth + 1)
    .map((box) => box.textContent.trim().slice(0, 200))"""
# The parts of names in a table's code that are on two lines.
BROKEN = """() => {
    const broken = [];
    for (const code of document.querySelectorAll("table code")) {
        const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
        for (let node; (node = texts.nextNode()); ) {
            for (const word of node.data.matchAll(/[A-Za-z0-9]+/g)) {
                const range = document.createRange();
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                const lines = new Set([...range.getClientRects()].map((box) => box.top));
                if (lines.size > 1) broken.push(word[0]);
            }
        }
    }
    return broken;
}"""


@pytest.fixture
def open_page(browser, book):
    """Open a page of the book in a window of this size, everything that is folded unfolded."""
    contexts = []

    def open_page(name, viewport, **more):
        contexts.append(browser.new_context(viewport=viewport, reduced_motion="reduce", **more))
        page = contexts[-1].new_page()
        page.goto(f"{book}/{name}")
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        page.evaluate("document.fonts.ready")
        return page

    yield open_page
    for context in contexts:
        context.close()


def style(page, selector, name):
    return page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element).getPropertyValue(name)", name
    )


def px(value):
    return float(value.removesuffix("px"))


@pytest.mark.parametrize("name", CHAPTERS)
def test_code_fits_its_box(open_page, name):
    page = open_page(name, WIDE)
    assert page.evaluate(SCROLLS) == []


def test_the_fonts_are_the_books_own(open_page):
    page = open_page(LONGEST, WIDE)
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert {"Literata", "Instrument Sans", "JetBrains Mono"} <= {f.strip('"') for f in loaded}


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_text_is_large_enough(open_page, viewport):
    page = open_page(LONGEST, viewport)
    assert px(style(page, "article section > p:not(.part-line)", "font-size")) >= 16
    assert px(style(page, "article .highlight pre", "font-size")) >= 13
    letters = page.evaluate(
        """() => [...document.querySelectorAll("article :is(p, li, td, summary)")]
            .filter((text) => text.checkVisibility() && text.textContent.trim())
            .map((text) => parseFloat(getComputedStyle(text).fontSize))"""
    )
    assert min(letters) >= 12
    columns = page.evaluate(
        """() => Math.max(...[...document.querySelectorAll("article :is(section, .step) > p")]
            .filter((text) => !text.matches(".part-line"))
            .map((text) => text.clientWidth / parseFloat(getComputedStyle(text).fontSize)))"""
    )
    assert columns <= 41  # em: about 85 letters


def test_headings_have_a_rhythm(open_page):
    """The steps of a chapter are numbered and larger than its frame."""
    page = open_page(LONGEST, WIDE)
    title, step, frame = (
        px(style(page, selector, "font-size"))
        for selector in ("h1", "section.move > h2", "section.frame > h2")
    )
    assert title > 1.5 * step > 1.5 * 1.2 * frame
    assert page.locator("section.frame").count() == 7
    part = first("has_tokens")
    assert page.locator("h1").inner_text().startswith(f"{part.number} · ")
    assert f"{part.number} · " in page.locator(".sidebar-tree .current-page > a").last.inner_text()


def test_a_diff_shows_no_bare_hunk_heads_and_colours_its_lines(open_page):
    page = open_page(LONGEST, WIDE)
    for block in page.locator(".step-change pre, .step-patch pre").all():
        lines = block.text_content().splitlines()
        assert not [line for line in lines if "@@" in line]
        changed = [line for line in lines if line.startswith(("+", "-"))]
        assert block.locator(".hll:has(> :is(.gi, .gd):first-child)").count() == len(changed)
    added = page.locator(".step-change .hll:has(> .gi:first-child)").first
    none = style(page, ".highlight pre", "background-color")
    assert added.evaluate("line => getComputedStyle(line).backgroundColor") != none
    assert page.locator(".step-change .hll .k, .step-change .hll .kn").count()  # Python, too


def test_nothing_in_code_is_underlined(open_page):
    page = open_page(LONGEST, WIDE, color_scheme="dark")
    lines = page.evaluate(
        """() => [...document.querySelectorAll(".highlight span")]
            .filter((word) => getComputedStyle(word).textDecorationLine !== "none").length"""
    )
    assert lines == 0


def test_on_a_phone_the_front_page_keeps_its_order(open_page):
    page = open_page("index.html", PHONE)
    places = [
        page.locator(selector).first.bounding_box()["y"]
        for selector in ("h1", ".token-timeline", ".playground", ".cards")
    ]
    assert places == sorted(places)
    assert places[1] < PHONE["height"]  # the timeline begins on the first screen
    assert page.locator(".cards .card-number").count() == len(LADDER)


def test_on_a_phone_tables_are_cards(open_page):
    page = open_page("reference/endpoints.html", PHONE)
    assert page.evaluate(SCROLLS) == []
    assert page.evaluate("document.documentElement.scrollHeight") < 17_000
    row = page.locator("table.cards tbody tr", has_text="GET /product/?page=99").first
    request, parts = row.locator("td").nth(1), row.locator("td").nth(0)
    assert request.bounding_box()["y"] < parts.bounding_box()["y"]  # what it is about comes first
    label = "cell => getComputedStyle(cell, '::before').content"
    assert "parts" in parts.evaluate(label)


@pytest.mark.parametrize("name", ["reference/settings.html", "reference/endpoints.html"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_names_are_not_broken_inside(open_page, name, viewport):
    assert open_page(name, viewport).evaluate(BROKEN) == []


def test_copy_buttons_show_when_the_keyboard_is_there(open_page):
    page = open_page(LONGEST, WIDE)
    button = page.locator("button.copybtn").first
    page.keyboard.press("Tab")  # from here on, focus is the keyboard's
    button.focus()
    page.wait_for_function("b => getComputedStyle(b).opacity === '1'", arg=button.element_handle())
    box = button.bounding_box()
    assert min(box["width"], box["height"]) >= 24  # px (WCAG 2.2, 2.5.8)


def test_the_navigation_opens_by_keyboard(open_page):
    page = open_page(LONGEST, PHONE)
    link = page.locator(".sidebar-drawer a", has_text="Getting ready")
    assert not link.is_visible()
    page.locator("#__navigation").focus()
    page.keyboard.press("Space")
    link.wait_for(state="visible")
    wide = open_page("index.html", WIDE)
    chapter = wide.locator(f'.sidebar-tree a[href="{CHAPTERS[0]}"]')
    assert not chapter.is_visible()
    wide.locator(".toctree-checkbox").first.focus()
    wide.keyboard.press("Space")
    chapter.wait_for(state="visible")


def test_a_prediction_unfolds_what_came(browser, book):
    """Without a choice there are the commands alone. The robot's block is in it; by keyboard."""
    page = browser.new_page(viewport=WIDE)
    page.goto(f"{book}/{LONGEST}")
    box = page.locator(".predict").first
    assert "time.sleep(11)" in box.locator("pre").inner_text()
    assert "Token is expired" not in box.locator("pre").inner_text()
    box.locator(".choices button", has_text="200").press("Enter")
    box.locator("details p").wait_for(state="visible")
    assert "Token is expired" in box.locator("pre").inner_text()
    assert "wrong" in box.locator(".choices button", has_text="200").get_attribute("class")
    right = box.locator(".choices button.right").inner_text().removeprefix("✓ ")
    assert right in box.locator("pre").inner_text()
    page.close()

"""The code through time: every file as every part has it, and the chapter that wrote each line."""

import html
import re

import pytest

from tutorial.book.history import history, page_name, texts
from tutorial.ladder import LADDER, first

SETTINGS = "medium/settings.py"


def plain(line):
    return html.unescape(re.sub(r"<[^>]+>", "", line.html))


@pytest.mark.parametrize("path", texts())
def test_the_lines_of_each_part_are_its_file(path):
    lines = history(path)
    for part in LADDER:
        shown = [plain(line) for line in lines if line.is_in(part)]
        assert shown == texts()[path].get(part.number, "").splitlines(), part.slug


def test_a_line_names_the_part_that_wrote_it():
    tokens = first("has_tokens")
    wrote = {plain(line).strip(): line.born for line in history(SETTINGS)}
    assert wrote["SIMPLE_JWT = {"] == tokens
    assert wrote["import os"] == LADDER[0]


@pytest.fixture
def page(browser, book):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.base = book
    yield page
    context.close()


def shown(page):
    lines = page.locator(".history li:not([hidden]) code").all_text_contents()
    return [line.rstrip() for line in lines]


def test_the_slider_shows_the_file_as_a_part_has_it(page):
    """Opened from a listing, moved by keyboard; and the last part to begin with."""
    part = first("has_tokens")
    page.goto(f"{page.base}/{page_name(SETTINGS)}.html")
    assert shown(page) == texts()[SETTINGS][LADDER[-1].number].splitlines()
    page.goto(f"{page.base}/chapters/{part.slug}.html")
    page.locator(".step-change .to-history", has_text=SETTINGS).first.click()
    assert shown(page) == texts()[SETTINGS][part.number].splitlines()
    page.locator("#part").press("ArrowLeft")
    assert shown(page) == texts()[SETTINGS][part.before.number].splitlines()
    assert page.url.endswith(f"#part-{part.before.number}")
    link = page.locator(".history li:not([hidden]) a").first
    link.click()
    assert page.url.startswith(f"{page.base}/chapters/{LADDER[0].slug}.html")


def test_every_listing_leads_to_its_file(page):
    """…and to the part that it is of."""
    for part in (first("has_tokens"), LADDER[0]):
        page.goto(f"{page.base}/chapters/{part.slug}.html")
        captions = page.locator(
            ":is(.step-change, .step-new-file, .step-whole-file, .step-excerpt, .step-patch)"
            " .code-block-caption"
        )
        assert captions.count() > 5
        for caption in captions.all():
            path = re.split(r" — |, part ", caption.text_content().strip().rstrip("#¶"))[0]
            url = caption.locator("a.to-history").get_attribute("href")
            assert url == f"../{page_name(path)}.html#part-{part.number}"

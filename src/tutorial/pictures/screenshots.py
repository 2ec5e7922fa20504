"""Take the book's pictures of running parts: `python -m tutorial.pictures.screenshots [name ...]`.

They are committed, so that the book builds where there is no browser. Take them again when a
part changes how it looks: the demo data, the window and the theme are always the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tutorial import ladder
from tutorial.browser import OPTIONS, chromium
from tutorial.errors import Problem
from tutorial.ladder import ROOT, Part
from tutorial.running.server import PASSWORD, serve

TARGET = ROOT / "docs" / "_static" / "screens"
MOST_BYTES = 80_000


@dataclass(frozen=True)
class Shot:
    """A picture: its name, the part that runs, the page's path, and what to do there before."""

    name: str
    part: Part
    path: str
    height: int = 560
    admin: bool = False  # logged in as admin
    prepare: Callable[[Page], None] | None = None


def scroll_to_the_offers(page: Page) -> None:
    page.evaluate("scrollTo(0, 330)")


def scroll_to_the_form(page: Page) -> None:
    page.evaluate("scrollTo(0, document.body.scrollHeight)")


def open_filters(page: Page) -> None:
    page.click("text=Filters")
    page.locator("#filtersModal").wait_for()


SHOTS = (
    Shot("01-login", ladder.models, "/admin/", height=420),
    Shot("02-products", ladder.admin, "/admin/reviews/product/", admin=True),
    Shot(
        "02-product",
        ladder.admin,
        "/admin/reviews/product/1/change/",
        admin=True,
        prepare=scroll_to_the_offers,
    ),
    Shot("03-product", ladder.rest_api, f"{ladder.rest_api.products}1/", height=520),
    Shot(
        "04-filters",
        ladder.expand_and_filter,
        ladder.expand_and_filter.products,
        height=730,
        prepare=open_filters,
    ),
    Shot(
        "05-upload",
        ladder.images,
        ladder.images.protected,
        admin=True,
        prepare=scroll_to_the_form,
    ),
)


def take(wanted: list[str]) -> None:
    """Take the pictures with these names, or all. Raises Problem where there is no browser."""
    shots = [shot for shot in SHOTS if not wanted or shot.name in wanted]
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        for part, group in groupby(shots, lambda shot: shot.part):
            with serve(part.path) as server:
                for shot in group:
                    context = browser.new_context(
                        viewport={"width": 960, "height": shot.height},
                        color_scheme="light",
                        locale="en-GB",
                        timezone_id="UTC",
                        base_url=server.url,
                    )
                    # The admin's own side menu, closed: it takes a third of the picture.
                    context.add_init_script(
                        "localStorage.setItem('django.admin.navSidebarIsOpen', 'false')"
                    )
                    page = context.new_page()
                    if shot.admin:
                        page.goto("/admin/login/")
                        page.fill("#id_username", "admin")
                        page.fill("#id_password", PASSWORD)
                        page.click("[type=submit]")
                    page.goto(shot.path, wait_until="networkidle")
                    if shot.prepare:
                        shot.prepare(page)
                    path = TARGET / f"{shot.name}.png"
                    page.screenshot(path=path, animations="disabled")
                    context.close()
                    report(path)
        browser.close()


def report(path: Path) -> None:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Problem(f"{path} has {size:,} bytes; {MOST_BYTES:,} are the most. Make it smaller.")
    print(f"{path.relative_to(ROOT)}  {size:,} bytes", flush=True)


if __name__ == "__main__":
    try:
        take(sys.argv[1:])
    except Problem as problem:
        sys.exit(f"✗ {problem}")

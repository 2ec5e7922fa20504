"""Take the README's picture of the lab: `python -m tutorial.pictures.lab`.

It is a real run: a real server, the story as far as the refreshed token, a real Chromium.
"""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tutorial.browser import OPTIONS, chromium
from tutorial.lab import lab
from tutorial.ladder import ROOT

PICTURE = ROOT / "docs" / "_static" / "lab.png"
UNTIL = "200. Anyone who comes back"  # what the caption says when the picture is taken


def main() -> None:
    with lab() as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        page = browser.new_page(viewport={"width": 1200, "height": 700}, locale="en-GB")
        page.goto(running.url)
        step = page.get_by_role("button", name="Next step")
        while not page.locator("#after").inner_text().startswith(UNTIL):
            said = page.locator("#captions").inner_text()
            step.click()
            expect(page.locator("#captions")).not_to_have_text(said, use_inner_text=True)
        picture = page.screenshot(animations="disabled")
        browser.close()
    # A screen has few colours: 256 of them look the same, and take half the room.
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        PICTURE, optimize=True
    )
    print(f"{PICTURE.relative_to(ROOT)}  {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

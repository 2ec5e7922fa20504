"""The workbench: a part edited, run, checked, broken and fixed in the page."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from rich.console import Console

from tutorial.checking import check, project, report
from tutorial.ladder import first
from tutorial.playground.build import MANIFEST
from tutorial.project_files import own_files

from ..lab.pages import TOO_WIDE, serious
from .conftest import Visitor

TOKENS = first("has_tokens")
SLOW = 120_000  # milliseconds
VIEWS, SETTINGS = "reviews/views.py", "medium/settings.py"


def open_bench(visit: Visitor, part: int = TOKENS.number, **options) -> Page:
    page = visit(f"workbench/?part={part}", **options)
    page.locator("body[data-ready]").wait_for(timeout=SLOW)
    return page


def edit(page: Page, file: str, old: str, new: str) -> None:
    """Change this in the editor, as somebody who types would."""
    page.get_by_label("File", exact=True).select_option(file)
    text = (TOKENS.path / file).read_text(encoding="utf-8").replace(old, new)
    content = page.locator("#editor .cm-content")
    content.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def run(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#response")).to_contain_text("The project runs", timeout=SLOW)


def verdict(page: Page) -> str:
    """Check, and return what is said."""
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#starting")).to_be_visible()
    expect(page.locator("#starting")).to_be_hidden(timeout=SLOW)
    expect(page.locator("#said details")).to_be_attached()
    return page.locator("#said").inner_text()


def send(page: Page, status: str) -> str:
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#response .badge")).to_contain_text(status, timeout=SLOW)
    return page.locator("#response").inner_text()


def test_an_edit_runs_and_is_kept_and_can_be_taken_back(visit: Visitor) -> None:
    page = open_bench(visit)
    run(page)
    assert "Authentication credentials were not provided" in send(page, "401")
    edit(page, VIEWS, "    permission_classes = [IsAuthenticated]\n", "")
    run(page)  # afresh: nothing is left of what was loaded before
    assert '"count": 8' in send(page, "200")
    page.reload()
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("#edited")).to_contain_text("1 file differs")
    page.get_by_label("File", exact=True).select_option(f"{VIEWS}")
    page.get_by_role("button", name="Diff").click()
    expect(page.locator("#editor .cm-deletedChunk")).to_contain_text("IsAuthenticated")
    page.get_by_role("button", name="Reset all").click()
    expect(page.locator("#edited")).to_contain_text("as the part has them")
    run(page)
    send(page, "401")


def test_the_lab_talks_to_the_edited_project(visit: Visitor) -> None:
    page = open_bench(visit)
    two_hours = 'SIMPLE_JWT = {\n    "ACCESS_TOKEN_LIFETIME": timedelta(hours=2),'
    edit(page, SETTINGS, "SIMPLE_JWT = {", two_hours)
    run(page)
    lab = page.frame_locator("#lab-frame")
    lab.get_by_role("button", name="Log in").click()
    expect(lab.locator("#access-life [role=timer]")).to_have_text(
        re.compile(r"^(2:00:00|1:59:5\d)$"), timeout=SLOW
    )


def test_a_syntax_error_is_said_once_at_its_line(visit: Visitor) -> None:
    page = open_bench(visit, expected=("SyntaxError",))
    edit(page, VIEWS, "class ImageViewSet(", "class ImageViewSet((")
    page.get_by_role("button", name="Run", exact=True).click()
    notice = page.locator("#trouble")
    expect(notice).to_contain_text("SyntaxError", timeout=SLOW)
    assert notice.inner_text().count("SyntaxError") == 1
    expect(page.get_by_label("File", exact=True)).to_have_value(VIEWS)
    expect(page.locator("#editor .cm-lintRange-error").first).to_be_attached()
    said = verdict(page)
    assert VIEWS in said and "line" in said


def test_an_endless_loop_can_be_stopped(visit: Visitor) -> None:
    page = open_bench(visit)
    edit(page, VIEWS, "class ImageViewSet(", "while True:\n    pass\n\n\nclass ImageViewSet(")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#starting-words")).to_have_text("Starting Django …", timeout=SLOW)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#trouble")).to_contain_text("Stopped.")
    page.get_by_role("button", name="Reset all").click()
    run(page)
    send(page, "401")


def mistakes(site: Path) -> list[dict]:
    manifest = json.loads((site / MANIFEST).read_text(encoding="utf-8"))
    return manifest["parts"][str(TOKENS.number)]["mistakes"]


def test_a_dozen_mistakes_are_there_to_be_found(site: Path) -> None:
    assert len(mistakes(site)) == 12
    assert all(each["old"] != each["new"] for each in mistakes(site))


@pytest.mark.parametrize("number", range(10))
def test_a_mistake_is_diagnosed_in_the_checkers_own_words(
    visit: Visitor, site: Path, tmp_path: Path, number: int
) -> None:
    """What the page says first is what `tutorial check` says first of the same project."""
    mistake = mistakes(site)[number]
    source = (TOKENS.path / mistake["file"]).read_text(encoding="utf-8")
    edited = {mistake["file"]: source.replace(mistake["old"], mistake["new"])}
    page = open_bench(visit, kept={f"workbench:{TOKENS.slug}": json.dumps(edited)})
    verdict(page)
    cause = page.locator("#said .cause").first
    expect(cause).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download as zip").click()
    archive = tmp_path / "project.zip"
    download.value.save_as(archive)
    theirs = check_of(archive)[0]
    shown = cause.inner_text()
    assert theirs["said"] in shown or theirs["todo"] in shown, theirs
    assert theirs["file"] in shown
    expect(page.get_by_label("File", exact=True)).to_have_value(theirs["file"])


def check_of(archive: Path) -> list[dict]:
    """Return the causes that `tutorial check` finds in this zip file."""
    result = check.check(TOKENS, archive, Console(file=io.StringIO()))
    return report.as_data(result)["causes"]


def test_the_zip_holds_the_whole_project(visit: Visitor, tmp_path: Path) -> None:
    page = open_bench(visit)
    edit(page, VIEWS, "class ImageViewSet(", "# edited\nclass ImageViewSet(")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as zip").click()
    download.value.save_as(tmp_path / "project.zip")
    with zipfile.ZipFile(tmp_path / "project.zip") as archive:
        assert archive.testzip() is None
        names = {path.as_posix() for path in own_files(TOKENS.path)}
        assert set(archive.namelist()) == names
        assert b"# edited" in archive.read(VIEWS)
    with project.opened(tmp_path / "project.zip") as folder:
        assert project.recognise(folder).path == folder


def test_break_it_yourself_fix_it_and_every_promise_that_a_page_can_run_holds(
    visit: Visitor, site: Path
) -> None:
    page = open_bench(visit)
    page.evaluate("Math.random = () => 0.99")  # the last mistake, which no other test makes
    page.get_by_role("button", name="Break it yourself").click()
    last = f"{len(mistakes(site))} of {len(mistakes(site))}"
    expect(page.locator("#said")).to_contain_text(f"Something is wrong now: mistake {last}")
    verdict(page)
    expect(page.locator("#said .cause").first).to_be_visible()
    page.get_by_role("button", name="Reset all").click()
    said = verdict(page)
    assert "The mistake was: " in said
    held = re.search(r"✓ (\d+) promises hold", said)
    assert held and int(held[1]) > 150, said
    assert f"need a computer: tutorial check {TOKENS.number}" in said
    expect(page.locator("#said .cause")).to_have_count(0)


def test_a_phone_and_a_screen_reader_get_along_with_it(visit: Visitor) -> None:
    page = open_bench(visit, viewport={"width": 360, "height": 740})
    run(page)
    send(page, "401")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
        assert page.evaluate(TOO_WIDE) == 0

"""The page for everyone: by keyboard, for a screen reader, on a phone, light and dark."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tutorial.lab import Lab

from .pages import TOKENS, TOO_WIDE, Visit, click, log_in, see, serious, statuses


def test_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
    keys = page.locator("[data-key]").evaluate_all("all => all.map(one => one.dataset.key)")
    assert len(keys) == len(set(keys)), "two buttons share a key"
    reached = []
    while "Log in" not in reached:
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "[document.activeElement.innerText || document.activeElement.id,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.append(re.sub(r"\s+\w$", "", focused[0]))
        assert focused[1] == "solid", f"the focus cannot be seen on {focused[0]}"
        assert len(reached) < 15, reached
    assert reached[0] == "Skip to the buttons"
    page.keyboard.press("Enter")
    see(page, f"200 OK POST {TOKENS.login}")
    for key, verdict in (
        ("c", f"200 OK GET {TOKENS.protected} 8 images"),
        ("t", f"401 Unauthorized GET {TOKENS.protected} Token is invalid"),
        ("w", f"401 Unauthorized GET {TOKENS.protected} Authentication credentials"),
        ("1", "+1 min"),
        ("5", "+5 min"),
        ("c", f"401 Unauthorized GET {TOKENS.protected} Token is expired"),
        ("x", "No refresh token has been exchanged"),
        ("r", f"200 OK POST {TOKENS.refresh}"),
        ("x", f"200 OK POST {TOKENS.refresh}"),
        ("d", "+15 days"),
        ("f", "Forgotten"),
        ("r", "There is no refresh token"),
        ("s", "Ready"),
        ("w", f"401 Unauthorized GET {TOKENS.protected}"),
    ):
        page.keyboard.press(key)
        see(page, verdict)

    # Not while somebody writes, nor with a modifier, nor when switched off.
    page.locator("#username").fill("")
    page.keyboard.type("www")
    expect(page.locator("#username")).to_have_value("www")
    page.get_by_role("button", name="Shortcut keys").click()
    page.keyboard.press("w")
    page.get_by_role("button", name="Shortcut keys").click()
    page.keyboard.press("Alt+w")
    page.keyboard.press("c")
    see(page, "There is no access token")  # whatever was pressed before has been done by now
    assert statuses(page) == ["401"]


def test_axe_finds_nothing_serious(visit: Visit, keep_picture) -> None:
    page = visit(color_scheme="light")
    assert serious(page) == []
    log_in(page)
    page.get_by_text("Where are the tokens kept?").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
        keep_picture(page, f"alive-{scheme}")
    click(page, "+15 days", "+15 days")
    click(page, "Refresh", "401")
    page.get_by_role("button", name="Large type").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
        keep_picture(page, f"expired-large-{scheme}")


def test_a_phone_shows_it_without_scrolling_sideways(visit: Visit, keep_picture) -> None:
    page = visit(viewport={"width": 360, "height": 780})
    assert page.evaluate(TOO_WIDE) == 0
    log_in(page)
    for _ in range(5):  # more than the timeline has room for
        page.keyboard.press("c")
    click(page, "Tamper", "401")
    click(page, "+5 min", "+5 min")
    click(page, "Call the protected", "401")
    for size in ("normal", "large"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(TOO_WIDE) == 0
            keep_picture(page, f"phone-{size}-{scheme}")
        page.get_by_role("button", name="Large type").click()


PLACES = """() => Object.fromEntries(["timeline", "verdict", "story", "access-life", "actions"]
    .map((id) => [id, document.getElementById(id).getBoundingClientRect().toJSON()]))"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll("#timeline text")]
    .map((text) => parseFloat(getComputedStyle(text).fontSize)))"""


def play(page: Page) -> None:
    """Play the whole story, in a hurry."""
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_have_text("That was the whole story.")


def test_a_class_sees_the_timeline_in_large_type_without_scrolling(
    visit: Visit, keep_picture
) -> None:
    page = visit(viewport={"width": 1280, "height": 720}, hurry=True)
    page.get_by_role("button", name="Large type").click()
    play(page)
    assert page.evaluate(PLACES)["timeline"]["bottom"] <= 720
    assert page.locator("#timeline rect.life").count() >= 3
    expect(page.get_by_text("others", exact=True)).to_be_visible()
    assert page.evaluate(TOO_WIDE) == 0
    keep_picture(page, "large-720")


def test_presenting_shows_four_things_for_the_back_row(visit: Visit, keep_picture) -> None:
    page = visit(viewport={"width": 1280, "height": 720}, hurry=True)
    page.keyboard.press("v")
    expect(page.get_by_role("button", name="Present")).to_have_attribute("aria-pressed", "true")
    play(page)
    places = page.evaluate(PLACES)
    assert places.pop("actions")["height"] == 0
    for name, place in places.items():
        assert 0 <= place["top"] < place["bottom"] <= 720, name
    assert page.evaluate(SMALLEST) >= 24
    assert page.locator("#timeline rect.life").count() >= 3
    assert page.evaluate(TOO_WIDE) == 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
        keep_picture(page, f"present-{scheme}")
    page.keyboard.press("s")  # the keys of what is hidden still work
    see(page, "Ready")
    page.keyboard.press("v")
    expect(page.locator("#actions")).to_be_visible()


def test_a_thief_fits_on_the_screen_too(visit: Visit, part_11: Lab, keep_picture) -> None:
    page = visit(part_11, viewport={"width": 1280, "height": 720})
    page.keyboard.press("v")
    page.keyboard.press("n")
    said = ""
    while said != "That was the whole story.":
        expect(page.locator("#before")).not_to_have_text(said)
        said = page.locator("#before").inner_text()
        assert page.evaluate(PLACES)["timeline"]["bottom"] <= 720, said
        assert page.evaluate(TOO_WIDE) == 0, said
        page.keyboard.press("n")
        keep_picture(page, "present-thief")


def test_a_phone_shows_the_timeline_before_the_buttons(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 780})
    places = page.evaluate(PLACES)
    assert places["verdict"]["bottom"] < places["timeline"]["top"]
    assert places["timeline"]["bottom"] < places["actions"]["top"]


def test_the_theme_can_be_chosen(visit: Visit) -> None:
    page = visit(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    toggle = page.get_by_role("button", name="Dark")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(ground) != light
    toggle.click()
    assert page.evaluate(ground) == light

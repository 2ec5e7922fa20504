"""The page for everyone: by keyboard, for a screen reader, on a phone, light and dark."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from .pages import TOKENS, TOO_WIDE, Visit, click, log_in, see, serious, statuses


def test_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
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

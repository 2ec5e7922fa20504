"""The page, used by a person: it stays logged in, and shows what the API says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tutorial.browser import OPTIONS

from .conftest import Site
from .pages import (
    count_refreshes,
    is_in,
    is_out,
    log_in,
    says,
    shows_comments,
    shows_devices,
    toggle_comments,
)

Visit = Callable[..., Page]
HTML = "<img src=x onerror=document.title='smuggled'>"


def test_a_stranger_reads_and_a_member_writes(visit: Visit) -> None:
    page = visit()
    is_out(page)
    page.get_by_role("button", name="More products").click()
    expect(page.locator("#products > li")).to_have_count(15)
    toggle_comments(page)
    expect(page.get_by_role("button", name="Write a comment")).to_have_count(0)
    toggle_comments(page)
    log_in(page)
    picture = page.locator("#pictures img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 400)
    toggle_comments(page)
    form = page.locator("form.comment").first
    form.get_by_label("Title").fill(HTML)
    form.get_by_label("Comment", exact=True).fill(HTML)
    form.get_by_role("button").click()
    says(page, "Your comment is there")
    first = page.locator(".comments > li").first
    expect(first.locator(".content")).to_have_text(HTML)
    expect(first.locator("img")).to_have_count(0)
    expect(page).to_have_title("Product reviews")


def test_a_wrong_password_is_said(visit: Visit) -> None:
    page = visit()
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("a guess")
    page.get_by_role("button", name="Log in").click()
    says(page, "No active account")
    is_out(page)


def test_a_reload_keeps_the_login(visit: Visit) -> None:
    page = visit()
    log_in(page)
    page.reload()
    is_in(page)
    shows_devices(page, 1)


def test_a_restart_keeps_the_login(
    browser: Browser, chromium: str, shop: Site, tmp_path: Path
) -> None:
    def start() -> BrowserContext:
        kind = browser.browser_type
        return kind.launch_persistent_context(tmp_path, executable_path=chromium, args=OPTIONS)

    with start() as before:
        page = before.new_page()
        page.goto(shop.url)
        log_in(page)
    with start() as after:
        page = after.new_page()
        page.goto(shop.url)
        is_in(page)


def test_tabs_that_refresh_at_once_all_live_on(visit: Visit, shop: Site) -> None:
    tabs = [visit()]
    log_in(tabs[0])
    tabs += [visit() for _ in range(5)]
    for again in range(2):
        shop.api.clock.advance(301)
        for tab in tabs:  # nobody waits for the one before
            action = "document.querySelector('summary').click()" if again else "location.reload()"
            tab.evaluate(f"setTimeout(() => {action})")
        for tab in tabs:
            is_in(tab)
            if again:
                shows_comments(tab)
    shows_devices(tabs[-1], 1)
    expect(tabs[-1].locator("#devices")).to_contain_text("This one")


def test_a_login_and_a_logout_are_for_all_tabs(visit: Visit) -> None:
    one, other = visit(), visit()
    log_in(one)
    is_in(other)
    shows_devices(other, 1)
    other.get_by_role("button", name="Log out").click()
    for tab in (one, other):
        is_out(tab)
    one.reload()
    is_out(one)


def test_nobody_notices_that_the_access_token_expires(visit: Visit, shop: Site) -> None:
    page = visit()
    log_in(page)
    refreshes = count_refreshes(page)
    shop.api.clock.advance(301)
    toggle_comments(page)
    shows_comments(page)
    says(page, "")
    is_in(page)
    assert len(refreshes) == 1


def test_a_token_is_exchanged_before_it_expires(
    visit: Visit, context: BrowserContext, shop: Site
) -> None:
    """By a clock that only measures: this computer believes that it is 2001."""
    context.clock.install(time="2001-01-01")
    page = visit()
    log_in(page)
    shows_devices(page, 1)
    refreshes, refused = count_refreshes(page), []
    page.on("response", lambda got: refused.append(got.url) if got.status == 401 else None)
    context.clock.fast_forward("04:40")
    toggle_comments(page)
    shows_comments(page)
    assert refreshes == []
    context.clock.fast_forward("00:15")
    page.locator("summary").nth(1).click()
    expect(page.locator("details").nth(1).locator(".comments > li").first).to_be_visible()
    assert len(refreshes) == 1
    assert refused == []


def test_a_session_that_ended_elsewhere_is_noticed(
    visit: Visit, browser: Browser, shop: Site
) -> None:
    page = visit()
    log_in(page)
    elsewhere = browser.new_context()
    phone = elsewhere.new_page()
    phone.goto(shop.url)
    log_in(phone)
    other = phone.locator("#devices > li").filter(has_not_text="This one")
    other.get_by_role("button", name=re.compile("End this session of .*Chrom")).click()
    expect(phone.locator("#devices")).to_contain_text("other device")
    says(phone, "The session has ended.")
    elsewhere.close()
    toggle_comments(page)
    says(page, "This session has ended")
    is_out(page)


def test_a_server_that_goes_and_comes_back(
    visit: Visit, context: BrowserContext, shop: Site
) -> None:
    page = visit()
    log_in(page)
    everything = f"{shop.api_url}/**"
    context.route(everything, lambda route: route.abort())
    toggle_comments(page)
    says(page, "The server cannot be reached.")
    page.reload()
    says(page, "The server cannot be reached.")
    context.unroute(everything)
    page.get_by_role("button", name="Try again").click()
    is_in(page)
    toggle_comments(page)
    shows_comments(page)
    says(page, "")


def test_a_limit_is_said_and_passes(visit: Visit, shop: Site) -> None:
    page = visit()
    log_in(page)
    page.evaluate(
        """async (url) => {
            for (let i = 0; i < 30; i++) {
                await fetch(url, { method: "POST", credentials: "include", body: "{}",
                                   headers: { "Content-Type": "application/json" } });
            }
        }""",
        f"{shop.api_url}/auth/browser/refresh/",
    )
    page.reload()
    says(page, "Request was throttled.")
    shop.api.clock.advance(61)
    page.get_by_role("button", name="Try again").click()
    is_in(page)


def test_a_reload_during_a_refresh_costs_no_login(visit: Visit) -> None:
    page = visit()
    log_in(page)
    for _ in range(5):
        with page.expect_request(lambda sent: sent.url.endswith("/refresh/")):
            page.evaluate("setTimeout(() => location.reload())")
    is_in(page)
    shows_devices(page, 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_screen_and_a_keyboard_will_do(visit: Visit, browser: Browser, scheme: str) -> None:
    page = visit()
    page.set_viewport_size({"width": 360, "height": 640})
    page.emulate_media(color_scheme=scheme)
    for text in ("demo", "for-demonstration-only"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    is_in(page)
    expect(page.get_by_role("button", name="Log out")).to_be_focused()
    shows_devices(page, 1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    shows_comments(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, textarea')].filter((element) =>"
        " !element.textContent.trim() && !element.labels?.length).length"
    )
    assert unnamed == 0
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    lightness = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ink, paper)]
    assert (lightness[0] > lightness[1]) == (scheme == "dark")
    page.get_by_role("button", name="Log out").focus()
    page.keyboard.press("Enter")
    is_out(page)
    expect(page.get_by_label("User name")).to_be_focused()

"""What the lab's tests do with its page, and what they find there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.request import Request, urlopen

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tutorial.lab import Lab
from tutorial.ladder import first

TOKENS, BLACKLIST = first("has_tokens"), first("has_blacklist")
SESSIONS = first("has_sessions")

Visit = Callable[..., Page]

# What the browser itself writes to the console when a request is refused or not answered.
REFUSED = "the server responded with a status of 4"
NO_ANSWER = "net::ERR"
BY_CORS = "blocked by CORS policy"

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def see(page: Page, verdict: str) -> None:
    """Wait until the last answer says this."""
    words = re.escape(verdict).replace(r"\ ", r"\s*")
    expect(page.locator("#verdict")).to_contain_text(re.compile(words))


def click(page: Page, button: str, verdict: str) -> None:
    page.get_by_role("button", name=button).click()
    see(page, verdict)


def log_in(page: Page) -> None:
    click(page, "Log in", "200 OK POST")


def post(at: Lab, path: str, content: dict) -> dict:
    """Send this to the server from outside the page; raise HTTPError when it is refused."""
    body = json.dumps(content).encode()
    with urlopen(Request(at.api + path, body, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def statuses(page: Page) -> list[str]:
    """The status of every request in the log, the first one first."""
    badges = page.locator("#log .badge").all_inner_texts()
    return [re.sub(r"\D", "", badge) for badge in reversed(badges)]


def marks(page: Page) -> list[str]:
    """The status of every mark on the timeline, from left to right."""
    return page.locator("#timeline .status").all_text_contents()


def serious(page: Page) -> list[str]:
    """What axe-core finds serious or critical."""
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {rule['help']} ({rule['nodes'][0]['html']})"
        for rule in found.response["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]


def take_step(page: Page, verdict: str) -> None:
    expect(page.locator("#before")).to_contain_text("Next: ")
    said = page.locator("#after").inner_text()
    click(page, "Next step", verdict)
    expect(page.locator("#after")).not_to_have_text(said)

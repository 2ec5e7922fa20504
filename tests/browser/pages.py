"""What the page shows, and how a person uses it."""

from playwright.sync_api import Page, expect

from tutorial.running.server import PASSWORD


def log_in(page: Page, username: str = "demo") -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    is_in(page, username)


def is_in(page: Page, username: str = "demo") -> None:
    expect(page.locator("#member")).to_be_visible()
    expect(page.locator("#member")).to_contain_text(username)


def is_out(page: Page) -> None:
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#member")).to_be_hidden()
    expect(page.locator("#pictures > li, #devices > li")).to_have_count(0)


def shows_devices(page: Page, count: int) -> None:
    expect(page.locator("#devices > li")).to_have_count(count)


def says(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(text)


def count_refreshes(page: Page) -> list[str]:
    """Return a list that each refresh of this tab is added to, from now on."""
    sent: list[str] = []

    def hear(request) -> None:
        if request.method == "POST" and request.url.endswith("/refresh/"):
            sent.append(request.url)

    page.on("request", hear)
    return sent


def toggle_comments(page: Page) -> None:
    """Open the comments of the newest product, which asks the API; or close them."""
    page.locator("summary").first.click()


def shows_comments(page: Page) -> None:
    expect(page.locator("details").first.locator(".comments > li").first).to_be_visible()

"""The book's own search, asked through its page in a browser."""

import re

import pytest


@pytest.fixture
def search(browser, book):
    """Ask the search page; return the pages that it finds, in its order, and what it shows."""
    context = browser.new_context()
    page = context.new_page()

    def ask(query):
        page.goto(f"{book}/search.html?q={query}")
        page.wait_for_function(
            "/found|did not match/.test(document.querySelector('.search-summary')?.textContent)"
        )
        links = page.locator("#search-results li a").all()
        found = [re.sub(r"[?#].*", "", link.get_attribute("href")) for link in links]
        return found, page.inner_text("#search-results")

    yield ask
    context.close()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("401", "chapters/07-jwt-authentication.html"),
        ("403", "chapters/05-images.html"),
        ("429", "chapters/08-register.html"),
        ("401 refresh", "chapters/07-jwt-authentication.html"),
        ("7519", "chapters/07-jwt-authentication.html"),  # an RFC
        ("rotation", "chapters/07-jwt-authentication.html"),
    ],
)
def test_numbers_are_found_like_words(search, query, expected):
    found, shown = search(query)
    assert expected in found, shown
    assert query.split()[0] in shown


def test_a_number_that_is_nowhere_is_not_found(search):
    assert search("987654")[0] == []

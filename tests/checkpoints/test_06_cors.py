"""Part 6: which browser clients of another origin may read the answers."""

import pytest

from tutorial.checking.promises import PART, expect, make_product

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend(
        "medium/settings.py", "Are CorsMiddleware and CORS_ALLOWED_ORIGINS there, the former first?"
    ),
]

ALLOWED = ["http://localhost:3000", "http://127.0.0.1:3000"]
OTHERS = [
    "http://localhost:3001",
    "https://localhost:3000",
    "http://localhost:3000.evil.example",
    "http://evil.example",
    "null",
]


def preflight(client, origin, path=PART.products, headers="authorization,content-type"):
    return client.options(
        path,
        HTTP_ORIGIN=origin,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS=headers,
    )


@pytest.mark.parametrize("origin", ALLOWED)
def test_a_preflight_of_our_front_end_is_granted(client, origin):
    """OPTIONS from the allowed origin allows its method, and the Authorization header."""
    answer = preflight(client, origin)
    expect(answer, 200)
    got = answer.headers.get("Access-Control-Allow-Origin")
    assert got == origin, f"Access-Control-Allow-Origin should be {origin}, got {got}"
    headers = answer.headers.get("Access-Control-Allow-Headers", "")
    assert "authorization" in headers, f"the Authorization header should be allowed: {headers}"
    methods = answer.headers.get("Access-Control-Allow-Methods", "")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert method in methods, f"{method} should be allowed: {methods}"


@pytest.mark.parametrize("origin", ALLOWED)
def test_our_front_end_may_read(client, origin):
    """Answers to the allowed origin carry its name, errors and redirects too."""
    make_product()
    redirected = PART.products.rstrip("/")
    missing = f"{PART.products}4711/"
    for path, status in [(PART.products, 200), (missing, 404), (redirected, 301)]:
        answer = client.get(path, HTTP_ORIGIN=origin)
        expect(answer, status)
        got = answer.headers.get("Access-Control-Allow-Origin")
        assert got == origin, f"GET {path}: should allow {origin}, got {got}"


@pytest.mark.parametrize("origin", OTHERS)
def test_no_other_page_may_read(client, origin):
    """Answers to any other origin carry no CORS header; nor does its preflight."""
    make_product()
    for answer in [client.get(PART.products, HTTP_ORIGIN=origin), preflight(client, origin)]:
        got = answer.headers.get("Access-Control-Allow-Origin")
        assert got is None, f"{origin} should not be allowed, got {got}"


def test_no_cookies_are_asked_for(client):
    """The browser is not told to send cookies along: a token in a header needs none."""
    answer = client.get(PART.products, HTTP_ORIGIN=ALLOWED[0])
    got = answer.headers.get("Access-Control-Allow-Credentials")
    assert got is None, "Access-Control-Allow-Credentials should not be set"

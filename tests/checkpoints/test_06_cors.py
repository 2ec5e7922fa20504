"""Part 6: which browser clients of another origin may read the answers."""

import pytest

from tutorial.checking.promises import expect, make_product

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


def preflight(client, origin, path="/product/", headers="authorization,content-type"):
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
    assert "POST" in methods, f"POST should be allowed: {methods}"


@pytest.mark.parametrize("origin", ALLOWED)
def test_our_front_end_may_read(client, origin):
    """Answers to the allowed origin carry its name, errors and redirects too."""
    make_product()
    for path, status in [("/product/", 200), ("/product/4711/", 404), ("/product", 301)]:
        answer = client.get(path, HTTP_ORIGIN=origin)
        expect(answer, status)
        got = answer.headers.get("Access-Control-Allow-Origin")
        assert got == origin, f"GET {path}: should allow {origin}, got {got}"


@pytest.mark.parametrize("origin", OTHERS)
def test_no_other_page_may_read(client, origin):
    """Answers to any other origin carry no CORS header; nor does its preflight."""
    make_product()
    for answer in [client.get("/product/", HTTP_ORIGIN=origin), preflight(client, origin)]:
        got = answer.headers.get("Access-Control-Allow-Origin")
        assert got is None, f"{origin} should not be allowed, got {got}"


def test_no_cookies_are_asked_for(client):
    """The browser is not told to send cookies along: a token in a header needs none."""
    answer = client.get("/product/", HTTP_ORIGIN=ALLOWED[0])
    got = answer.headers.get("Access-Control-Allow-Credentials")
    assert got is None, "Access-Control-Allow-Credentials should not be set"

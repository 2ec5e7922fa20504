"""What the page's own server does, what it refuses, and how the lab starts and ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import time
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from playwright.sync_api import Route, expect

from tutorial.errors import Problem
from tutorial.lab import Lab, lab
from tutorial.ladder import find
from tutorial.loopback import LONGEST_BODY
from tutorial.running.server import free_port
from tutorial.tokens import MEANINGS, encode

from .pages import BY_CORS, NO_ANSWER, REFUSED, TOKENS, Visit, click, log_in, serious


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process alone")
def test_ctrl_c_leaves_nothing_and_the_page_finds_a_lab_started_again(
    visit: Visit, command: SimpleNamespace, keep_picture
) -> None:
    process, port = command.process, command.port
    url, api = (re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0] for _ in range(2))
    assert url == f"http://127.0.0.1:{port}"
    page = visit(Lab(f"{url}/", api, None), expected=(REFUSED, NO_ANSWER, "status of 502"))
    log_in(page)

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "The lab is closed" in said
    assert list(command.folder.iterdir()) == []
    assert [free_port(each) for each in (port, port + 1)] == [port, port + 1]

    notice = page.get_by_role("alert")
    click(page, "Call the protected", f"No answer GET {TOKENS.protected}")
    expect(notice).to_contain_text(f"No answer from {api}: the server is gone.")
    keep_picture(page, "server-gone")
    assert serious(page) == []
    page.get_by_role("button", name="Try again").click()
    expect(notice).to_contain_text("The lab itself does not answer.")

    with lab(TOKENS, port=port) as again:
        assert again.api == api
        click(page, "Try again", f"200 OK GET {TOKENS.protected} 8 images")
        expect(notice).to_be_hidden()
        click(page, "+5 min", "+5 min")

        again.server.process.kill()
        again.server.process.wait()
        page.get_by_role("button", name="+1 min").click()
        expect(notice).to_contain_text("The server's clock does not respond.")


def test_an_origin_that_is_not_allowed_is_told_what_to_set(visit: Visit, running: Lab) -> None:
    with lab(TOKENS, url=running.api) as other:
        page = visit(other, expected=(BY_CORS, NO_ANSWER))
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text(
            f"DJANGO_CORS_ALLOWED_ORIGINS={other.url.rstrip('/')}"
        )


@pytest.mark.parametrize(
    ("part", "login", "logout"),
    [
        (7, "/token/", None),
        (8, "/auth/login/", None),
        (9, "/auth/login/", None),
        (10, "/auth/login/", "/auth/logout/"),
        (11, "/auth/login/", "/auth/logout/"),
    ],
)
def test_the_page_is_told_what_the_part_has(part: int, login: str, logout: str | None) -> None:
    nobody = "http://127.0.0.1:9"
    with lab(find(part), url=nobody) as own, urlopen(f"{own.url}config.json") as answer:
        config = json.load(answer)
    assert (config["login"], config["refresh"]) == (login, f"{login}refresh/")
    assert config["logout"] == logout
    assert config["logoutAll"] == (logout and "/auth/logout_all/")
    assert config["hasBlacklist"] == find(part).has_blacklist
    assert config["sessions"] == ("/auth/sessions/" if find(part).has_sessions else None)
    assert (config["firstWithTokens"], config["firstWithBlacklist"]) == (7, 10)
    assert config["meanings"] == MEANINGS


def test_text_of_the_server_stays_text(visit: Visit, running: Lab) -> None:
    page = visit(expected=("status of 500",))
    bad = "<img src=/x onerror=window.hacked=1><script>window.hacked=1</script>"

    payload = {"exp": 4e9, "iat": 1.7e9, "username": bad, bad: bad}
    token = ".".join([encode({"alg": bad}), encode(payload), bad.replace(".", "")])

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            body, status = json.dumps({"access": token, "refresh": token, bad: bad}), 200
        else:
            body, status = f"<!doctype html><h1>{bad}</h1>", 500
        origin = {"Access-Control-Allow-Origin": running.url.rstrip("/")}
        route.fulfill(status=status, body=body, content_type="text/html", headers=origin)

    page.route(f"{running.api}/**", answer)
    log_in(page)
    click(page, "Call the protected", "500")
    expect(page.locator("pre").first).to_contain_text(bad)
    expect(page.locator(".token.access .decoded .payload")).to_contain_text(bad)
    assert page.locator("img, body script, h1 img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_the_policy_is_in_force(visit: Visit, running: Lab) -> None:
    page = visit(expected=("Content Security Policy", "This document requires 'Trusted"))
    attempts = """async () => {
        const tried = [];
        try { document.body.innerHTML = "<b>"; tried.push("HTML"); } catch {}
        try {
            const script = document.createElement("script");
            script.append("window.ran = 1");
            document.head.append(script);
            if (window.ran) tried.push("script");
        } catch {}
        try { await fetch("http://127.0.0.1:9/"); tried.push("fetch"); } catch {}
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.head.append(style);
        if (getComputedStyle(document.body).display === "none") tried.push("style");
        return tried;
    }"""
    assert page.evaluate(attempts) == []
    refused = " ".join(page.evaluate("window.violations.splice(0)"))
    for directive in ("require-trusted-types-for", "connect-src", "style-src"):
        assert directive in refused


def test_the_pages_server_is_strict(running: Lab) -> None:
    host = running.url.removeprefix("http://").rstrip("/")

    def ask(method: str, path: str, body: str | None = None, **headers: str):
        connection = http.client.HTTPConnection(host, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": host} | named)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    for path in ("/", "/lab.js", "/config.json", "/clock", "/nothing"):
        answer = ask("GET", path)
        assert answer.status == (404 if path == "/nothing" else 200)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert f"connect-src 'self' {running.api};" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
    as_json = {"Content_Type": "application/json"}
    before, began = running.server.clock.now(), time.monotonic()
    assert ask("POST", "/clock", '{"seconds": 60}', Content_Type="text/plain").status == 415
    assert ask("POST", "/clock", '{"seconds": 60}', Host="evil.example", **as_json).status == 404
    assert ask("GET", "/config.json", Host="evil.example").status == 404
    assert ask("OPTIONS", "/clock").status >= 400
    numbers = ('"x"', "NaN", "1e12", "-1e12", "1e300")
    for nonsense in ("{}", "[]", "\xff", *(f'{{"seconds": {number}}}' for number in numbers)):
        assert ask("POST", "/clock", nonsense, **as_json).status == 400, nonsense
    long = '{"seconds": 60}'.ljust(LONGEST_BODY + 1)
    assert ask("POST", "/clock", long, **as_json).status == 413
    for length, status in (("-1", 413), ("x", 400)):
        assert ask("POST", "/clock", "{}", Content_Length=length, **as_json).status == status
    assert running.server.clock.now() - before < 30 + time.monotonic() - began
    assert ask("POST", "/clock", '{"seconds": 60}', **as_json).status == 200
    assert running.server.clock.now() - before >= 60


def test_what_cannot_be_started_is_said(running: Lab) -> None:
    port = int(running.url.rstrip("/").rsplit(":", 1)[1])
    for options, words in (
        ({"port": port}, f"Port {port} is taken by another program; `--port "),
        ({"part": TOKENS.before}, "Part 6 has no tokens yet: the lab begins with 7."),
        ({"url": "ftp://example.org"}, "is not the URL of a server"),
        ({"url": "http:// nowhere"}, "is not the URL of a server"),
    ):
        with pytest.raises(Problem, match=re.escape(words)), lab(**options):
            pass

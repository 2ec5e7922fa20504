"""Part 12: a browser's refresh token in a cookie that no script can read."""

import base64
import json
import subprocess
import sys

import pytest

from tutorial.checking.promises import PART, Client, expect, just_before

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.mend("accounts/browser.py", "Do all four views have BrowserMixin?"),
]

ORIGIN = "http://localhost:3000"
COOKIE = "__Secure-refresh"
LOGIN, REFRESH = f"{PART.browser}login/", f"{PART.browser}refresh/"
LOGOUT, CHANGE_PASSWORD = f"{PART.browser}logout/", f"{PART.browser}change_password/"
NEW = {"old_password": "correct horse", "password": "staple-42-x", "password2": "staple-42-x"}


@pytest.fixture
def page(client):
    """A client that sends what a page of the allowed origin sends."""
    client.defaults["HTTP_ORIGIN"] = ORIGIN
    return client


def send(client, path, data=None, *, method="post", **options):
    options = {"content_type": "application/json", **options}
    return getattr(client, method)(path, {} if data is None else data, **options)


def log_in(client, username="ada"):
    """Log in as a page does; the client then has the cookie, and sends the access token."""
    got = expect(send(client, LOGIN, {"username": username, "password": "correct horse"}), 200)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {got['access']}"
    return got


def cookie(client):
    """The refresh token that the client's cookie holds."""
    return client.cookies[COOKIE].value


def with_cookie(token):
    """Another page of the same origin, whose cookie holds this token."""
    other = Client(SERVER_NAME="localhost", HTTP_ORIGIN=ORIGIN)
    other.cookies[COOKIE] = token
    return other


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.mark.mend("accounts/urls.py", 'Is BrowserLoginView at "browser/login/"?')
def test_a_browser_logs_in(page, user):
    """A page gets an access token and how many seconds it lives, and it works."""
    got = expect(send(page, LOGIN, {"username": user.username, "password": "correct horse"}), 200)
    assert set(got) == {"access", "expires_in"}, f"the response should hold two things: {got}"
    lifetime = claims(got["access"])["exp"] - claims(got["access"])["iat"]
    # Simple JWT reads the clock twice for one token.
    assert 0 <= got["expires_in"] - lifetime <= 1 and isinstance(got["expires_in"], int)
    expect(page.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {got['access']}"), 200)


@pytest.mark.mend("medium/settings.py", "Does REFRESH_COOKIE say all that a cookie should?")
def test_the_cookie_is_out_of_reach(page, user):
    """The cookie is HttpOnly, Secure, SameSite=Strict, named so, and for these endpoints only."""
    log_in(page)
    assert COOKIE in page.cookies, f"there should be a cookie {COOKIE}: {list(page.cookies)}"
    morsel = page.cookies[COOKIE]
    assert morsel["httponly"], "a script should not read it: HttpOnly"
    assert morsel["secure"], "it should not travel unencrypted: Secure"
    assert morsel["samesite"] == "Strict", "no other site should send it: SameSite=Strict"
    assert morsel["path"] == PART.browser, f"it should go to {PART.browser} only"
    assert not morsel["domain"], "no other host should get it"
    refresh = claims(morsel.value)
    assert abs(morsel["max-age"] - (refresh["exp"] - refresh["iat"])) <= 1, (
        "it should stay as long as the token lives"
    )


@pytest.mark.mend("accounts/browser.py", "Does finalize_response() take “refresh” out of the data?")
def test_no_response_holds_a_refresh_token(page, user):
    """Of login, refresh, password change and logout, none has a refresh token in its body."""
    log_in(page)
    for method, path, data in [
        ("post", LOGIN, {"username": user.username, "password": "correct horse"}),
        ("post", REFRESH, {}),
        ("put", CHANGE_PASSWORD, NEW),
        ("post", LOGOUT, {}),
    ]:
        answer = send(page, path, data, method=method)
        got = expect(answer, 200, 204) or {}
        types = {claims(value)["token_type"] for value in got.values() if "." in str(value)}
        assert types <= {"access"}, f"{path} should hold an access token only: {got}"
        assert "no-store" in answer["Cache-Control"], "no cache may keep it"


@pytest.mark.mend("accounts/urls.py", 'Is BrowserRefreshView at "browser/refresh/"?')
def test_a_refresh_takes_the_cookie(page, user):
    """POST …/refresh/ exchanges the cookie for another, and gives a new access token."""
    first = log_in(page)
    old = cookie(page)
    got = expect(send(page, REFRESH), 200)
    assert cookie(page) != old and got["access"] != first["access"]
    assert page.cookies[COOKIE]["httponly"] and page.cookies[COOKIE]["samesite"] == "Strict"
    expect(page.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {got['access']}"), 200)
    expect(send(page, REFRESH), 200)


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "é", "access"])
@pytest.mark.mend("accounts/browser.py", "Does BrowserRefreshView turn a TokenError into 401?")
def test_a_refresh_without_a_good_cookie_is_refused(page, user, token):
    """No cookie, rubbish, and an access token in the cookie are 401."""
    got = log_in(page)
    del page.cookies[COOKIE]
    if token is not None:
        page.cookies[COOKIE] = got["access"] if token == "access" else token
    answer = send(page, REFRESH)
    expect(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_refresh_token_in_a_body_counts_nothing(page, user):
    """A refresh token that comes in the body is not looked at."""
    log_in(page)
    token = cookie(page)
    del page.cookies[COOKIE]
    expect(send(page, REFRESH, {"refresh": token}), 401)
    expect(send(with_cookie(token), REFRESH), 200)


def test_a_retired_cookie_ends_the_session(page, user, settings):
    """What part 11 promises holds for cookies: one that comes back later ends its session."""
    log_in(page)
    stolen = cookie(page)
    expect(send(page, REFRESH), 200)
    expect(send(page, REFRESH), 200)
    assert expect(send(with_cookie(stolen), REFRESH), 401)["code"] == "token_reused"
    assert expect(send(page, REFRESH), 401)["code"] == "session_ended"


# Apps and browsers


@pytest.mark.mend("accounts/tokens.py", "Has a BrowserRefreshToken a token_type of its own?")
def test_apps_and_browsers_keep_to_their_own(page, user):
    """A browser's refresh token is refused where apps send theirs, and an app's in a cookie."""
    app = Client(SERVER_NAME="localhost")
    pair = expect(app.post(PART.login, {"username": "ada", "password": "correct horse"}), 200)
    log_in(page)
    expect(app.post(PART.refresh, {"refresh": cookie(page)}), 401)
    expect(send(with_cookie(pair["refresh"]), REFRESH), 401)
    expect(send(with_cookie(pair["refresh"]), LOGOUT), 204)
    # And both live on.
    expect(send(page, REFRESH), 200)
    expect(app.post(PART.refresh, {"refresh": pair["refresh"]}), 200)


@pytest.mark.mend("accounts/views.py", "Is IsApp among the permissions of ChangePasswordView?")
def test_a_browser_gets_no_pair_where_apps_do(page, user):
    """With a browser's access token, the password change for apps is 403, before and after."""
    log_in(page)
    answer = send(page, f"/auth/change_password/{user.pk}/", NEW, method="put")
    expect(answer, 403)
    expect(send(page, REFRESH), 200)
    got = log_in(page)
    assert claims(got["access"])["browser"] is True


@pytest.mark.mend("accounts/views.py", "Is IsApp among the permissions of LogoutView?")
def test_a_browser_does_not_log_out_as_an_app(page, user):
    """POST /auth/logout/ of a browser is 403: its cookie would be left behind."""
    log_in(page)
    expect(send(page, PART.logout), 403)


@pytest.mark.mend("accounts/browser.py", "Is IsBrowser a permission of the password change?")
def test_an_app_does_not_change_its_password_as_a_browser(page, user):
    """With an app's access token, the password change for browsers is 403."""
    pair = expect(page.post(PART.login, {"username": "ada", "password": "correct horse"}), 200)
    page.defaults["HTTP_AUTHORIZATION"] = f"Bearer {pair['access']}"
    expect(send(page, CHANGE_PASSWORD, NEW, method="put"), 403)
    expect(page.post(PART.refresh, {"refresh": pair["refresh"]}), 200)


@pytest.mark.mend("accounts/urls.py", 'Is BrowserChangePasswordView at "browser/change_password/"?')
def test_a_browser_changes_its_password(page, user):
    """PUT …/change_password/ ends all other sessions, and this one goes on."""
    other = with_cookie("")
    log_in(other)
    log_in(page)
    old = cookie(page)
    got = expect(send(page, CHANGE_PASSWORD, NEW, method="put"), 200)
    assert set(got) == {"access", "expires_in"} and cookie(page) != old
    expect(page.get(PART.protected, HTTP_AUTHORIZATION=f"Bearer {got['access']}"), 200)
    expect(send(page, REFRESH), 200)
    expect(send(other, REFRESH), 401)


def test_a_password_change_needs_a_token(page, user):
    """Without an access token, the cookie changes no password: 401."""
    log_in(page)
    del page.defaults["HTTP_AUTHORIZATION"]
    expect(send(page, CHANGE_PASSWORD, NEW, method="put"), 401)


# Log out


@pytest.mark.mend("accounts/urls.py", 'Is BrowserLogoutView at "browser/logout/"?')
def test_a_logout_ends_the_session_and_the_cookie(page, user):
    """POST …/logout/ is 204: the access token is void at once, and the cookie is cleared."""
    log_in(page)
    token = cookie(page)
    expect(page.get(PART.protected), 200)
    expect(send(page, LOGOUT), 204)
    morsel = page.cookies[COOKIE]
    assert (morsel.value, morsel["max-age"], morsel["path"]) == ("", 0, PART.browser)
    expect(page.get(PART.protected), 401)
    assert expect(send(with_cookie(token), REFRESH), 401)["code"] == "session_ended"


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c"])
def test_a_logout_clears_whatever_there_is(page, user, token):
    """No session, and rubbish in the cookie: a logout is 204 all the same."""
    if token is not None:
        page.cookies[COOKIE] = token
    expect(send(page, LOGOUT), 204)
    assert page.cookies[COOKIE]["max-age"] == 0


def test_a_logout_needs_no_access_token(page, user):
    """A page whose access token has expired logs out by its cookie."""
    log_in(page)
    access = page.defaults.pop("HTTP_AUTHORIZATION")
    expect(send(page, LOGOUT), 204)
    expect(page.get(PART.protected, HTTP_AUTHORIZATION=access), 401)


# From elsewhere

ALL = [("post", LOGIN), ("post", REFRESH), ("post", LOGOUT), ("put", CHANGE_PASSWORD)]
ELSEWHERE = [
    None,
    "null",
    "https://evil.example",
    "http://evil.localhost:3000",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://localhost:3000.evil.example",
    "http://LOCALHOST:3000",
]


@pytest.mark.parametrize("origin", ELSEWHERE)
@pytest.mark.parametrize(("method", "path"), ALL)
@pytest.mark.mend("accounts/browser.py", "Is a request refused whose Origin is not allowed?")
def test_a_page_of_another_origin_changes_nothing(page, user, method, path, origin):
    """Without an allowed Origin, every endpoint for browsers is 403, and nothing happens."""
    log_in(page)
    token = cookie(page)
    headers = {} if origin is None else {"HTTP_ORIGIN": origin}
    del page.defaults["HTTP_ORIGIN"]
    data = NEW if method == "put" else {"username": "ada", "password": "correct horse"}
    answer = send(page, path, data, method=method, **headers)
    expect(answer, 403)
    assert COOKIE not in answer.cookies, "no cookie should be set"
    assert not answer.has_header("Access-Control-Allow-Credentials")
    expect(send(with_cookie(token), REFRESH), 200)


FORMS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]


@pytest.mark.parametrize("content_type", FORMS)
@pytest.mark.parametrize("empty", [True, False])
@pytest.mark.parametrize(("method", "path"), ALL)
@pytest.mark.mend("accounts/browser.py", "Is JSON the only parser, asked even without a body?")
def test_what_a_form_can_send_is_refused(page, user, method, path, empty, content_type):
    """What an HTML form can send is 415, with a body and without, whichever page it is on."""
    log_in(page)
    token = cookie(page)
    body = "" if empty else '{"username": "ada", "password": "correct horse"}'
    answer = page.generic(method.upper(), path, body, content_type=content_type)
    expect(answer, 415)
    assert COOKIE not in answer.cookies
    expect(send(with_cookie(token), REFRESH), 200)


def test_a_foreign_page_uses_up_nobody_s_attempts(page, user):
    """What is refused for where it comes from is not counted as an attempt to log in."""
    data = {"username": "ada", "password": "a guess"}
    for _ in range(30):
        expect(send(page, LOGIN, data, HTTP_ORIGIN="https://evil.example"), 403)
    log_in(page)


@pytest.mark.mend("medium/middleware.py", "Are credentials allowed under the cookie's path only?")
def test_cookies_cross_origins_at_these_endpoints_only(page, user, admin_user):
    """CORS with credentials: for the allowed origins, at these endpoints, and nowhere else."""
    header = "Access-Control-Allow-Credentials"
    asked = {"HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    for path in (LOGIN, REFRESH, LOGOUT, CHANGE_PASSWORD):
        preflight = page.options(path, **asked)
        assert preflight.headers.get(header) == "true", f"{path} should allow cookies"
        assert preflight["Access-Control-Allow-Origin"] == ORIGIN
        foreign = page.options(path, **asked, HTTP_ORIGIN="http://evil.localhost:3000")
        assert not foreign.has_header(header), f"{path} should allow {ORIGIN} only"
        assert not foreign.has_header("Access-Control-Allow-Origin")
    for path in (PART.login, PART.refresh, PART.products, PART.sessions, "/admin/"):
        for answer in (page.options(path, **asked), page.get(path)):
            assert not answer.has_header(header), f"{path} should not allow cookies"


@pytest.mark.parametrize(("method", "path"), ALL)
def test_what_changes_nothing_is_answered(page, user, method, path):
    """OPTIONS is answered whoever asks, and a method that is not there is 405."""
    page.defaults.pop("HTTP_ORIGIN")
    expect(page.options(path), 200 if path != CHANGE_PASSWORD else 401)
    page.defaults["HTTP_ORIGIN"] = ORIGIN
    log_in(page)
    expect(page.options(path), 200)
    for wrong in {"get", "post", "put", "patch", "delete"} - {method}:
        expect(getattr(page, wrong)(path), 405)


# The account's other rules


def test_a_browser_s_attempts_count_with_an_app_s(page, user):
    """There are as many attempts to log in for both together as for one."""
    data = {"username": "ada", "password": "a guess"}
    statuses = {
        send(page, path, data).status_code for _ in range(6) for path in (LOGIN, PART.login)
    }
    assert statuses == {401, 429}, f"401 and then 429 were expected: {statuses}"


def test_a_browser_is_one_of_the_devices(page, user):
    """A browser's login is a session like any other, and ends when its member ends it."""
    log_in(page)
    rows = expect(page.get(PART.sessions), 200)["results"]
    assert [row["current"] for row in rows] == [True]
    app = expect(
        Client(SERVER_NAME="localhost").post(
            PART.login, {"username": "ada", "password": "correct horse"}
        ),
        200,
    )
    path = f"{PART.sessions}{rows[0]['pk']}/"
    expect(page.delete(path, HTTP_AUTHORIZATION=f"Bearer {app['access']}"), 204)
    assert expect(send(page, REFRESH), 401)["code"] == "session_ended"


@pytest.mark.mend("accounts/sessions.py", "Is a refresh one conditional UPDATE, as in part 11?")
def test_a_cookie_is_exchanged_once(page, user):
    """Of two tabs that refresh at once one wins, and the other does not touch its cookie."""
    log_in(page)
    other = with_cookie(cookie(page))
    with just_before("UPDATE", lambda: expect(send(other, REFRESH), 200)):
        answer = send(page, REFRESH)
    assert expect(answer, 401)["code"] == "token_exchanged"
    assert COOKIE not in answer.cookies, "the winner's cookie should stay"
    expect(send(other, REFRESH), 200)


# The page


@pytest.fixture
def own_page(project):
    """The folder of the page, if the project has one where the tutorial has it."""
    folder = project / "browser"
    if not (folder / "serve.py").is_file():
        pytest.skip("the page is not in browser/")
    return folder


@pytest.mark.mend("browser/serve.py", "Are the headers sent with every response?")
def test_the_page_is_served_with_a_strict_policy(own_page):
    """The page's Content-Security-Policy lets in no script but its own, and no frame around it."""
    code = f"""
import sys, threading, urllib.request
sys.path.insert(0, {str(own_page)!r})
import serve
from functools import partial
from http.server import ThreadingHTTPServer
handler = partial(serve.Handler, directory={str(own_page)!r})
with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"http://127.0.0.1:{{server.server_port}}/") as response:
        print(response.headers["Content-Security-Policy"])
    server.shutdown()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    policy = {}
    for directive in done.stdout.strip().split("; "):
        name, _, values = directive.partition(" ")
        policy[name] = values.split()
    assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["base-uri"] == policy["form-action"] == ["'none'"]

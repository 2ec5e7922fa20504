"""What makes an answer right: one function for each exercise, outside the reader's sight.

A function is named by its notebook and number, as in ``"3.1"``. It gets the answer, and by their
names whatever else it takes from the notebook. It asserts what has to hold, with a hint that
helps and does not tell, and returns what there is to say about a right answer.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import requests

Function = Callable[..., Any]


class Hint(AssertionError):
    """What is wrong with an answer, said so that it helps to find the right one."""


class Yet(Exception):
    """There is no answer to look at: the message says what is missing."""


@dataclass(frozen=True)
class Kind:
    """What an answer has to be before anything else is asked of it."""

    name: str
    fits: Callable[[object], bool]


def of(*types: type) -> Callable[[object], bool]:
    return lambda answer: isinstance(answer, types)


NUMBER = Kind("a number", lambda answer: of(int, float)(answer) and not of(bool)(answer))
FUNCTION = Kind("a function", callable)
TEXT = Kind("a string", of(str))
TRUTH = Kind("True or False", of(bool))
KEY = Kind("bytes, as in b'…'", of(bytes))
NAMES = Kind(
    "a set of strings, {'like', 'this'}",
    lambda answer: of(set, frozenset)(answer) and all(map(of(str), answer)),  # type: ignore[call-overload]
)
DAYS = Kind(
    "a list of numbers",
    lambda answer: of(list, tuple)(answer) and all(map(NUMBER.fits, answer)),  # type: ignore[call-overload]
)


@dataclass(frozen=True)
class Exercise:
    kind: Kind
    check: Callable[..., str]


EXERCISES: dict[str, Exercise] = {}


def exercise(name: str, kind: Kind) -> Callable[[Callable[..., str]], Callable[..., str]]:
    def keep(check: Callable[..., str]) -> Callable[..., str]:
        EXERCISES[name] = Exercise(kind, check)
        return check

    return keep


def judge(name: str, notebook: dict[str, Any]) -> str:
    """Check the answer to an exercise among these names of a notebook; return what to say of it.

    Raises Yet when there is nothing to check, and Hint when the answer is wrong.
    """
    known, variable = EXERCISES[name], f"answer_{name.split('.')[1]}"
    answer = notebook.get(variable, ...)
    if answer is ...:
        raise Yet(f"give {variable} {known.kind.name}, and run this cell again.")
    if not known.kind.fits(answer):
        yours = type(answer).__name__
        raise Hint(f"{variable} has to be {known.kind.name}, and yours is of the type {yours}.")
    wanted = list(inspect.signature(known.check).parameters)[1:]
    if missing := [each for each in wanted if each not in notebook]:
        raise Yet(f"run the cells above first. There is no {missing[0]} yet.")
    if known.kind is FUNCTION:
        answer = told_apart(answer, variable)
    try:
        return known.check(answer, **{each: notebook[each] for each in wanted})
    except Hint:
        raise
    except AssertionError as error:
        raise Hint(str(error)) from None


def told_apart(function: Function, variable: str) -> Function:
    """Return the reader's function, with its mistakes told apart from those of a check."""

    def run(*given: object) -> object:
        try:
            return function(*given)
        except Exception as error:
            what = f"{type(error).__name__}: {error}".rstrip(": ")
            raise Hint(f"{variable} raised {what:.100}") from error

    return run


def by_hand(function: Function, *given: object) -> object:
    """Call a function that has to do without PyJWT."""
    used = set()

    def notice(frame: Any, event: str, _: object) -> None:
        if event == "call":
            used.add(str(frame.f_globals.get("__name__")).partition(".")[0])

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        result = function(*given)
    finally:
        sys.setprofile(before)
    assert "jwt" not in used, "it works, but it uses PyJWT. Do it by hand, as the cells above do."
    return result


def payload_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


# 1 · What is a JWT?


@exercise("1.1", NUMBER)
def how_long(answer: float, token: str) -> str:
    claims = payload_of(token)
    lifetime = claims["exp"] - claims["iat"]
    assert answer == lifetime, "two of its claims are points in time. How far apart are they?"
    return f"{lifetime} seconds."


@exercise("1.2", FUNCTION)
def read_any_token(answer: Function, token: str, refresh: str, EXAMPLE: str) -> str:
    named = {"the access token": token, "the refresh token": refresh, "the RFC's token": EXAMPLE}
    for name, known in named.items():
        got = by_hand(answer, known)
        assert isinstance(got, dict), (
            f"for {name} it returned {got!r:.60}, which is not a dictionary."
        )
        assert got == payload_of(known), (
            f"what it returned for {name} is not its payload. Which segment is that, and how is "
            "it encoded?"
        )
    return "it reads the access token, the refresh token and the RFC's."


@exercise("1.3", FUNCTION)
def write_a_token(answer: Function) -> str:
    claims = {"user_id": "1", "greeting": "grüß dich"}
    for key in (b"a key of at least thirty-two bytes", b"another key, and as long as that one"):
        token = by_hand(answer, dict(claims), key)
        assert isinstance(token, str), f"a token is a string, and yours is {token!r:.60}."
        try:
            decoded = jwt.decode(token, key, algorithms=["HS256"])
        except jwt.InvalidTokenError as error:
            raise Hint(f"PyJWT says: {error}.") from None
        assert decoded == claims, f"PyJWT reads {decoded} from it, and that was not the payload."
    return "PyJWT accepts your token."


# 2 · Obtain and use


@exercise("2.1", NUMBER)
def does_the_case_matter(answer: float, URL: str, access: str) -> str:
    response = requests.get(
        f"{URL}/image/", headers={"Authorization": f"BEARER {access}"}, timeout=30
    )
    assert answer == response.status_code, (
        "this server does not follow HTTP to the letter. Send the request, and see."
    )
    return f"{response.status_code}, {response.json()}"


@exercise("2.2", FUNCTION)
def from_a_password_to_a_header(answer: Function, URL: str, lesson: Any) -> str:
    headers = answer(lesson.username, lesson.password)
    assert isinstance(headers, dict), f"headers are a dictionary, and yours is {headers!r:.60}."
    assert answer(lesson.username, "guessed") is None, (
        "a wrong password has to give None. What is the server's response to one?"
    )
    status = requests.get(f"{URL}/image/", headers=headers, timeout=30).status_code
    assert status == 200, f"with these headers, /image/ responds with {status}."
    return "a good password opens the door, and a wrong one gives None."


@exercise("2.3", NUMBER)
def a_text_that_calls_itself_a_picture(answer: float, URL: str, headers: dict[str, str]) -> str:
    response = requests.post(
        f"{URL}/image/",
        data={"name": "Kite"},
        files={"image": ("kite.png", b"hello", "image/png")},
        headers=headers,
        timeout=30,
    )
    assert answer == response.status_code, "the server knows who you are. What else can be wrong?"
    return f"{response.status_code}, {response.json()}"


# 3 · Expire


@exercise("3.1", TEXT)
def the_last_second(answer: str) -> str:
    assert answer in {"valid", "expired"}, 'it is either "valid" or "expired".'
    key = "a key for this check alone, 32 bytes"
    try:
        jwt.decode(jwt.encode({"exp": int(time.time())}, key), key, algorithms=["HS256"])
        verdict = "valid"
    except jwt.ExpiredSignatureError:
        verdict = "expired"
    assert answer == verdict, "read the three words of the RFC again."
    return f"{verdict}."


@exercise("3.2", FUNCTION)
def a_countdown(answer: Function, tokens: dict[str, str]) -> str:
    end = payload_of(tokens["access"])["exp"]
    for before in (300, 1, 0, -86400):
        got = answer(tokens["access"], end - before)
        when = f"{before} s before its end" if before >= 0 else "a day after its end"
        assert got == max(before, 0), f"{when}, it returned {got!r:.60}."
    return "it counts down, and stops at 0."


@exercise("3.3", FUNCTION)
def is_a_new_token_worth_a_try(answer: Function, URL: str) -> str:
    def ask(path: str, **headers: str) -> requests.Response:
        return requests.get(URL + path, headers=headers, timeout=30)

    refused = answer(ask("/image/", Authorization="Bearer not.a.token"))
    assert refused is True, f"for a token that was refused, it returned {refused!r:.60}."
    for response, why in (
        (ask("/image/"), "a request without a token, so there was nothing to renew"),
        (ask("/nowhere/"), "a 404, whose body is not JSON"),
        (ask("/product/"), "a 200"),
    ):
        got = answer(response)
        assert got is False, f"for {why}, it returned {got!r:.60}."
    return "only a refused token is worth a refresh."


# 4 · Refresh and rotate


@exercise("4.1", NUMBER)
def without_rotation(answer: float, refresh_lifetime: float, DAY: float) -> str:
    days = refresh_lifetime / DAY
    assert answer == days, "which token is used on the last day, and when was it issued?"
    return f"{days:.0f} days, however often they come."


@exercise("4.2", FUNCTION)
def keep_the_session(answer: Function, URL: str, lesson: Any) -> str:
    user = {"username": lesson.username, "password": lesson.password}
    old = requests.post(f"{URL}/token/", json=user, timeout=30).json()
    new = answer(dict(old))
    assert isinstance(new, dict) and {"access", "refresh"} <= set(new), (
        f"it has to return a dictionary with both tokens, and returned {new!r:.60}."
    )
    assert new["access"] != old["access"], "the access token it returns is the old one."
    assert new["refresh"] != old["refresh"], "the server rotates. Which refresh token is next?"
    headers = {"Authorization": f"Bearer {new['access']}"}
    status = requests.get(f"{URL}/image/", headers=headers, timeout=30).status_code
    assert status == 200, f"with the access token it returns, /image/ responds with {status}."
    url = f"{URL}/token/refresh/"
    status = requests.post(url, json={"refresh": new["refresh"]}, timeout=30).status_code
    assert status == 200, f"the refresh token it returns cannot be refreshed: {status}."
    return "both tokens are new, and both work."


@exercise("4.3", DAYS)
def a_diary(answer: list[float]) -> str:
    logins, last_visit = [], None
    for day in (0, 10, 24, 40, 41, 60):
        if last_visit is None or day - last_visit >= 15:
            logins.append(day)
        last_visit = day
    assert list(answer) == logins, "count the days between each visit and the one before."
    return f"on the days {logins}."


# 5 · Custom claims


@exercise("5.1", FUNCTION)
def whose_token_is_it(answer: Function, before: str, after: str) -> str:
    named, numbered = answer(after), answer(before)
    assert named == payload_of(after)["username"], (
        f"for a token with a username, it returned {named!r:.60}."
    )
    assert numbered == f"user {payload_of(before)['user_id']}", (
        f"for a token without a username, it returned {numbered!r:.60}."
    )
    return f"{named!r}, and {numbered!r}."


@exercise("5.2", NAMES)
def what_has_no_place_there(answer: set[str]) -> str:
    given = {"username", "language", "password_hash", "card_number", "jti"}
    assert answer <= given, f"{', '.join(sorted(answer - given))} is not one of the five."
    assert answer == {"password_hash", "card_number"}, (
        "ask of each of the five: may everybody read it?"
    )
    return "everybody can read a payload, so those two stay out."


@exercise("5.3", TRUTH)
def old_claims(answer: bool, renewed: dict[str, str]) -> str:
    copied = payload_of(renewed["access"])["username"] == "mona-before"
    assert answer is not copied, "what did the refreshed token say of mona's name?"
    return f"{answer}. The claim is as old as the login."


# 6 · A client that takes care of itself


@exercise("6.1", NUMBER)
def half_an_hour(answer: float, Client: Any, logged_in: Function, refreshes: Function) -> str:
    minute, renewals = 0, []

    class Walker(Client):
        def keep(self, path: str, body: object) -> None:
            super().keep(path, body)
            # Tokens of 300 seconds, whatever the server's live.
            self.renew_at = self.now() + 300 - self.margin
            renewals.append(minute)

    walker = logged_in(Walker, now=lambda: minute * 60)
    while minute < 30:
        minute += 1
        walker.good_token()
    count = len(renewals) - 1
    if count != refreshes(walker):
        raise RuntimeError("The client refreshed more often than it kept a token.")
    assert answer == count, "at which minute is the first one, and from when does the next count?"
    return f"{count} times, at the minutes {renewals[1:]}."


@exercise("6.2", FUNCTION)
def may_the_token_go_there(answer: Function) -> str:
    server = "https://api.example.com"
    for address, may in {
        "https://api.example.com/image/": True,
        "https://api.example.com": True,
        "http://api.example.com/image/": False,
        "https://api.example.com.evil.example/image/": False,
        "https://api.example.com@evil.example/image/": False,
        "https://api.example.com:8443/image/": False,
        "https://evil.example/?https://api.example.com/": False,
    }.items():
        got = answer(address, server)
        assert got is may, f"for {address} it returned {got!r:.60}. Where would that request go?"
    return "the token stays at home."


@exercise("6.3", NUMBER)
def two_at_once(answer: float, logged_in: Function, together: Function, refreshes: Function) -> str:
    two = [logged_in(), logged_in()]
    for each in two:
        each.tokens["access"] = "no.good.token"  # it will be refused, as an expired one is
        if together(each, 5) != [200] * 5:
            raise RuntimeError("The client did not get through to the server.")
    count = sum(map(refreshes, two))
    assert answer == count, "which threads wait for each other at a lock, and whose lock is it?"
    return f"{count}, one each."


# 7 · Attacks that must fail


@exercise("7.1", FUNCTION)
def a_guard_for_none(
    answer: Function, honest: str, tried: dict[str, str], to_base64url: Function
) -> str:
    rest = honest.split(".", 1)[1]
    cases = {f"alg is {name}": tried[f"alg: {name}"] for name in ("none", "None", "nOnE")}
    cases["there is no alg"] = to_base64url(b"{}") + "." + rest
    got = answer(honest)
    assert got is False, f"for an honest token, it returned {got!r:.60}."
    for name, token in cases.items():
        got = answer(token)
        assert got is True, f"where {name}, it returned {got!r:.60}."
    return "and in a project you never need it: list the algorithms you accept instead."


@exercise("7.2", TEXT)
def a_server_that_forgets(answer: str, tried: dict[str, str]) -> str:
    assert answer in tried, "that is not one of the names in the list."
    assert answer == "refresh used as access", (
        "its signature has to be the server's own, and its `exp` in the future. (`not yet valid` "
        "is a question of time as well.)"
    )
    return "signed by the server, alive for days, and only `token_type` keeps it out."


@exercise("7.3", KEY)
def the_key_that_everybody_has(
    answer: bytes, URL: str, obtain: Function, forge: Function, call: Function
) -> str:
    forged = payload_of(obtain(URL)["access"]) | {"user_id": "1"}
    status = call(forge(forged, answer)).status_code
    assert status == 200, (
        f"the server responds with {status}. Which key does Simple JWT sign with by default, and "
        "in which file does a project keep it? (Or does this server have a key of its own?)"
    )
    return "200, as user 1. Set DJANGO_SECRET_KEY wherever others can reach the project."


# 8 · Register, and change the password


@exercise("8.1", TEXT)
def the_same_again(
    answer: str,
    after: dict[str, str],
    me: dict[str, Any],
    NEW: str,
    refresh: Function,
    change_password: Function,
) -> str:
    assert answer in {"alive", "over"}, 'they are either "alive" or "over".'
    renewed = refresh(after)
    if renewed.status_code == 200:  # else it was done already
        after.update(renewed.json())
        status = change_password(after, me["pk"], NEW, NEW).status_code
        if status != 200:
            raise RuntimeError(f"The password was not changed: {status}.")
    verdict = "over" if refresh(after).status_code == 401 else "alive"
    assert answer == verdict, "what is new each time a password is hashed?"
    return f"{verdict}. The salt is new, so the hash is, and so is its fingerprint."


@exercise("8.2", FUNCTION)
def what_a_reader_of_two_tokens_learns(
    answer: Function, before: dict[str, str], after: dict[str, str]
) -> str:
    for first, second, expected, which in (
        (before["access"], after["access"], True, "two access tokens, the password changed"),
        (before["refresh"], after["access"], True, "a refresh and an access token, changed"),
        (before["access"], before["refresh"], False, "one pair"),
        (after["refresh"], after["access"], False, "another pair"),
    ):
        got = answer(first, second)
        assert got is expected, f"for {which}, it returned {got!r:.60}. Compare the claims."
    return "without any key. It is the one thing that the claim gives away."


@exercise("8.3", FUNCTION)
def a_client_with_manners(answer: Function, slowed: Any, wrong: Any, changed: Any) -> str:
    got = answer(slowed)
    assert got == int(slowed.headers["Retry-After"]), (
        f"after the 429 it returned {got!r:.60}. Which of its headers says how long to wait?"
    )
    for response, when in ((wrong, "after a wrong password"), (changed, "after a 200")):
        got = answer(response)
        assert got == 0, f"{when}, it returned {got!r:.60}. Nobody has to wait then."
    return f"{answer(slowed)} seconds after the 429, else none."


# 9 · Logout and the blacklist


@exercise("9.1", NUMBER)
def how_long_does_the_thief_stay(answer: float, pair: dict[str, str]) -> str:
    claims = payload_of(pair["access"])
    minutes = round((claims["exp"] - claims["iat"]) / 60) - 2
    assert answer == minutes, "what did the logout change about an access token?"
    return f"{minutes:.0f} minutes. The logout changes nothing about it."


@exercise("9.2", NUMBER)
def how_long_is_the_list(answer: float, mine: dict[str, str], DAY: float) -> str:
    claims = payload_of(mine["refresh"])
    rows = 20 * (claims["exp"] - claims["iat"]) / DAY
    assert abs(answer - rows) <= 21, "when does the nightly job delete a row?"
    return f"about {rows:.0f}, however many years it goes on."


@exercise("9.3", FUNCTION)
def out_is_out(answer: Function, login: Function, refresh: Function) -> str:
    session = login()
    got = answer(session | {"refresh": "no token at all"})
    assert got is False, (
        f"for a string that is not a token, it returned {got!r:.60}. Nobody was logged out."
    )
    got = answer(session)
    assert got is True, f"for a good logout, it returned {got!r:.60}."
    assert refresh(session).status_code == 401, "the refresh token still works after it."
    got = answer(session)
    assert got is True, f"the second time it returned {got!r:.60}, and the session is over."
    return "a session that is over stays over, and rubbish ends none."


# 10 · A stolen refresh token


@exercise("10.1", NUMBER)
def what_a_refresh_adds(answer: float, laptop: Any) -> str:
    def rows() -> int:
        count: int = laptop.ask("GET", "/auth/sessions/").json()["count"]
        return count

    before = rows()
    for _ in range(3):
        laptop.refresh()
    assert answer == rows() - before, "what does a refresh do to the row of its session?"
    return "a refresh changes the row that is there."


@exercise("10.2", FUNCTION)
def you_are_the_server(answer: Function) -> str:
    for newer, seconds, right, which in (
        (0, 0, "new pair", "the current token"),
        (0, 86_400, "new pair", "the current token, a day old"),
        (1, 3, "refused", "two tabs, three seconds apart"),
        (1, 600, "session ended", "the last one retired, after ten minutes"),
        (2, 3, "session ended", "one that was retired before the last"),
    ):
        got = answer(newer, seconds)
        assert got == right, f"for {which}, it returned {got!r:.60}. Who may that be?"
    return "that is the whole decision."


@exercise("10.3", FUNCTION)
def when_to_warn(answer: Function, late: Any, call: Any, two: Any, there: Any) -> str:
    for response, right, which in (
        (late, True, "the token that came back"),
        (call, True, "a session that was ended because of that"),
        (two, False, "a second tab"),
        (there, False, "a session that you have ended yourself"),
    ):
        got = answer(response)
        assert got is right, f"for {which}, it returned {got!r:.60}."
    return "a warning that means something."


# 11 · The cookie that no script can read


@exercise("11.1", NUMBER)
def what_the_script_takes_home(answer: float, refresh: Any) -> str:
    minutes = refresh.json()["expires_in"] / 60
    assert answer == minutes, "which of the two tokens can the script read?"
    return f"{minutes:.0f} minutes, and then it has nothing. In localStorage it was fifteen days."


@exercise("11.2", FUNCTION)
def you_are_the_browser(answer: Function, line: str) -> str:
    # draft-ietf-httpbis-rfc6265bis, section 4.1.3
    for cookie, right in (
        (line, True),
        ("__Secure-a=1; HttpOnly; Path=/", False),
        ("__Host-a=1; Path=/; Secure", True),
        ("__Host-a=1; Path=/", False),
        ("__Host-a=1; Path=/auth/; Secure", False),
        ("__Host-a=1; Domain=shop.example; Path=/; Secure", False),
        ("a=1; Path=/", True),
    ):
        got = answer(cookie)
        assert got is right, f"for {cookie[:60]!r} it returned {got!r:.60}."
    return "no server has to be trusted with that: the browser checks the name."


@exercise("11.3", FUNCTION)
def you_are_the_server_of_a_page(answer: Function, URL: str, PAGE: str) -> str:
    for origin, kind in (
        (PAGE, "application/json"),
        (PAGE, "application/json; charset=utf-8"),
        (PAGE, "text/plain"),
        (PAGE, "application/x-www-form-urlencoded"),
        (None, "application/json"),
        ("null", "application/json"),
        (f"{PAGE}.evil.example", "application/json"),
        (None, "multipart/form-data"),
    ):
        got = answer(origin, kind)
        headers = {"Content-Type": kind} | ({"Origin": origin} if origin else {})
        response = requests.post(f"{URL}/auth/browser/refresh/", "{}", headers=headers, timeout=10)
        assert got == response.status_code, (
            f"for the origin {origin} and {kind}, it returned {got!r:.60}. The server disagrees."
        )
    return "the real server has said the same each time."

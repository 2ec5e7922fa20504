"""A token's life on a real server, told in a terminal: born, used, expired, refreshed, dead.

Every step sends real requests, shows them as they go over the wire, says what the answers mean
and checks what the step promised. The server is a part's, 7 or a later one, unmodified, with its
own lifetimes. From part 10 on there is a blacklist: an exchanged refresh token is refused, and
one can log out.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.error import URLError

import requests
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tutorial import tokens
from tutorial.errors import Problem
from tutorial.ladder import Part, find
from tutorial.running.server import PASSWORD, Server, serve

JWT = find(7)
USER = "demo"
IMAGES = "/image/"
LOGOUT, LOGOUT_ALL = "/auth/logout/", "/auth/logout_all/"  # from BLACKLIST on
BLACKLIST = 10  # the part that adds it

ACCESS_LIFETIME = 5 * 60  # seconds: Simple JWT's default, which the part keeps
REFRESH_LIFETIME = 15 * 86400  # the part's own

MARGIN = 14  # columns for what a line is about: "hash_password" and a space

CLAIMS = {
    "token_type": "what it is good for: access for the API, refresh for new tokens",
    "exp": "expires at {time}, in {left} (RFC 7519, section 4.1.4)",
    "iat": "was issued at {time}",
    "jti": "the token's own name: no two tokens share one",
    "user_id": "whose it is: the user's key in the database",
    "username": "a claim that this project adds, so that a page can greet its user",
    "hash_password": "a fingerprint of the stored password hash: a new password voids the token",
}
ERROR_FIELDS = {
    "detail": "for a person: the server found no way to accept this token",
    "code": "for a program: ask for this one, the wordings may change",
    "messages": "one entry for each kind of token that the server tried it as",
    "token_class": "that kind, by its name in the server's code",
    "token_type": "and as the claim token_type has it",
    "message": "why it was refused",
}


@dataclass(frozen=True)
class Promise:
    """What a step said would happen, and what did."""

    step: int
    what: str
    expected: str
    got: str

    @property
    def kept(self) -> bool:
        return self.expected == self.got

    @property
    def mark(self) -> str:
        return "✓" if self.kept else "✗"


@dataclass
class Walk:
    """One walk through the steps: where it is shown, what it talks to, which tokens it holds."""

    console: Console
    server: Server
    part: Part
    session: requests.Session = field(default_factory=requests.Session)
    promises: list[Promise] = field(default_factory=list)
    number: int = 0
    access: str = ""
    refresh: str = ""
    replaced: str = ""  # the refresh token that rotation exchanged for a new one

    def __post_init__(self) -> None:
        # What is shown is what is sent: no proxy and no ~/.netrc of this machine takes part.
        self.session.trust_env = False

    def line(self, label: str, text: str | Text, style: str = "", *, fold: bool = True) -> None:
        """Print a text beside its label, folded to the console and aligned below itself."""
        text = Text(text, style) if isinstance(text, str) else text
        width = max(20, self.console.width - MARGIN) if fold else sys.maxsize
        for row in text.wrap(self.console, width, overflow="fold"):
            row.rstrip()
            left = f"{label} ".ljust(MARGIN) if row else ""
            self.console.print(Text.assemble((left, "bold"), row), soft_wrap=True)
            label = ""

    def say(self, text: str) -> None:
        self.console.print()
        self.line("", text)

    def ask(self, method: str, path: str, **how: object) -> requests.Response:
        """Send a request, show it and its answer, and return the answer."""
        answer = self.send(method, path, **how)
        request = answer.request
        sent = {name: request.headers.get(name) for name in ("Authorization", "Content-Type")}
        body = json.loads(request.body) if request.body else None
        self.console.print()
        self.line("request", message(f"{request.method} {request.path_url}", sent, body))
        self.console.print()
        told = {"WWW-Authenticate": answer.headers.get("WWW-Authenticate")}
        status = f"{answer.status_code} {answer.reason}"
        body = content(answer) if answer.content else None
        self.line("answer", message(status, told, body, indent=2))
        return answer

    def send(
        self, method: str, path: str, *, token: str = "", body: dict | None = None
    ) -> requests.Response:
        """Send a request, with the token as its bearer's (RFC 6750, section 2.1)."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.session.request(
            method, self.server.url + path, json=body, headers=headers, timeout=10
        )

    def check(self, *promises: tuple[str, object, object]) -> None:
        """Compare what was promised and expected with what came, and say so."""
        self.console.print()
        for what, expected, got in promises:
            promise = Promise(self.number, what, str(expected), str(got))
            self.promises.append(promise)
            seen = promise.got if promise.kept else f"expected {expected}, got {got}"
            style = "green" if promise.kept else "bold red"
            self.line(f"{promise.mark:>{MARGIN - 2}}", Text.assemble(f"{what}: ", (seen, style)))

    def now(self) -> float:
        """Return the server's time."""
        return self.server.clock.now() if self.server.clock else time.time()

    @property
    def blacklists(self) -> bool:
        return self.part.number >= BLACKLIST

    def log_in(self) -> tuple[str, str]:
        """Log in, unshown; return an access token and a refresh token."""
        body = {"username": USER, "password": PASSWORD}
        pair = content(self.send("POST", self.part.login, body=body))
        if not pair.keys() >= {"access", "refresh"}:
            raise Problem(f"The server did not let {USER} log in again: the walk ends here.")
        return pair["access"], pair["refresh"]

    def stay_logged_in(self) -> None:
        """Log in again if the access token ran out while the class was talking."""
        if tokens.decode(self.access)[1]["exp"] <= self.now():
            self.access, self.refresh = self.log_in()
            self.say("The access token ran out while we paused: here is a new login, unshown.")


@dataclass(frozen=True)
class Step:
    """A step of the walk, and what an instructor may ask before it is taken."""

    title: str
    question: str
    take: Callable[[Walk], None]
    since: int = 1  # the first part that it can be taken on


STEPS: list[Step] = []


def step(
    title: str, *, question: str, since: int = JWT.number
) -> Callable[[Callable[[Walk], None]], None]:
    """Add the decorated function to the walk."""

    def add(take: Callable[[Walk], None]) -> Callable[[Walk], None]:
        STEPS.append(Step(title, question, take, since))
        return take

    return add


@step("Knock: a request without a token", question="Who are we, to a server that never met us?")
def knock(walk: Walk) -> None:
    answer = walk.ask("GET", IMAGES)
    walk.say(
        "401 Unauthorized: the server does not know who is asking. WWW-Authenticate says how to "
        "tell it: with a Bearer token, which means that whoever bears it is let in (RFC 6750, "
        'section 3). The realm is the name of what is guarded; "api" is REST framework\'s default.'
    )
    scheme = answer.headers.get("WWW-Authenticate", "nothing").split()[0]
    walk.check(("a stranger is refused", "401, Bearer", f"{answer.status_code}, {scheme}"))


@step(
    "Obtain: a password for a token pair",
    question="Should the answer say whether the name or the password was wrong?",
)
def obtain(walk: Walk) -> None:
    wrong = walk.ask("POST", walk.part.login, body={"username": USER, "password": "a-guess"})
    unknown = walk.send("POST", walk.part.login, body={"username": "nobody", "password": "a-guess"})
    walk.say(
        "A wrong password. The answer does not say which of the two was wrong: a name that nobody "
        "has is answered with the very same words, so that nobody can find out who has an account."
    )
    same = (
        "the same"
        if verdict(unknown) == verdict(wrong) and content(unknown) == content(wrong)
        else "another"
    )
    walk.check(
        ("a wrong password is refused", 401, wrong.status_code),
        ("a wrong name gets the same answer", "the same", same),
    )

    answer = walk.ask("POST", walk.part.login, body={"username": USER, "password": PASSWORD})
    walk.say(
        "The right one, and here is the token pair: a short-lived access token for the API and a "
        "long-lived refresh token, good for new tokens only. They are cut short with … on this "
        "screen, and sent in full. (Never show a password like this one: it is for "
        "demonstrations, and opens nothing else.)"
    )
    walk.check(("the right password is answered with tokens", 200, answer.status_code))
    pair = content(answer)
    if not pair.keys() >= {"access", "refresh"}:
        raise Problem("Without a token pair there is nothing more to show: the walk ends here.")
    walk.access, walk.refresh = pair["access"], pair["refresh"]


@step(
    "Decode: what a token says",
    question="Which key do we need to read a token?",
)
def decode(walk: Walk) -> None:
    header, payload = tokens.decode(walk.access)
    walk.console.print()
    for name, part in zip(tokens.COLOURS, tokens.coloured(walk.access), strict=True):
        # In a file a token stays in one piece.
        walk.line(name, part, fold=walk.console.is_terminal)
    walk.say(
        "Three parts with a dot between them, and no key is needed: base64url is an "
        "alphabet, not a cipher (RFC 7515, section 2). Decoded, the first two read:"
    )
    walk.console.print()
    walk.line("header", json.dumps(header, indent=2), tokens.COLOURS["header"])
    walk.line("payload", json.dumps(payload, indent=2), tokens.COLOURS["payload"])
    walk.console.print()
    for name, value in payload.items():
        meaning = CLAIMS.get(name, "(a claim that this walk does not know)")
        if name in {"exp", "iat"}:
            meaning = meaning.format(time=clock_time(value)[11:], left=in_words(value - walk.now()))
        walk.line(name, meaning)
    walk.say(
        "The signature is computed from the other two with a key that only the server has. So "
        "anyone can read a token, and nobody can change it unnoticed: never put a secret into a "
        "payload."
    )
    walk.check(("the payload can be read without a key", USER, payload.get("username")))


@step(
    "Use: the request again, with the token",
    question="Where in the request does the token go, and what has the server stored about us?",
)
def use(walk: Walk) -> None:
    walk.stay_logged_in()
    answer = walk.ask("GET", IMAGES, token=walk.access)
    walk.say(
        "The same request with one header more, and the door is open. The server looked nothing "
        "up to know that the token is its own: it checked signature and exp, then fetched the "
        "user that the token names."
    )
    walk.check(("the access token is accepted", 200, answer.status_code))


@step(
    "Tamper: one character of the payload changed",
    question="We can read the payload. What if we write somebody else's user_id into it?",
)
def tamper(walk: Walk) -> None:
    header, payload, signature = walk.access.split(".")
    claims = tokens.decode(walk.access)[1]
    mine = str(claims["user_id"])
    other = mine[:-1] + chr(ord(mine[-1]) ^ 1)  # one bit, so that it is one character in base64 too
    forged = tokens.encode({**claims, "user_id": other})
    place = next(i for i, character in enumerate(payload) if character != forged[i])
    near = slice(max(0, place - 12), place + 12)
    walk.console.print()
    walk.line("payload", f"…{payload[near]}…   user_id {mine}")
    walk.line("forged", f"…{forged[near]}…   user_id {other}")
    walk.line("", " " * (place - near.start + 1) + "^")
    answer = walk.ask("GET", IMAGES, token=f"{header}.{forged}.{signature}")
    walk.say(
        "All the rest of the token is as it was, the signature too: it no longer fits what it "
        "signs, and without the server's key nobody can make one that does."
    )
    walk.check(("a changed token is refused", "401 token_not_valid", verdict(answer)))


@step(
    "Expire: time passes",
    question="The same token, a little later: what will the server say, and how does it know?",
)
def expire(walk: Walk) -> None:
    outlive_access(walk)
    if walk.server.clock:
        walk.say(
            "The server's clock moved; its code and its lifetimes did not change. Why two seconds "
            "more? exp is in whole seconds, so the end is not quite where a stopwatch would put "
            "it: we step well clear of it."
        )
    answer = walk.ask("GET", IMAGES, token=walk.access)
    walk.say("Not a byte of the token has changed; its exp has passed. The answer, field by field:")
    walk.console.print()
    told = content(answer)
    for name in [*told, *told.get("messages", [{}])[0]]:
        walk.line(name, ERROR_FIELDS.get(name, "(a field that this walk does not know)"))
    walk.check(("an expired token is refused", "401 token_not_valid", verdict(answer)))


@step(
    "Refresh: a new pair without a password",
    question="How do we go on without asking for the password every five minutes?",
)
def refresh(walk: Walk) -> None:
    answer = walk.ask("POST", walk.part.refresh, body={"refresh": walk.refresh})
    pair = content(answer)
    walk.check(("the refresh token is exchanged", 200, answer.status_code))
    if "access" not in pair:
        return walk.say("No new access token: the walk goes on with the old ones.")
    old, new = tokens.decode(walk.access)[1], tokens.decode(pair["access"])[1]
    walk.say("A new access token, its claims beside the old one's:")
    walk.console.print()
    walk.line("jti", f"old  {old['jti']}\nnew  {new['jti']}")
    walk.line("exp", f"old  {clock_time(old['exp'])}\nnew  {clock_time(new['exp'])}")
    walk.line("username", f"old  {old.get('username')}\nnew  {new.get('username')}")
    walk.say(
        "And a new refresh token: this is rotation. Whoever comes back within "
        f"{in_words(REFRESH_LIFETIME)} gets the next {in_words(REFRESH_LIFETIME)}, and is not "
        "asked for the password."
    )
    rotated = pair.get("refresh") not in {None, walk.refresh}
    walk.check(
        (
            "the access token is another one",
            "a new jti",
            "a new jti" if old["jti"] != new["jti"] else "the old jti",
        ),
        ("the username claim lives on", USER, new.get("username")),
        ("the refresh token is rotated", "a new one", "a new one" if rotated else "none"),
    )
    walk.replaced, walk.refresh = walk.refresh, pair.get("refresh", walk.refresh)
    walk.access = pair["access"]
    answer = walk.ask("GET", IMAGES, token=walk.access)
    walk.check(("the new access token is accepted", 200, answer.status_code))


@step(
    "Rotate: what became of the old refresh token?",
    question="We have a new refresh token. Suppose somebody copied the old one last week?",
)
def rotate(walk: Walk) -> None:
    answer = walk.ask("POST", walk.part.refresh, body={"refresh": walk.replaced or walk.refresh})
    if walk.blacklists:
        walk.say(
            "Refused, although its signature is good and its exp is days ahead: when it was "
            f"exchanged, the server put it on a blacklist. This closes what part {JWT.number} left "
            "open. A refresh token is good for one refresh, and of its owner and a thief the one "
            "who comes second is refused. If that is the owner, the thief is in: logging in again "
            "does not change it, logging out everywhere does."
        )
        reason = f"{answer.status_code} {content(answer).get('detail', '')}".rstrip()
        return walk.check(("the old refresh token is refused", "401 Token is blacklisted", reason))
    walk.say(
        "It still works. Rotation hands out a new refresh token, and nothing here retires the old "
        f"one: a copy of it is good for {in_words(REFRESH_LIFETIME)} from the day it was issued. "
        "The series leaves this open in this part, and so do we, aloud; "
        f"part {BLACKLIST} closes it with a blacklist."
    )
    walk.check(("the old refresh token still works", 200, answer.status_code))


@step(
    "Confuse: each token at the other's door",
    question="Both tokens carry a good signature. Why not use the long-lived one for everything?",
)
def confuse(walk: Walk) -> None:
    walk.stay_logged_in()
    as_access = walk.ask("GET", IMAGES, token=walk.refresh)
    as_refresh = walk.ask("POST", walk.part.refresh, body={"refresh": walk.access})
    walk.say(
        "Good signatures, wrong doors: token_type says which door a token opens. So the refresh "
        "token travels to one address only, and a lost access token cannot make itself last."
    )
    walk.check(
        ("a refresh token opens no API", "401 token_not_valid", verdict(as_access)),
        ("an access token refreshes nothing", "401 token_not_valid", verdict(as_refresh)),
    )


@step(
    "Let die: the refresh token's end",
    question="And when nobody has come back for fifteen days?",
)
def let_die(walk: Walk) -> None:
    if not walk.server.clock:
        return walk.say(
            f"Skipped: we wait for real, and this takes {in_words(REFRESH_LIFETIME)}. Without "
            "--real-time the server's clock moves, and this step takes a moment."
        )
    move_clock(walk, REFRESH_LIFETIME)
    answer = walk.ask("POST", walk.part.refresh, body={"refresh": walk.refresh})
    walk.say(
        "Even the newest refresh token has an exp. It has passed, nothing is left to exchange: "
        "log in again, with name and password."
    )
    walk.check(("an expired refresh token is refused", "401 token_not_valid", verdict(answer)))


@step(
    "Log out: the refresh token goes on the blacklist",
    question="We log out. Which of our two tokens can the server take back, and which not?",
    since=BLACKLIST,
)
def log_out(walk: Walk) -> None:
    walk.access, walk.refresh = walk.log_in()
    walk.say(
        "A new login, unshown, and now its end. The access token says who is asking, the refresh "
        "token in the body says which session is over:"
    )
    body = {"refresh": walk.refresh}
    answer = walk.ask("POST", LOGOUT, token=walk.access, body=body)
    again = walk.ask("POST", LOGOUT, token=walk.access, body=body)
    reasons = content(again).get("refresh") or ["no reason"]
    walk.check(
        ("logging out is done", 204, answer.status_code),
        (
            "once more is refused, and why",
            "400, Token is blacklisted",
            f"{again.status_code}, {reasons[0]}",
        ),
    )
    refused = walk.ask("POST", walk.part.refresh, body=body)
    walk.check(("nothing can be refreshed with it", "401 token_not_valid", verdict(refused)))

    left = tokens.decode(walk.access)[1]["exp"] - walk.now()
    still = walk.ask("GET", IMAGES, token=walk.access)
    walk.say(
        "And this is what logging out cannot do: the access token still opens the door. Nobody "
        "looks it up in a list: signature and exp are all it takes, and its exp is "
        f"{in_words(max(0, left))} ahead. A client throws it away; a copy of it goes on."
    )
    walk.check(("the access token still works", 200, still.status_code))
    outlive_access(walk)
    late = walk.ask("GET", IMAGES, token=walk.access)
    walk.check(("until its exp: now the logout is complete", "401 token_not_valid", verdict(late)))


@step(
    "Log out everywhere: every session at once",
    question="The laptop is stolen, the phone is in our hand. What can the phone do about it?",
    since=BLACKLIST,
)
def log_out_everywhere(walk: Walk) -> None:
    (phone, refresh_phone), (_laptop, refresh_laptop) = walk.log_in(), walk.log_in()
    walk.say(
        "Two logins, unshown: a phone and a laptop. The phone knows nothing of the laptop's "
        "tokens, and sends no more than its own access token:"
    )
    answer = walk.ask("POST", LOGOUT_ALL, token=phone)
    here = walk.ask("POST", walk.part.refresh, body={"refresh": refresh_phone})
    there = walk.ask("POST", walk.part.refresh, body={"refresh": refresh_laptop})
    walk.say(
        "Both sessions are over, because the server has kept a list of every refresh token that it "
        "issued. That is the price of a blacklist: the database is asked at every refresh and "
        "logout, and at no other request. The access tokens of both live on, again until their exp."
    )
    walk.check(
        ("logging out everywhere is done", 204, answer.status_code),
        ("the phone refreshes nothing any more", "401 token_not_valid", verdict(here)),
        ("nor does the laptop", "401 token_not_valid", verdict(there)),
    )


def run(
    *,
    console: Console,
    pause: bool = False,
    real_time: bool = False,
    part: Part = JWT,
    access_lifetime: float = 10,
) -> bool:
    """Take the walk; return whether every promise was kept.

    ``pause`` waits for Enter before each step. ``real_time`` waits for an access token of
    ``access_lifetime`` seconds instead of moving the server's clock. Steps that need a later part
    than ``part`` are left out.
    """
    if not console.is_terminal:
        console.width = 100  # not that of a terminal somewhere behind the pipe
    if pause and not (sys.stdin and sys.stdin.isatty()):
        console.print("Without pauses: standard input is no terminal, nobody can press Enter.")
        pause = False
    started = time.monotonic()
    try:
        steps = [each for each in STEPS if each.since <= part.number]
        with ExitStack() as stack:
            with busy(console, f"Starting the server of part {part.number}, {part.title} …"):
                server = stack.enter_context(
                    serve(part.path, access_lifetime=access_lifetime)
                    if real_time
                    else serve(part.path, clock=True)
                )
            walk = Walk(console, server, part)
            stack.enter_context(walk.session)
            for number, each in enumerate(steps, 1):
                walk.number = number
                take(walk, each, pause)
    except Problem as problem:
        console.print(Text(f"\n{problem}", "bold red"), soft_wrap=True)
        return False
    except KeyboardInterrupt:
        console.print("\nThe server and its data are gone.")
        raise
    summarise(walk, time.monotonic() - started)
    return all(promise.kept for promise in walk.promises)


def take(walk: Walk, each: Step, pause: bool) -> None:
    """Take one step. Raises Problem, with the server's log, when the server has gone."""
    title = f"{walk.number}. {each.title}"
    walk.console.print()
    if pause:
        walk.line("next", title)
        walk.line("ask", each.question)
        with suppress(EOFError):
            walk.console.input(" " * MARGIN + "Enter to go on ")
        walk.console.print()
    walk.console.rule(Text(title, "bold"), align="left")
    try:
        each.take(walk)
    except (requests.RequestException, URLError, ConnectionError) as error:
        log = "\n".join(walk.server.log().splitlines()[-30:])
        raise Problem(
            f"The server stopped answering in step {walk.number}. Its log ends:\n\n{log}"
        ) from error


def move_clock(walk: Walk, seconds: float) -> None:
    before = walk.now()
    after = walk.server.clock.advance(seconds + 2)
    walk.console.print()
    walk.line("clock", f"{in_words(seconds + 2)} pass\n{clock_time(before)}\n{clock_time(after)}")


def outlive_access(walk: Walk) -> None:
    """Let time pass until the access token has expired: the server's, or everybody's."""
    if walk.server.clock:
        move_clock(walk, ACCESS_LIFETIME)
    else:
        wait_until(walk, tokens.decode(walk.access)[1]["exp"] + 1)


def wait_until(walk: Walk, end: float) -> None:
    """Wait for real until the clock, which is the server's too, has passed ``end``."""
    walk.say(f"We wait for real, until {clock_time(end)}.")
    begin = walk.now()
    columns = (TextColumn(" " * (MARGIN - 1)), BarColumn(), TimeRemainingColumn())
    console = walk.console
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=end - begin)
        while (now := walk.now()) <= end:
            progress.update(task, completed=now - begin)
            time.sleep(0.05)


def summarise(walk: Walk, seconds: float) -> None:
    """End with every promise on one screen."""
    console, promises = walk.console, walk.promises
    console.print()
    console.rule(Text("What was promised, and what came", "bold"), align="left")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("step", "", "expected", "got", ""):
        table.add_column(heading, overflow="fold")
    for promise in promises:
        table.add_row(
            str(promise.step),
            promise.what,
            promise.expected,
            promise.got,
            promise.mark,
            style="" if promise.kept else "bold red",
        )
    console.print(table)
    kept = sum(promise.kept for promise in promises)
    console.print(
        f"\n{kept} of {len(promises)} promises kept, in {seconds:.1f} s "
        "with the server's start and end.",
        highlight=False,
    )
    if kept < len(promises):
        console.print("What is said beside a ✗ is what should have happened.")
    console.print("\nNext:")
    walk.line("read", f"parts/{walk.part.slug}: the code that did this")
    walk.line(
        "try",
        f"tutorial serve {walk.part.number} --clock: the same server, for requests of your own",
    )


def busy(console: Console, what: str) -> AbstractContextManager:
    """Say what takes a while: with a spinner on a terminal, in a line anywhere else."""
    if console.is_terminal:
        return console.status(what)
    console.print(what)
    return nullcontext()


def message(first: str, headers: dict, body: dict | None, *, indent: int | None = None) -> Text:
    """Return a request or an answer to be read: first line, headers, body, long words cut."""
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    if body is not None:
        lines += ["", json.dumps(shortened(body), indent=indent, ensure_ascii=False)]
    # Tokens and addresses are known by their ends: all tokens begin with the same header.
    rest = re.sub(r'[^\s",]{40,}', lambda word: f"{word[0][:14]}…{word[0][-14:]}", "\n".join(lines))
    return Text.assemble((first, "bold"), f"\n{rest}" if rest else "")


def shortened(body: dict) -> dict:
    """Of a page of results, keep the count and the first image's first fields."""
    if not body.get("results"):
        return body
    first, *others = body["results"]
    first = {**dict(list(first.items())[:3]), "…": "…"}
    return {"count": body["count"], "results": [first, f"… and {len(others)} more"]}


def content(answer: requests.Response) -> dict:
    """Return an answer's JSON; of a page that is none, its kind and size."""
    try:
        return answer.json()
    except requests.JSONDecodeError:
        kind = answer.headers.get("Content-Type", "of no kind")
        return {"no JSON, but": f"{kind}, {len(answer.content)} bytes"}


def verdict(answer: requests.Response) -> str:
    """Return an answer's status, with its code if it gives one."""
    return f"{answer.status_code} {content(answer).get('code', '')}".rstrip()


def clock_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def in_words(seconds: float) -> str:
    """Return a duration as a person says it: 302 → ``5 minutes and 2 seconds``."""
    rest, words = round(seconds), []
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {name}{'s' * (count > 1)}")
    return " and ".join(words) or "no time"

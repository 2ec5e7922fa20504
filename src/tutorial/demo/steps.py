"""The steps of a token's life: born, used, expired, refreshed, dead.

Every step sends real requests, shows them as they go over the wire, explains the responses and
checks what the step promised. The lifetimes are the part's own. Where there is a blacklist, an
exchanged refresh token is refused, and you can log out. Where there are sessions, one that comes
back ends its session, and an access token dies with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tutorial import tokens
from tutorial.demo.guide import USER, Guide
from tutorial.demo.render import BADGES, coloured, content, date_time, time_of_day, verdict
from tutorial.durations import in_words
from tutorial.errors import Problem
from tutorial.ladder import Part, first
from tutorial.questions import questions, with_choices
from tutorial.running.server import PASSWORD

TOKENS, BLACKLIST = first("has_tokens"), first("has_blacklist")  # the parts that bring them
REFRESH_LIFETIME = 15 * 86400  # seconds: the part's own

ERROR_FIELDS = {
    "detail": "for a person: the server found no way to accept this token",
    "code": "for a program: test for this one, the wording may change",
    "messages": "one entry for each kind of token that the server tried it as",
    "token_class": "that kind, by its name in the server's code",
    "token_type": "and by its name in the claim token_type",
    "message": "why it was refused",
}


@dataclass(frozen=True)
class WalkStep:
    """A step of the walk, and what an instructor may ask before it is taken."""

    title: str
    question: str
    take: Callable[[Guide], None]
    needs: str = ""  # a capability of the part, by its name in the ladder; "" for none

    def can_be_taken_on(self, part: Part) -> bool:
        return not self.needs or bool(getattr(part, self.needs))


STEPS: list[WalkStep] = []

Take = Callable[[Guide], None]


def step(title: str, *, needs: str = "has_tokens") -> Callable[[Take], Take]:
    """Add the decorated function to the walk."""

    def add(take: Take) -> Take:
        question = with_choices(questions("demo")[take.__name__])
        STEPS.append(WalkStep(title, question, take, needs))
        return take

    return add


@step("Knock: a request without a token")
def knock(guide: Guide) -> None:
    response = guide.ask("GET", guide.part.protected)
    guide.say(
        "401 Unauthorized: the server does not know who is asking. WWW-Authenticate says how to "
        "tell it: with a Bearer token, which means that anyone who bears it is let in (RFC 6750, "
        'section 3). The realm names what is protected; "api" is REST framework\'s default.'
    )
    scheme = response.headers.get("WWW-Authenticate", "nothing").split()[0]
    guide.check(("a stranger is refused", "401, Bearer", f"{response.status_code}, {scheme}"))


@step(
    "Obtain: a password for a token pair",
)
def obtain(guide: Guide) -> None:
    wrong = guide.ask("POST", guide.part.login, body={"username": USER, "password": "a-guess"})
    unknown = guide.send(
        "POST", guide.part.login, body={"username": "nobody", "password": "a-guess"}
    )
    guide.say(
        "A wrong password. The response does not say which of the two was wrong: a name that "
        "nobody has gets the very same response, so that nobody can find out who has an account."
    )
    same = (
        "the same"
        if verdict(unknown) == verdict(wrong) and content(unknown) == content(wrong)
        else "another"
    )
    guide.check(
        ("a wrong password is refused", 401, wrong.status_code),
        ("a wrong name gets the same response", "the same", same),
    )

    response = guide.ask("POST", guide.part.login, body={"username": USER, "password": PASSWORD})
    guide.say(
        "The right one, and here is the token pair: a short-lived access token for the API and a "
        "long-lived refresh token, good for new tokens only. They are shortened with … on this "
        "screen, and sent in full. (Never show a real password on a screen: this one is for "
        "demonstrations, and opens nothing else.)"
    )
    guide.check(("the right password is exchanged for tokens", 200, response.status_code))
    pair = content(response)
    if not pair.keys() >= {"access", "refresh"}:
        raise Problem("Without a token pair there is nothing more to show: the walk ends here.")
    guide.access, guide.refresh = pair["access"], pair["refresh"]


@step(
    "Decode: what a token says",
)
def decode(guide: Guide) -> None:
    header, payload = tokens.decode(guide.access)
    guide.console.print()
    for name, segment in zip(tokens.COLOURS, coloured(guide.access), strict=True):
        # In a file a token stays in one piece.
        guide.line(name, segment, fold=guide.console.is_terminal)
    guide.say(
        "Three parts, separated by dots, and reading them needs no key: base64url is an "
        "encoding, not a cipher (RFC 7515, section 2). Decoded, the first two read:"
    )
    guide.console.print()
    guide.line("header", json.dumps(header, indent=2), badge=BADGES["header"])
    guide.line("payload", json.dumps(payload, indent=2), badge=BADGES["payload"])
    guide.console.print()
    for name, value in payload.items():
        meaning = tokens.MEANINGS.get(name, "(a claim that this demo does not know)")
        if name in {"exp", "iat"}:
            meaning += f": {time_of_day(value)}"
        if name == "exp" and value > guide.now():
            meaning += f", in {in_words(value - guide.now())}"
        guide.line(name, meaning)
    guide.say(
        "The signature is computed from the other two with a key that only the server has. So "
        "anyone can read a token, and nobody can change it unnoticed: never put a secret into a "
        "payload."
    )
    guide.check(("the payload can be read without a key", USER, payload.get("username")))


@step(
    "Use: the request again, with the token",
)
def use(guide: Guide) -> None:
    guide.stay_logged_in()
    response = guide.ask("GET", guide.part.protected, token=guide.access)
    guide.say(
        "The same request with one more header, and the door is open. The server did not have to "
        "look anything up to know that the token is its own: it checked the signature and exp, "
        + f"then fetched the {'session and the user' if guide.part.has_sessions else 'user'} "
        + "that the token names."
    )
    guide.check(("the access token is accepted", 200, response.status_code))


@step(
    "Tamper: one character of the payload changed",
)
def tamper(guide: Guide) -> None:
    header, payload, signature = guide.access.split(".")
    claims = tokens.decode(guide.access)[1]
    mine = str(claims["user_id"])
    other = mine[:-1] + chr(ord(mine[-1]) ^ 1)  # one bit, so that it is one character in base64 too
    forged = tokens.encode({**claims, "user_id": other})
    place = next(i for i, character in enumerate(payload) if character != forged[i])
    near = slice(max(0, place - 12), place + 12)
    guide.console.print()
    guide.line("payload", f"…{payload[near]}…   user_id {mine}")
    guide.line("forged", f"…{forged[near]}…   user_id {other}")
    guide.line("", " " * (place - near.start + 1) + "^")
    token = f"{header}.{forged}.{signature}"
    response = guide.ask("GET", guide.part.protected, token=token, forged=forged[near])
    guide.say(
        "The rest of the token is unchanged, including the signature: it no longer matches what "
        "it signs, and without the server's key nobody can make one that does."
    )
    guide.check(("a changed token is refused", "401 token_not_valid", verdict(response)))


@step(
    "Expire: time passes",
)
def expire(guide: Guide) -> None:
    guide.outlive_access()
    if guide.server.clock:
        guide.say(
            "The server's clock moved; its code and its lifetimes did not change. Why two extra "
            "seconds? exp is in whole seconds, so the end is not quite where a stopwatch would put "
            "it: we step well past it."
        )
    response = guide.ask("GET", guide.part.protected, token=guide.access)
    guide.say(
        "Not a byte of the token has changed; its exp has passed. The response, field by field:"
    )
    guide.console.print()
    told = content(response)
    for name in [*told, *told.get("messages", [{}])[0]]:
        guide.line(name, ERROR_FIELDS.get(name, "(a field that this demo does not know)"))
    guide.check(("an expired token is refused", "401 token_not_valid", verdict(response)))


@step(
    "Refresh: a new pair without a password",
)
def refresh(guide: Guide) -> None:
    response = guide.ask("POST", guide.part.refresh, body={"refresh": guide.refresh})
    pair = content(response)
    guide.check(("the refresh token is exchanged", 200, response.status_code))
    if "access" not in pair:
        return guide.say("No new access token: we continue with the old ones.")
    old, new = tokens.decode(guide.access)[1], tokens.decode(pair["access"])[1]
    guide.say("A new access token; its claims compared with the old one's:")
    guide.console.print()
    guide.line("jti", f"old  {old['jti']}\nnew  {new['jti']}")
    guide.line("exp", f"old  {date_time(old['exp'])}\nnew  {date_time(new['exp'])}")
    guide.line("username", f"old  {old.get('username')}\nnew  {new.get('username')}")
    guide.say(
        "And a new refresh token: this is rotation. Anyone who comes back within "
        f"{in_words(REFRESH_LIFETIME)} gets another {in_words(REFRESH_LIFETIME)}, and is not "
        "asked for the password."
    )
    rotated = pair.get("refresh") not in {None, guide.refresh}
    guide.check(
        (
            "the access token is a new one",
            "a new jti",
            "a new jti" if old["jti"] != new["jti"] else "the old jti",
        ),
        ("the username claim is kept", USER, new.get("username")),
        ("the refresh token is rotated", "a new one", "a new one" if rotated else "none"),
    )
    guide.replaced, guide.refresh = guide.refresh, pair.get("refresh", guide.refresh)
    guide.access = pair["access"]
    response = guide.ask("GET", guide.part.protected, token=guide.access)
    guide.check(("the new access token is accepted", 200, response.status_code))


@step(
    "Rotate: what became of the old refresh token?",
)
def rotate(guide: Guide) -> None:
    if guide.part.has_sessions:
        return rotate_a_session(guide)
    response = guide.ask(
        "POST", guide.part.refresh, body={"refresh": guide.replaced or guide.refresh}
    )
    if guide.part.has_blacklist:
        guide.say(
            "Refused, although its signature is valid and its exp is days ahead: when it was "
            "exchanged, the server put it on a blacklist. This closes what part "
            f"{TOKENS.number} left open. A refresh token is good for one refresh, and of its owner "
            "and a thief the one who comes second is refused. If that is the owner, the thief is "
            "in: logging in again does not change that, logging out everywhere does."
        )
        reason = f"{response.status_code} {content(response).get('detail', '')}".rstrip()
        return guide.check(("the old refresh token is refused", "401 Token is blacklisted", reason))
    guide.say(
        "It still works. Rotation hands out a new refresh token, but nothing here retires the old "
        f"one: a copy of it is good for {in_words(REFRESH_LIFETIME)} from the day it was issued. "
        "The series leaves this open in this part, and so do we, but we say so; "
        f"part {BLACKLIST.number} closes it with a blacklist."
    )
    guide.check(("the old refresh token still works", 200, response.status_code))


def rotate_a_session(guide: Guide) -> None:
    # Exchanged anew: while the class was talking, the grace period may have passed.
    old = {"refresh": guide.refresh}
    pair = content(guide.send("POST", guide.part.refresh, body=old))
    guide.access, guide.refresh = (pair.get(name, "") for name in ("access", "refresh"))
    response = guide.ask("POST", guide.part.refresh, body=old)
    guide.say(
        "Refused: a refresh token is good for one refresh. (This one was exchanged a moment ago, "
        "unshown.) And its session lives on, because two tabs that refresh at the same moment are "
        "no thieves: for ten seconds, the token that was exchanged last is refused and nothing "
        "more."
    )
    still = guide.ask("GET", guide.part.protected, token=guide.access)
    guide.check(
        ("the old refresh token is refused", "401 token_exchanged", verdict(response)),
        ("its session lives on", 200, still.status_code),
    )


@step(
    "Confuse: each token at the other's door",
)
def confuse(guide: Guide) -> None:
    guide.stay_logged_in()
    as_access = guide.ask("GET", guide.part.protected, token=guide.refresh)
    as_refresh = guide.ask("POST", guide.part.refresh, body={"refresh": guide.access})
    guide.say(
        "Valid signatures, wrong doors: token_type says which door a token opens. So the refresh "
        "token travels to one endpoint only, and a lost access token cannot be made to last."
    )
    guide.check(
        ("a refresh token does not open the API", "401 token_not_valid", verdict(as_access)),
        ("an access token cannot refresh", "401 token_not_valid", verdict(as_refresh)),
    )


@step(
    "Let die: the refresh token's end",
)
def let_die(guide: Guide) -> None:
    if not guide.server.clock:
        return guide.say(
            f"Skipped: we really wait, and this takes {in_words(REFRESH_LIFETIME)}. Without "
            "--real-time the server's clock moves, and this step takes a moment."
        )
    guide.let_pass(REFRESH_LIFETIME)
    response = guide.ask("POST", guide.part.refresh, body={"refresh": guide.refresh})
    guide.say(
        "Even the newest refresh token has an exp. It has passed, and nothing is left to "
        "exchange: the user has to log in again, with username and password."
    )
    guide.check(("an expired refresh token is refused", "401 token_not_valid", verdict(response)))


@step(
    "Log out: the refresh token goes on the blacklist",
    needs="has_blacklist",
)
def log_out(guide: Guide) -> None:
    guide.access, guide.refresh = guide.log_in()
    guide.say(
        "We have logged in again, and now we log out. The access token says who is asking, the "
        "refresh token in the body says which session should end:"
    )
    body = {"refresh": guide.refresh}
    response = guide.ask("POST", guide.part.logout, token=guide.access, body=body)
    again = guide.ask("POST", guide.part.logout, token=guide.access, body=body)
    reasons = content(again).get("refresh") or ["no reason"]
    guide.check(
        ("logging out works", 204, response.status_code),
        (
            "a second time is refused, and why",
            "400, Token is blacklisted",
            f"{again.status_code}, {reasons[0]}",
        ),
    )
    refused = guide.ask("POST", guide.part.refresh, body=body)
    guide.check(("nothing can be refreshed with it", "401 token_not_valid", verdict(refused)))

    left = guide.seconds_left()
    still = guide.ask("GET", guide.part.protected, token=guide.access)
    guide.say(
        "And this is what logging out cannot do: the access token still opens the door. Nobody "
        "looks it up in a list: a valid signature and exp are all it takes, and its exp is "
        f"{in_words(max(0, left))} ahead. A client throws it away; a copy of it keeps working."
    )
    guide.check(("the access token still works", 200, still.status_code))
    guide.outlive_access()
    late = guide.ask("GET", guide.part.protected, token=guide.access)
    guide.check(("until its exp: now the logout is complete", "401 token_not_valid", verdict(late)))


@step(
    "Log out everywhere: every session at once",
    needs="has_blacklist",
)
def log_out_everywhere(guide: Guide) -> None:
    (phone, refresh_phone), (_laptop, refresh_laptop) = guide.log_in(), guide.log_in()
    guide.say(
        "We have logged in twice, on a phone and on a laptop. The phone knows nothing about the "
        "laptop's tokens, and sends only its own access token:"
    )
    response = guide.ask("POST", guide.part.logout_all, token=phone)
    here = guide.ask("POST", guide.part.refresh, body={"refresh": refresh_phone})
    there = guide.ask("POST", guide.part.refresh, body={"refresh": refresh_laptop})
    guide.say(
        "Both sessions are over, because the server keeps a list of every refresh token that it "
        "issues. That is the price of a blacklist: a database query at every refresh and logout, "
        "but at no other request. Both access tokens live on, again until their exp."
    )
    guide.check(
        ("logging out everywhere works", 204, response.status_code),
        ("the phone can no longer refresh", "401 token_not_valid", verdict(here)),
        ("neither can the laptop", "401 token_not_valid", verdict(there)),
    )


@step(
    "Steal: two hold the same refresh token",
    needs="has_sessions",
)
def steal(guide: Guide) -> None:
    path = guide.part.refresh
    _, copied = guide.log_in()
    thief: dict[str, str] = {"refresh": copied}
    for _ in range(2):
        thief = content(guide.send("POST", path, body={"refresh": thief.get("refresh", "")}))
    guide.say(
        "We have logged in again, and a thief has copied the refresh token. The thief has "
        "refreshed twice, and nobody has noticed. Now the owner's access token expires, and the "
        "owner refreshes with the token that was copied:"
    )
    owner = guide.ask("POST", path, body={"refresh": copied})
    guide.say(
        "That token has been exchanged: two have held it, and the server cannot tell which of them "
        "this is. So it ends their session (RFC 9700, section 4.14.2), and the thief's new tokens "
        "die with it. The access token too, at once:"
    )
    use = guide.ask("GET", guide.part.protected, token=thief.get("access", ""))
    again = guide.send("POST", path, body={"refresh": thief.get("refresh", "")})
    guide.check(
        ("the token that comes back is noticed", "401 token_reused", verdict(owner)),
        ("the thief's access token is refused", "401 session_ended", verdict(use)),
        ("and so is the thief's refresh token", "401 session_ended", verdict(again)),
    )


@step(
    "Devices: a session is ended from another one",
    needs="has_sessions",
)
def devices(guide: Guide) -> None:
    (phone, _), (laptop, _) = guide.log_in(), guide.log_in()
    guide.say("We have logged in on a phone and a laptop. The laptop asks where we are logged in:")
    listed = guide.ask("GET", guide.part.sessions, token=laptop)
    lost = str(tokens.decode(phone)[1].get("sid"))
    found = any(one.get("pk") == lost for one in content(listed).get("results", []))
    guide.say(
        "One row for each login: when, with which client, from which IP address, and why it ended. "
        "There is no token in it. The claim sid of our phone's tokens names its session. We end it:"
    )
    ended = guide.ask("DELETE", f"{guide.part.sessions}{lost}/", token=laptop)
    there = guide.ask("GET", guide.part.protected, token=phone)
    here = guide.ask("GET", guide.part.protected, token=laptop)
    guide.check(
        ("the phone is in the list", True, found),
        ("its session is ended", 204, ended.status_code),
        ("the phone is out at once", "401 session_ended", verdict(there)),
        ("the laptop is not", 200, here.status_code),
    )


@step(
    "Log out: the session ends, and both tokens with it",
    needs="has_sessions",
)
def end_session(guide: Guide) -> None:
    access, refresh_token = guide.log_in()
    guide.say("We have logged in again, and log out. The access token says which session to end:")
    response = guide.ask("POST", guide.part.logout, token=access)
    late = guide.ask("GET", guide.part.protected, token=access)
    refused = guide.send("POST", guide.part.refresh, body={"refresh": refresh_token})
    guide.say(
        "Both, and at once. The price: every request reads its session. Part "
        f"{BLACKLIST.number} did not, and had to leave the access token five minutes."
    )
    guide.check(
        ("logging out works", 204, response.status_code),
        ("the access token is refused", "401 session_ended", verdict(late)),
        ("and so is the refresh token", "401 session_ended", verdict(refused)),
    )

"""A matrix of forged and of odd tokens, at every endpoint that takes one."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time

import pytest

from tutorial.ladder import first

from .target import Finding

# Public, and what a part signs with as long as nobody gives it another key.
KEY = re.search(
    r'"(django-insecure-[^"]+)"',
    (first("has_tokens").path / "medium/settings.py").read_text(encoding="utf-8"),
)[1]
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def encode(raw):
    """base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(segment):
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def forge(header, payload, key=KEY, signed_as="HS256"):
    """Return a token of any header and payload: of bytes, text, or what JSON can hold."""
    raw = [
        each if isinstance(each, bytes) else as_json(each).encode() for each in (header, payload)
    ]
    message = ".".join(map(encode, raw))
    made = hmac.new(key.encode(), message.encode(), HASHES[signed_as]).digest()
    return f"{message}.{encode(made)}"


def as_json(value):
    return value if isinstance(value, str) else json.dumps(value)


HS256 = {"alg": "HS256", "typ": "JWT"}
NESTED = "[" * 20_000


def forged(good):
    """Tokens that somebody without the key can make of a good one. None may pass anywhere."""
    header, payload, signature = good.split(".")
    claims = decode(payload)
    yield (
        "another key",
        forge(HS256, claims, key="another key, which is as long as the true one is"),
    )
    yield "an empty key", forge(HS256, claims, key="")
    for alg in ("none", "None", "NONE", "nOnE", "", " none", None, 0, [], {}, ["HS256"], "HS1"):
        nothing = {"alg": alg, "typ": "JWT"}
        yield f"alg {alg!r}, unsigned", forge(nothing, claims).rpartition(".")[0] + "."
        yield f"alg {alg!r}, signed by another key", forge(nothing, claims, key="x" * 40)
    for alg in ("RS256", "ES256", "PS256", "EdDSA", "HS384", "HS512", "HS256 ", "hs256"):
        yield f"alg {alg}, with the other's signature", forge({"alg": alg}, claims, key="x" * 40)
        yield (
            f"alg {alg}, with the good signature",
            f"{encode(as_json({'alg': alg}).encode())}.{payload}.{signature}",
        )
    for name in ("kid", "jku", "jwk", "x5u", "x5c", "crit", "zip", "b64"):
        for value in (
            "../../dev/null",
            "http://127.0.0.1:9/keys",
            True,
            [name],
            {"kty": "oct", "k": ""},
        ):
            yield f"{name}: {value!r}", forge(HS256 | {name: value}, claims, key="")
    for what, text in {
        "no JSON": "{",
        "a list": "[]",
        "a number": "1",
        "a text": '"x"',
        "null": "null",
        "nothing": "",
        "nested deep": NESTED,
        "twice the alg": '{"alg": "none", "alg": "HS256"}',
        "utf-16": '{"alg": "HS256"}'.encode("utf-16"),
        "no text": b"\xff\xfe\x00",
        "half a character": '{"alg": "\\ud800"}',
    }.items():
        yield f"{what} as header", forge(text, claims, key="x" * 40)
        yield f"{what} as payload", forge(HS256, text, key="x" * 40)
    for name, value in {"user_id": "2", "username": "admin", "exp": claims["exp"] + 999}.items():
        changed = encode(as_json(claims | {name: value}).encode())
        yield f"{name} changed", f"{header}.{changed}.{signature}"
    for place, segment in enumerate((header, payload, signature)):
        name = ("header", "payload", "signature")[place]
        for what, other in {
            "cut": segment[:-3],
            "missing": "",
            "longer": segment + "A",
            "padded": segment + "==",
            "with a space": segment[:5] + " " + segment[5:],
            "with another letter": segment[:5] + ("A" if segment[5] != "A" else "B") + segment[6:],
            "of another alphabet": segment[:5] + "+/" + segment[7:],
            "not of ASCII": segment[:5] + "é" + segment[5:],
            "huge": segment + "A" * 30_000,
        }.items():
            three = [header, payload, signature]
            three[place] = other
            yield f"{name} {what}", ".".join(three)
    for what, text in {
        "one segment": header,
        "two segments": f"{header}.{payload}",
        "four segments": f"{good}.x",
        "five segments": f"{good}.x.y",
        "dots": "..",
        "many dots": "." * 20_000,
        "nothing": "",
        "NUL": "a\x00b.c.d",
        "a number": "1",
        "unicode": "é.ü.ß",
        "an emoji": "🏳️.x.y",
    }.items():
        yield what, text


def signed_oddly(claims):
    """Tokens that only the holder of the key can make, with claims that no server issues."""
    for name, values in {
        "user_id": [
            "x",
            "",
            [],
            {},
            None,
            True,
            1.5,
            -1,
            0,
            10**30,
            "1 ",
            "1.0",
            "\x00",
            "x" * 9999,
        ],
        "exp": ["text", "", None, [], {}, 10**12, 10**30, -1, 0, 1.5, "1e400", True],
        "nbf": [time.time() + 9999, "text", [], None, 10**30],
        "iat": [time.time() + 9999, "text", [], None, 10**30],
        "jti": [None, "", [], {}, 1, "x" * 9999, "\x00"],
        "token_type": [None, "", [], {}, 1, "sliding", "Access", "\x00"],
        "hash_password": [None, "", [], {}, 1, "0" * 32],
        "username": [None, [], "x" * 9999, "\x00"],
        "sid": ["x", "", [], {}, None, 1, 1.5, "0" * 32, "\x00", "x" * 9999],
        "aud": ["elsewhere", [], 1],
        "iss": ["elsewhere", [], 1],
    }.items():
        if name in claims:
            yield f"{name}: missing", {key: value for key, value in claims.items() if key != name}
        for value in values:
            yield f"{name}: {value!r:.12}", claims | {name: value}
    for what, payload in {
        "a list": [],
        "a text": "x",
        "a number": 1,
        "null": None,
        "empty": {},
    }.items():
        yield f"all: {what}", payload
    for text in ('"exp": 1e400', '"exp": NaN', '"user_id": 1e400', '"exp": ' + "9" * 5000):
        yield text.replace('"', "")[:20], as_json(claims)[:-1] + f", {text}}}"


@pytest.fixture
def pair(target):
    return target.log_in("demo").json()


def at_every_door(target, pair, token):
    """Send the token wherever one is taken; return each place, and its status."""
    part, text = target.part, token.encode("utf-8", "surrogatepass").decode("latin-1")
    if "\x00" not in token and token == token.strip() and "\n" not in token:
        bearer = {"Authorization": f"Bearer {text}".encode("latin-1")}
        yield "the API", target.send("GET", part.protected, headers=bearer).status_code
        yield "an open page", target.send("GET", part.products, headers=bearer).status_code
        if part.logout_all:
            yield "logout_all", target.send("POST", part.logout_all, headers=bearer).status_code
    refresh = target.send("POST", part.refresh, json={"refresh": token})
    yield "refresh", refresh.status_code
    yield (
        "refresh, as a form",
        target.send("POST", part.refresh, data={"refresh": token}).status_code,
    )
    if part.logout:
        mine = {"Authorization": f"Bearer {pair['access']}"}
        body = {"refresh": token}
        yield "logout", target.send("POST", part.logout, headers=mine, json=body).status_code


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_no_forged_token_passes(target, pair, kind):
    """Nor does one raise an error: it is refused, at every door."""
    for what, token in forged(pair[kind]):
        for door, status in at_every_door(target, pair, token):
            assert status in {400, 401}, f"{what}, at {door}: {status}"


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_odd_claims_under_a_good_signature(target, pair, kind):
    """Only the holder of the key can make them. A part that checks claims refuses them too."""
    claims = decode(pair[kind].split(".")[1])
    findings = {}
    for what, payload in signed_oddly(claims):
        if target.part.has_sessions:
            # An odd token may be good enough to end a session: each comes from one of its own.
            pair = target.log_in("demo").json()
            fresh = decode(pair[kind].split(".")[1])
            if isinstance(payload, dict):
                payload |= {
                    name: fresh[name] for name in fresh if payload.get(name) == claims[name]
                }
        elif isinstance(payload, dict) and payload.get("jti") == claims["jti"]:
            payload["jti"] = secrets.token_hex(16)
        try:
            for _ in at_every_door(target, pair, forge(HS256, payload)):
                pass
        except Finding as finding:
            findings[what] = finding
    if target.part.checks_claims:
        assert not findings, "\n".join(map(str, findings.values()))
        return
    claims_open = {what.partition(":")[0] for what in findings}
    assert claims_open == left_open(target.part, kind), "\n".join(map(str, findings.values()))


def left_open(part, kind):
    """The claims that raise when they are odd, until a part checks what its own key has signed."""
    copied = {"iss"} if kind == "refresh" else set()  # to the next token, where it has to be text
    looked_up = {"jti", "all"} if part.has_blacklist else set()
    return {"user_id", "exp"} | copied | looked_up


def test_the_wrong_one_of_a_pair(target):
    pair = target.log_in("demo").json()
    doors = dict(at_every_door(target, pair, pair["refresh"]))
    assert doors["the API"] == doors["an open page"] == 401
    other = target.log_in("demo").json()
    doors = dict(at_every_door(target, other, pair["access"]))
    assert doors["refresh"] == 401 and doors.get("logout", 400) == 400


@pytest.mark.parametrize("body", [1, 1.5, True, None, [], ["x"], {}, {"refresh": "x"}])
def test_what_is_no_text_for_a_token(target, pair, body):
    assert target.send("POST", target.part.refresh, json={"refresh": body}).status_code in {
        400,
        401,
    }
    assert target.send("POST", target.part.refresh, json=body).status_code in {400, 401}


def test_the_header_around_a_good_token(target, pair):
    """The scheme in any case is right (RFC 9110, section 11.1); two words after it are not."""
    good = pair["access"]
    for header in (
        *(
            f"{scheme} {good}"
            for scheme in ("Bearer", "bearer", "BEARER", "bEaReR", "JWT", "Basic")
        ),
        *(
            f"Bearer  {good}",
            f"Bearer\t{good}",
            f"Bearer {good} x",
            f"Bearer{good}",
            f"Bearer,{good}",
        ),
        *(
            good,
            "Bearer",
            "Bearer ",
            "Bearer Bearer",
            "",
            " ",
            ",",
            "é",
            f"Bearer é{good}",
            "Token x",
        ),
        *(
            f"Bearer {good}, Bearer {good}",
            f'Bearer token="{good}"',
            "Basic " + "é" * 99,
            "x" * 20_000,
        ),
    ):
        sent = {"Authorization": header.strip().encode("latin-1")}
        status = target.send("GET", target.part.protected, headers=sent).status_code
        assert status in {200, 401}, f"{header[:30]}: {status}"
        if status == 200:
            scheme, token = header.split()
            assert scheme.lower() == "bearer" and token == good

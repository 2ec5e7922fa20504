"""Every kind of input, by hypothesis: lengths, numbers, pictures, spellings, encodings, headers."""

import json
import secrets
from contextlib import suppress
from encodings.aliases import aliases
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tutorial.running.environment import UPLOADS

from .shapes import HALVES, NAMES, NUMBERS, ODD_TEXTS, TROUBLE, files, numbers, picture, texts
from .target import VISITORS

HTML_OR_JSON = [{"Accept": kind} for kind in ("application/json", "text/html")]
# Django's views for development raise for a name that the file system cannot have; they are not
# there when DEBUG is off.
DEVELOPMENT = ["/media/", "/static/"]
LONGEST_NAME = 60  # characters, of four bytes at the most
LONGEST_LINE = 40_000  # bytes; the server itself refuses a longer one
CODECS = sorted({*aliases.values(), "undefined", "no-such-codec", "utf-8;charset=idna", "", "\xff"})
HEADERS = (
    *("Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Host", "Origin"),
    *(
        "If-Modified-Since",
        "Range",
        "Referer",
        "X-CSRFToken",
        "X-Forwarded-For",
        "X-Requested-With",
    ),
    *("Access-Control-Request-Method", "Content-Encoding", "Forwarded", "X-HTTP-Method-Override"),
)

visitors = st.sampled_from(list(VISITORS))
accepts = st.sampled_from(HTML_OR_JSON)


def operations(schema, *methods):
    """The schema's operations: method, path with a pk in it, and the names of its fields."""
    found = []
    for path, by_method in sorted(schema["paths"].items()):
        for method, operation in sorted(by_method.items()):
            if method in methods:
                fields = [each["name"] for each in operation.get("parameters", [])]
                found.append((method.upper(), path, fields, body_fields(schema, operation)))
    return found


def body_fields(schema, operation):
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        name = media["schema"]["$ref"].rpartition("/")[2]
        return schema["components"]["schemas"][name]["properties"]
    return {}


def a_pk(target, path):
    """Put a pk into the path that belongs to something there: a row, or a member's own."""
    return path.replace("{id}", "1")


@given(st.data())
def test_texts_in_a_url(target, schema, data):
    """Names of parameters that mean something, and one that does not, with every kind of text."""
    method, path, names, _ = data.draw(st.sampled_from(operations(schema, "get")))
    name = data.draw(st.sampled_from([*names, "search", "ordering", "page", "format", "x"]))
    text = data.draw(texts() | st.sampled_from(NUMBERS))
    query = f"{quote(name)}={quote(text)}"[:LONGEST_LINE].rstrip("%")
    by, headers = data.draw(visitors), data.draw(accepts)
    target.send(method, f"{a_pk(target, path)}?{query}", by=by, headers=headers)


def test_trouble_in_a_url(target, schema):
    """What was trouble once, at every place that there is, as JSON and as a page."""
    for method, path, names, _ in operations(schema, "get"):
        for name in {*names, "search", "ordering", "page"}:
            for text in TROUBLE:
                query = f"{quote(name)}={quote(text)}"[:LONGEST_LINE].rstrip("%")
                for headers in HTML_OR_JSON:
                    url = f"{a_pk(target, path)}?{query}"
                    target.send(method, url, by="member", headers=headers)


def test_trouble_in_a_body(target, schema):
    """The same in every field."""
    as_json = {"Content-Type": "application/json"}
    for method, path, _, fields in operations(schema, "post", "put", "patch"):
        for field in fields:
            for literal in [*map(json.dumps, TROUBLE), *NUMBERS]:
                body = with_literal({name: good_value(name) for name in fields}, field, literal)
                target.send(method, a_pk(target, path), by="staff", headers=as_json, data=body)


def with_literal(values, field, literal):
    """Return these values as JSON, with one of them as it is written."""
    others = {name: value for name, value in values.items() if name != field}
    head = json.dumps(others)[:-1] + (", " if others else "")
    return f"{head}{json.dumps(field)}: {literal}}}".encode()


@given(st.data())
def test_texts_in_a_path(target, schema, data):
    """In place of a pk, and below the folders of files."""
    roots = {path.partition("{")[0] for path in schema["paths"]}
    root = data.draw(st.sampled_from(sorted({*roots, *DEVELOPMENT, "/admin/", "/"})))
    text = data.draw(texts() | numbers())
    if root in DEVELOPMENT:
        text = text[:LONGEST_NAME]
    slash = data.draw(st.sampled_from(["", "/", ".json"]))
    path = root + quote(text, safe=data.draw(st.sampled_from(["", "/", "/.~%"])))[:LONGEST_LINE]
    target.send("GET", path + slash, by=data.draw(visitors), headers=data.draw(accepts))


@given(st.data())
def test_texts_and_numbers_in_a_body(target, schema, data):
    """One field after the other, as JSON and as a form, the others being as they should."""
    method, path, _, fields = data.draw(
        st.sampled_from([each for each in operations(schema, "post", "put", "patch") if each[3]])
    )
    field = data.draw(st.sampled_from(sorted(fields)))
    body = {name: good_value(name) for name in fields}
    by, headers = data.draw(visitors), data.draw(accepts)
    if data.draw(st.booleans()):
        body[field] = data.draw(texts())
        options = {"files": {}} if data.draw(st.booleans()) else {}
        options["data"] = {name: value for name, value in body.items() if value is not None}
    else:
        literal = data.draw(
            numbers() | (texts() | st.sampled_from(HALVES)).map(json.dumps) | st.just("[" * 5000)
        )
        options = {"data": with_literal(body, field, literal)}
        headers = headers | {"Content-Type": "application/json"}
    target.send(method, a_pk(target, path), by=by, headers=headers, **options)


def good_value(name):
    """A value that its field would take."""
    known = {
        "email": f"{secrets.token_hex(8)}@example.com",
        "image": None,
        "product": 1,
        "password": "battery staple, of course",
        "password2": "battery staple, of course",
        "old_password": "not the old one",
    }
    return known.get(name, secrets.token_hex(8))


@given(st.data())
def test_headers(target, data):
    """Of requests that a stranger can send; the library that sends them takes no line's end."""
    name = data.draw(st.sampled_from(HEADERS))
    printable = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=200)
    value = data.draw(
        st.sampled_from([text.encode("utf-8").decode("latin-1") for text in ODD_TEXTS])
        | printable
        | st.sampled_from(
            ["http://[", "http://[::1", "null", "http://\u00e9", "//", "data:,", "-1"]
        )
        | st.integers(0, LONGEST_LINE).map(lambda length: "a," * (length // 2))
    )
    value = value.replace("\r", " ").replace("\n", " ").strip()
    method = data.draw(st.sampled_from(["GET", "OPTIONS"]))
    path = data.draw(
        st.sampled_from([target.part.products, target.part.protected, "/admin/login/"])
    )
    sent = value.encode("latin-1")
    if name == "Host":  # which requests reads itself: as text, and without brackets
        sent = value.encode("ascii", "ignore").decode().replace("[", "").replace("]", "")
    target.send(method, path, headers={name: sent})


BODIES = {
    "application/x-www-form-urlencoded": "username=é%FF&password=ü&name=é".encode(),
    "application/json": '{"username": "é", "password": "ü", "name": "é"}'.encode(),
    "multipart/form-data; boundary=x": (
        '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\né\r\n'
        '--x\r\nContent-Disposition: form-data; name="image"; filename="é.png"\r\n\r\né\r\n'
        "--x--\r\n"
    ).encode(),
}


@pytest.mark.parametrize("kind", BODIES)
def test_encodings(target, kind):
    """Every codec that Python knows, and some that nobody does, where the parsers are asked."""
    for codec in CODECS:
        for body in (BODIES[kind], BODIES[kind].decode().encode("utf-16")):
            for path in (target.part.login, target.part.protected):
                content_type = f"{kind}; charset={codec}".encode("latin-1")
                headers = {"Content-Type": content_type}
                target.send("POST", path, by="staff", headers=headers, data=body)


# Pictures


def uploads(target):
    return {path for path in (target.server.state / UPLOADS).rglob("*") if path.is_file()}


@given(content=files(), name=st.sampled_from(NAMES), method=st.sampled_from(["POST", "PUT"]))
@example(content=picture(801, 2), name="picture.png", method="POST")
@example(content=picture(401, 1), name="picture.png", method="PUT")
@example(content=picture(2000, 2), name="picture.png", method="POST")
@example(content=picture(500, 20480), name="picture.png", method="POST")
@example(content=picture(1, 12_000_000, mode="1"), name="picture.png", method="POST")
def test_pictures_through_the_api(target, content, name, method):
    """It is taken or refused; what is refused leaves no file, and what is replaced neither."""
    images = target.part.protected
    first = upload(target, "POST", images, picture(60, 60), "first.png").json()
    before = uploads(target)
    path = images if method == "POST" else f"{images}{first['pk']}/"
    response = upload(target, method, path, content, name)
    assert response.status_code in {200, 201, 400}, response.text
    if response.status_code == 400:
        assert uploads(target) == before
    for pk in {first["pk"], response.json().get("pk", first["pk"])}:
        assert target.send("DELETE", f"{images}{pk}/", by="staff").status_code == 204
    assert not uploads(target) & before - uploads_at_first(target)


def uploads_at_first(target):
    """The files of the demo data, which nothing here deletes."""
    results = target.send("GET", f"{target.part.protected}?page=1", by="staff").json()["results"]
    stems = {each["image"].rpartition("/")[2].rpartition(".")[0] for each in results}
    return {path for path in uploads(target) if any(stem in str(path) for stem in stems)}


def upload(target, method, path, content, name):
    file = {"image": (name, content, "application/octet-stream")}
    return target.send(method, path, by="staff", data={"name": "A picture"}, files=file)


@given(content=files(), name=st.sampled_from(NAMES))
@example(content=picture(801, 2), name="picture.png")
@example(content=picture(500, 20480), name="picture.png")
def test_pictures_through_the_admin(target, admin, content, name):
    """The same in the admin: the form again, or the picture."""
    before = uploads(target)
    path = "/admin/reviews/image/add/"
    file = {"image": (name, content, "application/octet-stream")}
    response = target.send("POST", path, data=admin | {"name": "A picture"}, files=file)
    assert response.status_code in {200, 302}, response.text
    if response.status_code == 200:
        assert uploads(target) == before


@pytest.fixture(scope="module")
def admin(target):
    """What a form of the admin takes beside its own fields; the session is logged in."""
    from tutorial.running.server import PASSWORD

    target.session.cookies.clear()
    target.send("GET", "/admin/login/")

    def token():
        return {"csrfmiddlewaretoken": target.session.cookies["csrftoken"]}

    data = token() | {"username": "admin", "password": PASSWORD, "next": "/admin/"}
    assert target.send("POST", "/admin/login/", data=data).status_code == 302
    yield token()
    target.session.cookies.clear()


@given(st.data())
def test_the_admins_login(target, data):
    """It is open to strangers."""
    with suppress(KeyError):
        target.session.cookies.clear()
    target.send("GET", "/admin/login/")
    form = {
        "csrfmiddlewaretoken": target.session.cookies["csrftoken"],
        "username": data.draw(texts()),
        "password": data.draw(texts()),
        "next": data.draw(texts()),
    }
    target.send("POST", "/admin/login/", data=form)
    target.session.cookies.clear()


# Spellings

REGISTER = "/auth/register/"


@pytest.fixture
def register(target, schema):
    """Register with these values, and return the response."""
    if REGISTER not in schema["paths"]:
        pytest.skip(f"Part {target.part.number} knows no registration yet.")

    def send(**values):
        return target.send("POST", REGISTER, json=values)

    return send


def unusual(minimum=0):
    """Texts as people type them, in many ways to write the same."""
    letters = st.sampled_from(
        [*"aBc é\u0301ﷺ𝒳İıßＡａ１②ﬁ½\u200b\u00a0\u3000\tℌ가각\u1100\u1161日𝟙'\"<>&@.+-_"]
    )
    return st.text(letters | st.characters(), min_size=minimum, max_size=160) | st.sampled_from(
        ODD_TEXTS
    )


@given(name=unusual(1), password=unusual(8), data=st.data())
@example(name="ａｄａ", password=" battery staple ", data=None)
@example(name="e\u0301ric", password="battery staple", data=None)
@example(name="ﷺ" * 150, password="battery staple", data=None)
@example(name="\u00a0ada\u3000", password="\u00a0battery staple\u3000", data=None)
def test_who_has_registered_can_log_in(target, register, name, password, data):
    """With exactly what was typed, and nobody else gets the same name, however it is written."""
    unique = secrets.token_hex(4)
    values = {
        "username": unique + name,
        "email": f"{unique}@example.com",
        "password": password,
        "password2": password,
    }
    response = register(**values)
    assert response.status_code in {201, 400}, response.text
    if response.status_code == 400:
        return
    login = target.log_in(values["username"], password)
    assert login.status_code == 200, (values, login.text)
    stored = response.json()["username"]
    assert len(stored) <= 150
    assert target.log_in(stored, password).status_code == 200
    for spelling in (values["username"], stored):
        again = register(**values | {"username": spelling, "email": f"{unique}x@example.com"})
        assert again.status_code == 400 and list(again.json()) == ["username"], again.text
    if password.strip() != password:
        assert target.log_in(values["username"], password.strip()).status_code == 401


@given(local=unusual(1), domain=unusual(1), change=st.sampled_from(["upper", "lower", "title"]))
@example(local="x", domain="bücher.example", change="upper")
def test_an_email_belongs_to_one_account(target, register, local, domain, change):
    """However its letters are written; the refusal is at the e-mail."""
    unique = secrets.token_hex(4)
    values = {
        "username": unique,
        "email": f"{unique}{local}@{domain}",
        "password": "battery staple, of course",
        "password2": "battery staple, of course",
    }
    response = register(**values)
    assert response.status_code in {201, 400}, response.text
    if response.status_code == 400:
        return
    other = getattr(values["email"], change)()
    again = register(**values | {"username": f"{unique}x", "email": other})
    assert again.status_code in {201, 400}, again.text
    if again.status_code == 400:
        assert list(again.json()) == ["email"], again.text
    elif other != values["email"]:
        stored, also = response.json()["email"], again.json()["email"]
        assert stored.casefold() != also.casefold(), (stored, also)
    else:
        pytest.fail(f"{other} has two accounts")


CHANGE = "/auth/change_password/{id}/"


@given(old=unusual(8), new=unusual(8))
@example(old=" battery staple", new="battery staple ")
def test_a_password_is_changed_to_what_was_typed(target, schema, register, old, new):
    """And the old one is as it was typed, too."""
    if CHANGE not in schema["paths"]:
        pytest.skip(f"Part {target.part.number} changes no passwords yet.")
    unique = secrets.token_hex(4)
    values = {"username": unique, "email": f"{unique}@example.com"}
    response = register(**values, password=old, password2=old)
    assume(response.status_code == 201)
    login = target.log_in(unique, old)
    assert login.status_code == 200, login.text
    header = {"Authorization": f"Bearer {login.json()['access']}"}
    path = CHANGE.replace("{id}", str(response.json()["pk"]))
    body = {"old_password": old, "password": new, "password2": new}
    changed = target.send("PUT", path, headers=header, json=body)
    assert changed.status_code in {200, 400}, changed.text
    good = new if changed.status_code == 200 else old
    assert target.log_in(unique, good).status_code == 200

"""The tables of the reference: endpoints against real servers, settings against the code."""

import json
import re
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import requests

from tutorial import tokens
from tutorial.ladder import LADDER, ROOT, Part, find
from tutorial.ladder_check import (
    as_in_the_urlconf,
    environment_variables,
    explained_settings,
    explained_variables,
    first_parts,
    paths,
)
from tutorial.running.server import PASSWORD, serve

PAGE = ROOT / "docs" / "reference" / "endpoints.md"
SETTINGS = PAGE.with_name("settings.md")
PICTURE = find(5).path / "reviews" / "fixtures" / "pictures" / "kite.png"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CLIENTS = ("stranger", "member", "staff")
COMMENTS = "/comment/"
NO_API = ("/admin/", "/media/")  # no views of REST framework: they know no 405


# The page


@dataclass(frozen=True)
class Row:
    """A line of a table: a request, the parts it holds for, and what is said of its answer."""

    line: int
    first: int
    last: int
    method: str
    address: str
    body: str = ""
    statuses: tuple[int, ...] = ()
    fields: frozenset[str] | None = None

    @property
    def path(self) -> str:
        """The address as the URLconf has it: no query, ``<pk>`` for every number."""
        return as_in_the_urlconf(self.address)

    def holds_for(self, part: Part) -> bool:
        return self.first <= part.number <= self.last


def rows(text: str) -> list[Row]:
    """Read every table whose first column says for which parts a line holds."""
    found, head = [], None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if head is None:
            head = cells
        elif head[0] == "parts" and not set(line) <= set("|-"):
            found.append(row(number, dict(zip(head, cells, strict=True))))
    return found


def row(number: int, cells: dict[str, str]) -> Row:
    parts = re.fullmatch(r"from (\d+)|(\d+) to (\d+)", cells["parts"])
    asked = re.fullmatch(r"`([A-Z]+) (/\S*|/.*>/)`", cells.get("request") or cells["response to"])
    assert parts and asked, f"{PAGE.name}:{number}: cannot be read: {cells}"
    first, last = int(parts[1] or parts[2]), int(parts[3] or LADDER[-1].number)
    more = (
        {"fields": frozenset(re.findall(r"`(\w+)`", cells["fields"]))}
        if "fields" in cells
        else {
            "body": cells["body"].strip("`"),
            "statuses": tuple(int(cells[client]) for client in CLIENTS),
        }
    )
    return Row(number, first, last, asked[1], asked[2], **more)


# The part


@dataclass
class Api:
    """A part's server with three clients, and data that every request finds the same."""

    part: Part
    url: str
    database: Path
    changed: bool = False  # since the data were kept
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    pages: dict[str, dict[str, str]] = field(default_factory=dict)  # the headers of a browser's
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def has_comments(self) -> bool:
        listed = rows(PAGE.read_text(encoding="utf-8"))
        return any(row.path == COMMENTS and row.holds_for(self.part) for row in listed)

    def prepare(self) -> None:
        """Log the clients in, give each of them something to own, and keep this state."""
        names = {"member": "demo", "staff": "admin"}
        for client, name in names.items():
            self.values[client] = {"password": PASSWORD, "pk": "1", "other pk": "1"}
            if not self.part.has_tokens:
                request = requests.Request("GET", self.url, auth=(name, PASSWORD)).prepare()
                self.headers[client] = {"Authorization": request.headers["Authorization"]}
            else:
                self.log_in(client, name)
        for one, other in (("member", "staff"), ("staff", "member")):
            self.values[one]["other's refresh"] = self.values[other].get("refresh", "")
            self.values[one]["other session"] = self.values[other].get("session", "")
        self.headers["stranger"], self.values["stranger"] = {}, self.values["member"]
        if self.part.has_browser:
            self.pages["stranger"] = {"Origin": "http://localhost:3000"}
            for client, name in names.items():
                self.pages[client] = self.log_in_with_a_page(name)
        if self.part.protected:
            # Another one than <pk>: with an image its file is deleted, and that is not kept.
            image = self.send(
                "GET", f"{self.part.protected}2/", headers=self.headers["member"]
            ).json()["image"]
            for values in self.values.values():
                values["path"] = image.partition("/media/")[2]
        with self.both_databases() as (ours, kept):
            ours.backup(kept)

    def log_in(self, client: str, name: str) -> None:
        values, headers = self.values[client], {}
        pair = self.log_in_as(name)
        values["exchanged refresh"] = pair["refresh"]
        pair = self.send("POST", self.part.refresh, json={"refresh": pair["refresh"]}).json()
        headers["Authorization"] = f"Bearer {pair['access']}"
        claims = tokens.decode(pair["access"])[1]
        values |= pair | {"user": str(claims["user_id"]), "session": claims.get("sid", "")}
        if self.has_comments:
            comment = {"title": "Mine", "content": "It flies.", "product": 1}
            values["comment"] = str(
                self.send("POST", COMMENTS, json=comment, headers=headers).json()["pk"]
            )
        self.headers[client] = headers

    def log_in_as(self, name: str) -> dict[str, str]:
        return self.send(
            "POST", self.part.login, json={"username": name, "password": PASSWORD}
        ).json()

    def log_in_with_a_page(self, name: str) -> dict[str, str]:
        data, headers = {"username": name, "password": PASSWORD}, self.pages["stranger"]
        answer = self.send("POST", f"{self.part.browser}login/", json=data, headers=headers)
        access = {"Authorization": f"Bearer {answer.json()['access']}"}
        # By hand: the cookie is Secure, and this server is for one computer alone.
        return {**headers, **access, "Cookie": answer.headers["Set-Cookie"].partition(";")[0]}

    @contextmanager
    def both_databases(self):
        paths = self.database, self.database.with_suffix(".kept")
        with closing(sqlite3.connect(paths[0])) as ours, closing(sqlite3.connect(paths[1])) as kept:
            ours.execute("PRAGMA synchronous = OFF")  # no power cut matters here
            yield ours, kept

    def send(self, method: str, path: str, **more) -> requests.Response:
        # A connection each: on one that is kept, every body waits for an acknowledgement.
        return requests.request(method, self.url + path, allow_redirects=False, timeout=60, **more)

    def ask(self, row: Row, client: str) -> requests.Response:
        """Send a line's request as this client, to the data as they were kept."""
        if self.changed:
            with self.both_databases() as (ours, kept):
                kept.backup(ours)
        self.changed = row.method != "GET"
        values = dict(self.values[client])
        values["own pk"] = values.get("comment" if row.path.startswith(COMMENTS) else "user", "")
        if self.part.has_sessions and row.path.startswith(self.part.sessions):
            values |= {"own pk": values["session"], "other pk": values["other session"]}

        def filled(text: str) -> str:
            return re.sub(r"<([^<>]+)>", lambda match: values[match[1]], text)

        body = filled(row.body)
        more = {}
        if body.startswith("{"):
            more["json"] = json.loads(body)
        elif body:
            name = re.fullmatch(r"name=(\w+), image=@kite\.png", body)[1]
            more = {"data": {"name": name}, "files": {"image": PICTURE.open("rb")}}
        of_page = self.part.has_browser and row.path.startswith(self.part.browser)
        headers = self.pages[client] if of_page else self.headers[client]
        return self.send(row.method, filled(row.address), headers=headers, **more)


@contextmanager
def running(part: Part, state: Path):
    # Every request finds an account whose password is checked: the real hasher takes its time.
    # And no throttle gets in between: every client sends every request of the page.
    quick = {"TUTORIAL_FAST_PASSWORDS": "1", "TUTORIAL_ATTEMPTS": "1000000"}
    with serve(part.path, keep=state, environment=quick) as server:
        api = Api(part, server.url, server.database)
        api.prepare()
        yield api


# The comparison


def wrong_statuses(api: Api, lines: list[Row]) -> list[str]:
    found = []
    for row in lines:
        for client, expected in zip(CLIENTS, row.statuses, strict=False):
            got = api.ask(row, client)
            if got.status_code != expected:
                found.append(
                    f"{PAGE.name}:{row.line}: part {api.part.number}, {row.method} {row.address} "
                    f"{row.body} as {client}: the page says {expected}, the server "
                    f"{got.status_code} {got.text[:200]}"
                )
    return found


def wrong_fields(api: Api, lines: list[Row], everything: list[Row]) -> list[str]:
    found = []
    for row in lines:
        if row.fields is None:
            continue
        asked = (
            r for r in everything if r.statuses and (r.method, r.path) == (row.method, row.path)
        )
        answer = api.ask(next(asked, row), "member")
        got = set(answer.json()) if "json" in answer.headers.get("Content-Type", "") else None
        if got != row.fields:
            found.append(
                f"{PAGE.name}:{row.line}: part {api.part.number}, {row.method} {row.address}: "
                f"the page says {sorted(row.fields)}, the server {answer.text[:200]}"
            )
    return found


def left_out(api: Api, lines: list[Row], known: set[str]) -> list[str]:
    """Addresses and methods that the part has and the page has not, or the other way round."""
    named = {row.path for row in lines}
    found = [f"part {api.part.number} has {path}, the page has not" for path in known - named]
    found += [f"the page has {path}, part {api.part.number} has not" for path in named - known]
    for path in sorted(named & known):
        if path.startswith(NO_API):
            continue
        address = next(row.address for row in lines if row.path == path).partition("?")[0]
        address = address.replace("other pk", "own pk").replace("4711", "<pk>")
        for method in METHODS:
            asked = Row(0, 1, 99, method, address)
            listed = any(row.method == method and row.path == path for row in lines)
            if not listed and (got := api.ask(asked, "staff")).status_code != 405:
                found.append(
                    f"part {api.part.number}: {method} {path} is {got.status_code}, "
                    "and not on the page"
                )
    return found


def differences(api: Api, text: str, known: set[str], *, than: str = "") -> list[str]:
    """Compare the page with the part; of its lines only those that another page has not."""
    everything = [row for row in rows(text) if row.holds_for(api.part)]
    others = {replace(row, line=0) for row in rows(than)}
    lines = [row for row in everything if replace(row, line=0) not in others]
    return [
        *wrong_statuses(api, lines),
        *wrong_fields(api, lines, everything),
        *left_out(api, everything, known),
    ]


@pytest.mark.parametrize("part", LADDER, ids=lambda part: part.slug)
def test_the_endpoints_are_those_of_the_part(part, tmp_path):
    with running(part, tmp_path) as api:
        found = differences(api, PAGE.read_text(encoding="utf-8"), paths(part))
    assert not found, "\n".join(found)


# It can fail

PLANTED = {
    "a wrong status": (
        "| from 9 | `DELETE /image/<pk>/` | | 401 | 403 |",
        "| from 9 | `DELETE /image/<pk>/` | | 401 | 204 |",
        "DELETE /image/<pk>/  as member: the page says 204, the server 403",
    ),
    "an exchanged token that is said to work": (
        '| from 10 | `POST /auth/login/refresh/` | `{"refresh": "<exchanged refresh>"}` | 401',
        '| from 10 | `POST /auth/login/refresh/` | `{"refresh": "<exchanged refresh>"}` | 200',
        "as stranger: the page says 200, the server 401",
    ),
    "an address that is left out": (
        "| from 10 | `POST /auth/logout_all/` | | 401 | 204 | 204 |\n",
        "",
        f"part {LADDER[-1]} has /auth/logout_all/, the page has not",
    ),
    "a method that is left out": (
        "| from 9 | `GET /comment/` | | 200 | 200 | 200 |\n",
        "",
        "GET /comment/ is 200, and not on the page",
    ),
    "an address of an earlier part": (
        "| 7 to 7 | `POST /token/` |",
        "| from 7 | `POST /token/` |",
        f"the page has /token/, part {LADDER[-1]} has not",
    ),
    "a missing field": (
        "`height`, `renditions` |",
        "`height` |",
        "GET /image/<pk>/: the page says",
    ),
}


def test_a_mistake_on_the_page_is_found(tmp_path):
    part, text = LADDER[-1], PAGE.read_text(encoding="utf-8")
    with running(part, tmp_path) as api:
        known = paths(part)
        for what, (old, new, said) in PLANTED.items():
            assert old in text, f"{what}: the page has changed, and has no {old}"
            found = differences(api, text.replace(old, new), known, than=text)
            assert any(said in one for one in found), f"{what} is not found: {found}"


# Settings


def test_the_settings_are_those_of_the_parts():
    expected = {name: part for name, part in first_parts().items() if name != "DATABASES"}
    text = SETTINGS.read_text(encoding="utf-8")
    assert explained_settings(text) == expected
    changed = text.replace("| `PAGE_SIZE` | 3 |", "| `PAGE_SIZE` | 4 |")
    assert explained_settings(changed) != expected


def test_the_environment_variables_are_those_of_the_parts():
    text = SETTINGS.read_text(encoding="utf-8")
    assert environment_variables(LADDER[-1]) == explained_variables(text)

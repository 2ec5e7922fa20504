"""A part under attack: a real server, who attacks it, and what is told of a finding.

Nothing that a client sends may be answered 500, reset the connection, or leave a traceback in the
server's log. Each finding comes with commands to paste, for a server that `tutorial serve` starts.
"""

import hashlib
import shlex
from typing import NoReturn

import requests

from tutorial.ladder import ROOT, Part
from tutorial.running.server import PASSWORD, Server

from .log import Log

VISITORS = {"stranger": "", "member": "demo", "staff": "admin"}
HERE = "http://127.0.0.1:8000"  # where `tutorial serve` serves
KEPT = ROOT / ".cache" / "fuzz"  # what no command line can hold
LONGEST_IN_A_COMMAND = 2000  # characters


class Finding(AssertionError):
    """A response, or a lack of one, that should not be: what it was, and how to see it again."""


class Target:
    """A part's server, and a session for each kind of visitor."""

    def __init__(self, part: Part, server: Server) -> None:
        self.part = part
        self.server = server
        assert server.log_path
        self.log = Log(server.log_path)
        self.tokens: dict[str, dict[str, str]] = {}
        self.session = requests.Session()
        self.session.trust_env = False

    def log_in(self, username: str, password: str = PASSWORD) -> requests.Response:
        return self.send("POST", self.part.login, json={"username": username, "password": password})

    def header(self, visitor: str) -> dict[str, str]:
        """Return what this visitor sends along with every request."""
        username = VISITORS[visitor]
        if not username:
            return {}
        if visitor not in self.tokens:
            self.tokens[visitor] = self.log_in(username).json()
        return {"Authorization": f"Bearer {self.tokens[visitor]['access']}"}

    def send(
        self,
        method: str,
        path: str,
        *,
        by: str = "stranger",
        headers: dict[str, str] | None = None,
        **options: object,
    ) -> requests.Response:
        """Send a request and judge what comes of it; return the response."""
        mine = self.header(by) if by != "stranger" else {}
        request = self.session.prepare_request(
            requests.Request(
                method, self.server.url + path, headers=mine | (headers or {}), **options
            )
        )
        try:
            response = self.session.send(request, timeout=60, allow_redirects=False)
        except requests.RequestException as error:
            self.tell(request, f"no response, {type(error).__name__}")
        self.judge(request, response.status_code)
        if response.status_code == 401:
            self.tokens.pop(by, None)  # their session may have ended: the next request logs in
        return response

    def judge(self, request: requests.PreparedRequest, status: int) -> None:
        """Fail, in words and with commands, when this response is a finding."""
        errors = self.log.new_faults()
        if status >= 500 or errors:
            self.tell(request, f"{status}, {' and '.join(errors)[:300]}")

    def tell(self, request: requests.PreparedRequest, what: str) -> NoReturn:
        path = request.path_url[:80]
        raise Finding(
            f"Part {self.part}: {request.method} {path}: {what}\n\n{self.commands(request)}\n"
        )

    def commands(self, request: requests.PreparedRequest) -> str:
        """Return the commands that send this request to a server of one's own."""
        lines = [f"tutorial serve {self.part.number}     # in another terminal"]
        command = ["curl", "-i", "-X", str(request.method)]
        url = str(request.url).replace(self.server.url, HERE, 1)
        for name, value in request.headers.items():
            value = value.decode("latin-1") if isinstance(value, bytes) else value
            if name in {"Accept-Encoding", "Connection", "Content-Length", "User-Agent"}:
                continue
            for visitor, tokens in self.tokens.items():
                if tokens["access"] in value:
                    lines.append(self.log_in_command(visitor))
                    value = value.replace(tokens["access"], "$TOKEN")
            if len(value) > LONGEST_IN_A_COMMAND:
                command += ["-H", f"@{kept(f'{name}: {value}'.encode(), 'header')}"]
            else:
                command += ["-H", f"{name}: {value}"]
        if request.body:
            command += ["--data-binary", as_data(request.body)]
        if len(url) > LONGEST_IN_A_COMMAND:  # curl reads it from a file
            command += ["-K", kept(f'url = "{url}"\n'.encode(), "curl")]
        else:
            command.append(url)
        words = [f'"{word}"' if "$TOKEN" in word else shlex.quote(word) for word in command]
        return "\n".join([*lines, " ".join(words)])

    def log_in_command(self, visitor: str) -> str:
        data = f"username={VISITORS[visitor]}&password={PASSWORD}"
        python = "import json, sys; print(json.load(sys.stdin)['access'])"
        return f'TOKEN=$(curl -s -d "{data}" {HERE}{self.part.login} | python3 -c "{python}")'


def as_data(body: bytes | str) -> str:
    """Return a body for curl's --data-binary: as it is, or the file that it was written to."""
    raw = body.encode() if isinstance(body, str) else body
    text = raw.decode("utf-8", "replace")
    if len(text) <= LONGEST_IN_A_COMMAND and text.isprintable() and not text.startswith("@"):
        return text
    return f"@{kept(raw, 'body')}"


def kept(raw: bytes, kind: str) -> str:
    """Write what no command line can hold to a file, and return its path from here."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{hashlib.sha256(raw).hexdigest()[:12]}.{kind}"
    path.write_bytes(raw)
    return path.relative_to(ROOT).as_posix()

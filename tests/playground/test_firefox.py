"""The same page in Firefox, by its own WebDriver BiDi: Playwright drives only builds of its own."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from tutorial.ladder import first

SLOW = 120  # seconds
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


class BiDi:
    """A session with a browser (w3.org/TR/webdriver-bidi)."""

    def __init__(self, url: str) -> None:
        self.socket = websocket.create_connection(
            f"{url}/session", timeout=SLOW, suppress_origin=True
        )
        self.numbers = itertools.count(1)
        self.do("session.new", capabilities={})
        (context,) = self.do("browsingContext.getTree")["contexts"]
        self.context = context["context"]

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]

    def evaluate(self, expression: str) -> Any:
        done = self.do(
            "script.evaluate",
            expression=expression,
            target={"context": self.context},
            awaitPromise=True,
        )
        assert done["type"] == "success", done
        return done["result"].get("value")


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[BiDi]:
    if not FIREFOX:
        pytest.skip("No Firefox found: install one (on Debian firefox-esr) to test it, too.")
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--remote-debugging-port=0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "MOZ_CRASHREPORTER_DISABLE": "1"},
    ) as process:
        try:
            assert process.stderr
            lines = iter(process.stderr.readline, "")
            url = next(found[1] for line in lines if (found := re.search(r"(ws://\S+)", line)))
            yield BiDi(url)
        finally:
            process.kill()


def test_a_token_expires(firefox: BiDi, host: str) -> None:
    part = first("has_tokens")
    url = f"{host}lab/?part={part.number}#expire"
    firefox.do("browsingContext.navigate", context=firefox.context, url=url, wait="complete")
    ended = time.monotonic() + SLOW
    text = ""
    while "There is more to ask" not in text and time.monotonic() < ended:
        text = firefox.evaluate("document.body.innerText")
        time.sleep(0.3)
    assert "Token is expired" in text, text[:1500]
    statuses = "[...document.querySelectorAll('#log .badge')].map(b => b.textContent).join()"
    assert re.findall(r"\d+", firefox.evaluate(statuses)) == ["401", "200", "200"]

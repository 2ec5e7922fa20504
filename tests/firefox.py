"""Firefox, by its own WebDriver BiDi: Playwright drives only builds of its own."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

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

    def visit(self, url: str) -> None:
        self.do("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def wait_for(self, expression: str) -> Any:
        """Return what this expression in the page is, as soon as it is true."""
        ended = time.monotonic() + SLOW
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < ended, (expression, self.evaluate("document.body.innerText"))
            time.sleep(0.2)
        return value


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[BiDi]:
    if not FIREFOX:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("No Firefox found: install one (on Debian firefox-esr) to test it, too.")
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

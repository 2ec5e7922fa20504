"""The same page in Firefox."""

from __future__ import annotations

import re

from tutorial.ladder import first

from ..firefox import BiDi


def test_a_token_expires(firefox: BiDi, host: str) -> None:
    firefox.visit(f"{host}lab/?part={first('has_tokens').number}#expire")
    text = "document.body.innerText"
    firefox.wait_for(f"{text}.includes('There is more to ask')")
    assert "Token is expired" in firefox.evaluate(text)
    statuses = "[...document.querySelectorAll('#log .badge')].map(b => b.textContent).join()"
    assert re.findall(r"\d+", firefox.evaluate(statuses)) == ["401", "200", "200"]

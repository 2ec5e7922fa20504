"""Whether Firefox keeps a cookie that is ``Secure`` for a server on this computer."""

from __future__ import annotations

import json

import pytest

from tutorial.running.server import PASSWORD

from ..firefox import BiDi
from .conftest import Site

SHOWN = "document.querySelector('#member')?.checkVisibility()"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_reload_keeps_the_login(firefox: BiDi, shop: Site, name: str) -> None:
    firefox.visit(shop.url.replace("localhost", name))
    firefox.wait_for("document.querySelector('#products > li')")
    firefox.evaluate(f"""
        document.querySelector("[autocomplete=username]").value = "demo";
        document.querySelector("[autocomplete=current-password]").value = {json.dumps(PASSWORD)};
        document.querySelector("#login button").click();
    """)
    firefox.wait_for(SHOWN)
    for _ in range(2):
        firefox.visit(shop.url.replace("localhost", name))
        firefox.wait_for(SHOWN)
    assert firefox.evaluate("document.cookie") == ""

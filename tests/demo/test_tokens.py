"""A token taken apart by hand, and its colours."""

import os
import re
import subprocess
import sys

import pytest
from rich.color import Color, ColorSystem

from tutorial import tokens
from tutorial.demo.render import BADGES, coloured
from tutorial.ladder import ROOT

# RFC 7515, appendix A.1
EXAMPLE = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)


def test_decode_reads_the_example_of_the_rfc():
    assert tokens.decode(EXAMPLE) == (
        {"typ": "JWT", "alg": "HS256"},
        {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True},
    )


@pytest.mark.parametrize("length", range(1, 5))
def test_what_is_encoded_can_be_decoded(length):
    content = {"name": "ü?>" * length}
    part = tokens.encode(content)
    assert re.fullmatch(r"[\w-]+", part, re.ASCII)
    assert tokens.decode(f"{part}.{part}.") == (content, content)


@pytest.mark.parametrize("bad", ["", "one.two", "a.b.c.d", "e30.W10.x", "e30.!.x"])
def test_what_is_no_token_cannot_be_decoded(bad):
    with pytest.raises(ValueError):
        tokens.decode(bad)


def test_the_coloured_parts_make_up_the_token():
    parts = coloured(EXAMPLE)
    assert "".join(part.plain for part in parts) == EXAMPLE
    assert [part.style for part in parts] == list(BADGES.values())
    assert [part.style.split()[-1] for part in parts] == list(tokens.COLOURS.values())


@pytest.mark.parametrize("colour", tokens.COLOURS.values())
def test_a_colour_can_be_read_on_black_and_on_white(colour):
    # WCAG 2, "contrast ratio": 4.5 is what text needs
    channels = [value / 255 for value in Color.parse(colour).triplet]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert (luminance + 0.05) / 0.05 >= 4.5
    assert 1.05 / (luminance + 0.05) >= 4.5


@pytest.mark.parametrize("system", [ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
def test_the_colours_differ_on_simple_terminals_too(system):
    numbers = [Color.parse(colour).downgrade(system).number for colour in tokens.COLOURS.values()]
    assert len(set(numbers)) == 3


def test_every_claim_that_is_explained_is_explained_in_a_phrase():
    assert tokens.MEANINGS.keys() >= {"alg", "typ", "token_type", "exp", "iat", "jti", "user_id"}
    for meaning in tokens.MEANINGS.values():
        assert re.fullmatch(r"[a-z].*[^.]", meaning)


def test_a_token_can_be_read_without_any_package():
    code = f"from tutorial import tokens; print(tokens.decode({EXAMPLE!r})[1]['iss'])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    read = [sys.executable, "-S", "-c", code]
    assert subprocess.check_output(read, env=environment, text=True) == "joe\n"

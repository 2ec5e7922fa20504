"""The table of Simple JWT's settings keeps up with the installed package."""

import subprocess
import sys

import pytest

from tutorial.book.simplejwt_settings import as_dictionary, compare, defaults
from tutorial.running.environment import child_environment


def test_every_setting_is_explained():
    compare(defaults())


def test_a_new_setting_stops_the_build():
    with pytest.raises(Exception, match="BRAND_NEW"):
        compare({**defaults(), "BRAND_NEW": "1"})


def test_a_setting_that_is_gone_stops_the_build():
    fewer = dict(defaults())
    del fewer["ROTATE_REFRESH_TOKENS"]
    with pytest.raises(Exception, match="ROTATE_REFRESH_TOKENS"):
        compare(fewer)


def test_the_dictionary_holds_the_defaults_of_the_package():
    """Run it as a settings file would; compare with the package, in a process of its own."""
    code = (
        "from django.conf import settings\n"
        "settings.configure(SECRET_KEY='of the project')\n"
        f"SECRET_KEY = settings.SECRET_KEY\n{as_dictionary()}\n"
        "from rest_framework_simplejwt.settings import DEFAULTS\n"
        "assert SIMPLE_JWT == DEFAULTS and list(SIMPLE_JWT) == list(DEFAULTS), SIMPLE_JWT\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=child_environment(),
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr

"""The table of Simple JWT's settings keeps up with the installed package."""

import pytest

from tutorial.book.simplejwt_settings import compare, defaults


def test_every_setting_is_explained():
    compare(defaults())


def test_a_new_setting_stops_the_build():
    with pytest.raises(Exception, match="BRAND_NEW"):
        compare({**defaults(), "BRAND_NEW": "1"})


def test_a_setting_that_is_gone_stops_the_build():
    fewer = defaults()
    del fewer["ROTATE_REFRESH_TOKENS"]
    with pytest.raises(Exception, match="ROTATE_REFRESH_TOKENS"):
        compare(fewer)

"""Durations, said in words."""

import pytest

from tutorial.durations import in_short, in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "no time"),
        (1, "1 second"),
        (299.7, "5 minutes"),
        (302, "5 minutes and 2 seconds"),
        (15 * 86400 + 2, "15 days and 2 seconds"),
        (86400 + 3600, "1 day and 1 hour"),
        (86400 + 3600 + 60 + 1, "1 day and 1 hour"),
    ],
)
def test_durations_are_said_in_words(seconds, words):
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-0.4, "0 s"),
        (1, "1 s"),
        (299.7, "5 min"),
        (302, "5 min 2 s"),
        (-302, "-5 min 2 s"),
        (15 * 86400 + 2, "15 d 2 s"),
        (86400 + 3600 + 60 + 1, "1 d 1 h"),
    ],
)
def test_durations_are_short_where_there_is_little_room(seconds, words):
    assert in_short(seconds) == words

"""The one exception that is meant for a person."""


class Problem(Exception):
    """Something a person can fix: the message says what happened and what to do next."""

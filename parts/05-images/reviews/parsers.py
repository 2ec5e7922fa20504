import json

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    def parse(self, *args, **kwargs):
        # Python's json module gives up on thousands of open brackets, and takes what nobody
        # can write again: half a character ("\ud800"), a number beyond all numbers (1e400).
        # REST framework expects neither: it would answer 500 for a client's mistake.
        try:
            data = super().parse(*args, **kwargs)
            json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except (RecursionError, ValueError) as error:
            raise ParseError(f"JSON parse error - {error}") from error
        return data

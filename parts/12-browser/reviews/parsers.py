import json

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    def parse(self, *args, **kwargs):
        # Python's json module gives up on thousands of open brackets, and takes half a
        # character ("\ud800"), which cannot be written on a page. REST framework expects
        # neither: it would answer 500 for a client's mistake.
        try:
            data = super().parse(*args, **kwargs)
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deep") from error
        except UnicodeEncodeError as error:
            raise ParseError("JSON parse error - half a character") from error
        return data

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    def parse(self, *args, **kwargs):
        # Thousands of open brackets make Python's json module give up in a way that
        # REST framework does not expect: it would answer 500 for a client's mistake.
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deep") from error

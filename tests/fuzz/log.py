"""What a server's log says of a fault. Standard library only: schemathesis' process uses it too."""

import re
from pathlib import Path

# Django logs what it refuses as suspicious, traceback and all, and responds with 400.
REFUSED = re.compile(
    r"django\.core\.exceptions\.(BadRequest|Disallowed\w+|RequestDataTooBig|Suspicious\w+"
    r"|TooMany\w+)\b|django\.http\.multipartparser\.MultiPartParserError\b"
)
TRACEBACK = re.compile(
    r"^Traceback \(most recent call last\):\n((?:[ ~^].*\n|\n)*)(.*)\n(\n?)", re.M
)


class Log:
    """A server's log, read bit by bit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0

    def new_faults(self) -> list[str]:
        """Return the errors whose tracebacks were written since the last time."""
        with self.path.open("rb") as file:
            file.seek(self.read)
            new = file.read()
        self.read += len(new)
        return faults(new.decode("utf-8", "replace"))


def faults(text: str) -> list[str]:
    """Return the last line of each traceback that is no refusal; of a chain, the last one's."""
    found = []
    for match in TRACEBACK.finditer(text):
        _, error, chained = match.groups()
        another = "\n".join(text[match.end() :].splitlines()[:1])
        if chained and another.startswith(("The above exception", "During handling of")):
            continue
        if not REFUSED.match(error):
            found.append(error)
    return found

"""Shows Simple JWT's settings: names and defaults from the installed package.

```{simplejwt-settings} lifetimes
```

shows one group as a table, no argument all of them, and `dictionary` all defaults as they would be
written in a settings file. What a setting means is written below. A setting that the package has
and this file does not explain stops the build, and so does one that this file explains and the
package no longer has.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from tutorial.ladder import find, first
from tutorial.running.environment import child_environment

PART = first("has_tokens")  # whose values are shown beside the defaults
LONGEST_LINE = 76  # characters of code that fit into the page's width

# In a process of its own: the package reads Django's settings when it is imported.
READ = """
import json
import re
from datetime import timedelta
from django.conf import settings
settings.configure(SECRET_KEY="the project's")
from rest_framework_simplejwt.settings import DEFAULTS

def said(value):
    if isinstance(value, timedelta):
        for unit, seconds in ("days", 86400), ("minutes", 60), ("seconds", 1):
            if value.total_seconds() % seconds == 0:
                return f"timedelta({unit}={value.total_seconds() / seconds:.0f})"
    return "settings.SECRET_KEY" if value == settings.SECRET_KEY else repr(value)

print(json.dumps({name: said(value) for name, value in DEFAULTS.items()}))
"""

MEANINGS: dict[str, dict[str, str]] = {
    "lifetimes": {
        "ACCESS_TOKEN_LIFETIME": "How long an access token is valid. Counted from its `iat` and "
        "written into its `exp`: a token already issued keeps the lifetime it was given.",
        "REFRESH_TOKEN_LIFETIME": "The same for a refresh token: how long a user may stay away "
        "and still come back without a password.",
        "ROTATE_REFRESH_TOKENS": "Whether a refresh returns a new refresh token too, with a "
        "lifetime that starts over.",
        "BLACKLIST_AFTER_ROTATION": "Whether the old refresh token is refused from then on. It "
        "needs the blacklist app and its tables ({part 10}); without them it does nothing.",
        "LEEWAY": "Seconds (or a `timedelta`) by which clocks may differ: a token is accepted "
        "for that much longer than its `exp`.",
    },
    "using": {
        "AUTH_HEADER_TYPES": "The words that may come before the token in the header; case "
        "matters. The first one is named in a 401.",
        "AUTH_HEADER_NAME": "The header to read, as WSGI spells `Authorization`.",
        "AUTH_TOKEN_CLASSES": "The kinds of token that the API accepts: access tokens only.",
        "USER_ID_FIELD": "The field of the user that goes into a token. It must never change.",
        "USER_ID_CLAIM": "The claim that it goes into.",
        "USER_AUTHENTICATION_RULE": "A function that says whether a user may have tokens: "
        "by default, any active user.",
        "CHECK_USER_IS_ACTIVE": "Whether a deactivated user's tokens stop working at once. It "
        "costs nothing: the user is looked up anyway.",
        "CHECK_REVOKE_TOKEN": "Whether a changed password voids the user's tokens ({part 9}).",
        "REVOKE_TOKEN_CLAIM": "The claim that holds a hash of the password's hash for this.",
        "UPDATE_LAST_LOGIN": "Whether obtaining a pair writes the user's `last_login`. That is a "
        "write to the database for each login.",
    },
    "signing": {
        "ALGORITHM": "How tokens are signed. `HS256` uses one secret key for signing and "
        "verifying; `RS256` or `ES256` use a pair of keys, of which others may know the public "
        "one.",
        "SIGNING_KEY": "The key that signs. With `HS256` it has to be long, random and secret.",
        "VERIFYING_KEY": "The public key, for algorithms that have one.",
        "JWK_URL": "A URL to fetch public keys from, when another server signs the tokens.",
        "AUDIENCE": "Whom tokens are for (`aud`). Written and required when set: worth setting "
        "when one key serves two APIs.",
        "ISSUER": "The server that issues them (`iss`). Written and required when set.",
        "JSON_ENCODER": "A class that encodes claims that JSON cannot hold by itself.",
    },
    "names": {
        "TOKEN_TYPE_CLAIM": "The claim that tells access and refresh tokens apart.",
        "JTI_CLAIM": "The claim with a token's unique ID, which a blacklist needs.",
        "TOKEN_USER_CLASS": "What stands for the user when `JWTStatelessUserAuthentication` does "
        "not look one up: for a second server that has no users.",
        "TOKEN_OBTAIN_SERIALIZER": "Checks username and password, and creates the pair. Read by "
        "`TokenObtainPairView`, like the others by their views.",
        "TOKEN_REFRESH_SERIALIZER": "Checks a refresh token, and creates the new tokens.",
        "TOKEN_VERIFY_SERIALIZER": "Says whether a token is valid: for clients without the key.",
        "TOKEN_BLACKLIST_SERIALIZER": "Puts a refresh token on the blacklist.",
    },
    "sliding": {
        "SLIDING_TOKEN_LIFETIME": "One token in place of two: how long the API accepts it.",
        "SLIDING_TOKEN_REFRESH_LIFETIME": "How long the same token may be exchanged for a new one.",
        "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "The claim that says until when.",
        "SLIDING_TOKEN_OBTAIN_SERIALIZER": "Creates such a token.",
        "SLIDING_TOKEN_REFRESH_SERIALIZER": "Exchanges it.",
    },
}


@cache
def defaults() -> dict[str, str]:
    """The settings that the installed package has, with their defaults as they are written.

    Raises ExtensionError when what is explained here is not exactly that.
    """
    done = subprocess.run(
        [sys.executable, "-c", READ],
        env=child_environment(),
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        raise ExtensionError(f"Simple JWT's settings cannot be read:\n{done.stderr[-800:]}")
    found = json.loads(done.stdout)
    compare(found)
    return found


def compare(found: dict[str, str]) -> None:
    explained = {name for group in MEANINGS.values() for name in group}
    missing, surplus = sorted(found.keys() - explained), sorted(explained - found.keys())
    if missing or surplus:
        said = [f"{name} is not explained" for name in missing]
        said += [f"{name} is explained and exists no longer" for name in surplus]
        raise ExtensionError(
            f"Settings of Simple JWT {version('djangorestframework-simplejwt')}: "
            f"{'; '.join(said)} (src/tutorial/book/simplejwt_settings.py)."
        )


@cache
def chosen() -> dict[str, str]:
    """What the part sets in SIMPLE_JWT, as it is written there."""
    source = (PART.path / "medium" / "settings.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "SIMPLE_JWT"
            and isinstance(node.value, ast.Dict)
        ):
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {ast.literal_eval(key): ast.unparse(value) for key, value in pairs if key}
    return {}


def short(value: str) -> str:
    """A value without the package's own dotted paths, which would fill a screen's width."""
    head, dot, tail = value.rpartition(".")
    if not dot or value.startswith("settings."):
        return value
    quote = value[0] if value[0] in "'\"" else ""
    lead = "('" if value.startswith("(") else quote
    return f"{lead}…{tail}" if head else value


def as_dictionary() -> str:
    """All defaults as a settings file would have them, in the package's own order."""
    lines = ["from datetime import timedelta", "", "SIMPLE_JWT = {"]
    for name, value in defaults().items():
        value = value.replace("settings.SECRET_KEY", "SECRET_KEY").replace("'", '"')
        line = f'    "{name}": {value},'
        wrapped = [f'    "{name}": (', f"        {value}", "    ),"]
        lines += [line] if len(line) <= LONGEST_LINE else wrapped
    return "\n".join([*lines, "}"])


class SimpleJWTSettings(SphinxDirective):
    """A table of the settings in one group, or in all; or the dictionary of the defaults."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        group = self.arguments[0] if self.arguments else None
        self.env.note_dependency(__file__)
        if group == "dictionary":
            code = as_dictionary()
            return [nodes.literal_block(code, code, language="python")]
        if group is not None and group not in MEANINGS:
            known = ", ".join([*MEANINGS, "dictionary"])
            raise self.error(f"There is no group {group!r}; the groups are {known}.")
        self.env.note_dependency(str(PART.path / "medium" / "settings.py"))
        groups = [MEANINGS[group]] if group else MEANINGS.values()
        rows = [self.row(name, meaning) for part in groups for name, meaning in part.items()]
        # The default below the name, not beside it: neither has to break then.
        table = "`````{list-table}\n:header-rows: 1\n:widths: 42 58\n\n"
        table += "* - setting, default\n  - what it means\n" + "\n".join(rows) + "\n`````\n"
        return self.parse_text_to_nodes(table)

    def row(self, name: str, meaning: str) -> str:
        meaning = re.sub(r"\{part (\d+)\}", self.link, meaning)
        here = chosen().get(name)
        own = f" **Here: `{short(here)}`.**" if here and here != defaults()[name] else ""
        return f"* - `{name}`\n\n    `{short(defaults()[name])}`\n  - {meaning}{own}"

    def link(self, match: re.Match[str]) -> str:
        """A part's number, as a link to its chapter when that is written."""
        page = f"chapters/{find(match[1]).slug}"
        text = f"part {match[1]}"
        return f"[{text}](/{page}.md)" if page in self.env.found_docs else text


def setup(app: Sphinx) -> dict[str, Any]:
    defaults()  # says at once what is not explained
    app.add_directive("simplejwt-settings", SimpleJWTSettings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""A settings module around a project's own: the same project, with its state elsewhere.

The project is named in the environment, so that its code needs none of this:

- ``TUTORIAL_SETTINGS``: the project's settings module
- ``TUTORIAL_STATE``: the folder for the database and the uploaded files
- ``TUTORIAL_ACCESS_LIFETIME``: how long an access token lives, in seconds (optional)
- ``TUTORIAL_FAST_PASSWORDS``: anything, for the quick hasher that tests may use (optional)
- ``TUTORIAL_ATTEMPTS``: how many requests every throttle lets through in its period (optional)
- ``TUTORIAL_WITHOUT``: options of the database to leave out, with commas: ``init_command`` where
  SQLite cannot keep a write-ahead log, as in a browser (optional)
"""

import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from tutorial.running.environment import DATABASE, UPLOADS

_project = import_module(os.environ["TUTORIAL_SETTINGS"])
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

_state = Path(os.environ["TUTORIAL_STATE"])
_engine = "django.db.backends.sqlite3"
_own = getattr(_project, "DATABASES", {}).get("default", {})
_without = os.environ.get("TUTORIAL_WITHOUT", "").split(",")
_options = {
    name: value
    for name, value in _own.get("OPTIONS", {}).items()
    if _own.get("ENGINE") == _engine and name not in _without
}
DATABASES = {
    "default": {"ENGINE": _engine, "NAME": str(_state / DATABASE), "OPTIONS": _options},
}
MEDIA_ROOT = str(_state / UPLOADS)

if _lifetime := os.environ.get("TUTORIAL_ACCESS_LIFETIME"):
    SIMPLE_JWT = {
        **getattr(_project, "SIMPLE_JWT", {}),
        "ACCESS_TOKEN_LIFETIME": timedelta(seconds=float(_lifetime)),
    }

if _attempts := os.environ.get("TUTORIAL_ATTEMPTS"):
    _rest_framework = getattr(_project, "REST_FRAMEWORK", {})
    _rates = _rest_framework.get("DEFAULT_THROTTLE_RATES", {})
    REST_FRAMEWORK = {
        **_rest_framework,
        "DEFAULT_THROTTLE_RATES": {
            scope: rate and f"{_attempts}/{rate.partition('/')[2]}"
            for scope, rate in _rates.items()
        },
    }

if os.environ.get("TUTORIAL_FAST_PASSWORDS"):
    # Both, because the demo data holds passwords of the real hasher.
    PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]

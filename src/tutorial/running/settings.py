"""A settings module around a project's own: the same project, with its state elsewhere.

The project is named in the environment, so that its code needs none of this:

- ``TUTORIAL_SETTINGS``: the project's settings module
- ``TUTORIAL_STATE``: the folder for the database and the uploaded files
- ``TUTORIAL_ACCESS_LIFETIME``: how long an access token lives, in seconds (optional)
- ``TUTORIAL_FAST_PASSWORDS``: anything, for the quick hasher that tests may use (optional)
"""

import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from tutorial.running.environment import DATABASE, UPLOADS

_project = import_module(os.environ["TUTORIAL_SETTINGS"])
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

_state = Path(os.environ["TUTORIAL_STATE"])
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_state / DATABASE)}}
MEDIA_ROOT = str(_state / UPLOADS)

if _lifetime := os.environ.get("TUTORIAL_ACCESS_LIFETIME"):
    SIMPLE_JWT = {
        **getattr(_project, "SIMPLE_JWT", {}),
        "ACCESS_TOKEN_LIFETIME": timedelta(seconds=float(_lifetime)),
    }

if os.environ.get("TUTORIAL_FAST_PASSWORDS"):
    # Both, because the demo data holds passwords of the real hasher.
    PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]

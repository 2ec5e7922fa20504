"""A settings module around a project's own: the same project, with its state elsewhere.

The project is named in the environment, so that its code needs none of this:

- ``TUTORIAL_SETTINGS``: the project's settings module
- ``TUTORIAL_STATE``: the folder for the database and the uploaded files
- ``TUTORIAL_ACCESS_LIFETIME``: how long an access token lives, in seconds (optional)
- ``TUTORIAL_FAST_PASSWORDS``: anything, for the quick hasher that tests may use (optional)
- ``TUTORIAL_ATTEMPTS``: how many requests every throttle lets through in its period (optional)
- ``TUTORIAL_WITHOUT``: options of the database to leave out, with commas: ``init_command`` where
  SQLite cannot keep a write-ahead log, as in a browser (optional)
- ``TUTORIAL_LANGUAGE``: the language of what the project says, for a check that reads it (optional)
- ``TUTORIAL_PREFIXES``: where the project's routes are, for a check (optional)
- ``TUTORIAL_CONFIGURATION``: the class in that module that holds the settings, where a learner's
  project has django-configurations (optional)

Whatever else a project keeps state in, or sends things through, is the run's own as well: caches,
e-mail, sessions, stored files and every other database.
"""

import os
import sys
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from tutorial.running.environment import DATABASE, UPLOADS


def _load(module: str) -> Any:
    """Import the project's settings; those of a class as django-configurations does."""
    configuration = os.environ.get("TUTORIAL_CONFIGURATION")
    if not configuration:
        return import_module(module)
    importer: Any = import_module("configurations.importer")
    importer.installed = True
    own = os.environ["DJANGO_SETTINGS_MODULE"]
    # There it looks for the names of the module and of the class. The second must not stay:
    # pytest-django would go by it.
    os.environ.update(DJANGO_SETTINGS_MODULE=module, DJANGO_CONFIGURATION=configuration)
    sys.meta_path.insert(0, importer.ConfigurationImporter())
    try:
        return import_module(module)
    finally:
        del sys.meta_path[0], os.environ["DJANGO_CONFIGURATION"]
        os.environ["DJANGO_SETTINGS_MODULE"] = own


_project = _load(os.environ["TUTORIAL_SETTINGS"])
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

_state = Path(os.environ["TUTORIAL_STATE"])
_engine = "django.db.backends.sqlite3"
_own = getattr(_project, "DATABASES", None)
_own = _own.get("default", {}) if isinstance(_own, dict) else {}
_without = os.environ.get("TUTORIAL_WITHOUT", "").split(",")
_options = {
    name: value
    for name, value in _own.get("OPTIONS", {}).items()
    if _own.get("ENGINE") == _engine and name not in _without
}
DATABASES = {
    "default": {"ENGINE": _engine, "NAME": str(_state / DATABASE), "OPTIONS": _options},
}
# Which database the learner works on, for a check to look at.
THEIR_DATABASE = THEIR_ENGINE = ""
THEIR_MEDIA = bool(getattr(_project, "MEDIA_ROOT", ""))
with suppress(KeyError, TypeError, AttributeError):
    THEIR_ENGINE = str(_project.DATABASES["default"]["ENGINE"])
    if "sqlite" in THEIR_ENGINE:
        THEIR_DATABASE = str(_project.DATABASES["default"]["NAME"])
MEDIA_ROOT = str(_state / UPLOADS)


def _own_caches(given: Any) -> Any:
    """In this process's memory, whatever kind each was; a dummy cache stays one."""
    if not isinstance(given, dict):
        return given  # Django says what is wrong with it
    local = "django.core.cache.backends.locmem.LocMemCache"
    return {
        alias: {
            "BACKEND": local,
            "LOCATION": alias,
            **{key: value for key, value in cache.items() if key in {"TIMEOUT", "KEY_PREFIX"}},
        }
        if not str(cache.get("BACKEND")).endswith(("LocMemCache", "DummyCache"))
        else cache
        for alias, cache in given.items()
    }


def _own_storages(given: Any) -> Any:
    """On the disk, in the run's state: no upload leaves the machine, or reaches a real folder."""
    if not isinstance(given, dict):
        return given
    local = "django.core.files.storage.FileSystemStorage"
    own = {}
    for alias, storage in given.items():
        backend, options = storage.get("BACKEND", ""), dict(storage.get("OPTIONS", {}))
        if backend.startswith("django.") and "location" not in options:
            own[alias] = storage
        elif alias == "staticfiles":
            own[alias] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        else:
            place = {"location": str(_state / alias)} if alias != "default" else {}
            own[alias] = {"BACKEND": local, "OPTIONS": place}
    return own


if hasattr(_project, "CACHES"):
    CACHES = _own_caches(_project.CACHES)
if hasattr(_project, "STORAGES"):
    STORAGES = _own_storages(_project.STORAGES)
if isinstance(getattr(_project, "DATABASES", None), dict):
    for _alias in _project.DATABASES:
        if _alias != "default":
            DATABASES[_alias] = {**DATABASES["default"], "NAME": str(_state / f"{_alias}.sqlite3")}
if hasattr(_project, "STATIC_ROOT"):
    STATIC_ROOT = str(_state / "static")
if hasattr(_project, "SESSION_FILE_PATH"):
    SESSION_FILE_PATH = str(_state)
if not getattr(_project, "EMAIL_BACKEND", "").endswith(
    ("console.EmailBackend", "dummy.EmailBackend")
):
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if os.environ.get("TUTORIAL_PREFIXES"):
    MIDDLEWARE = ["tutorial.running.prefix.PrefixMiddleware", *_project.MIDDLEWARE]

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

if _language := os.environ.get("TUTORIAL_LANGUAGE"):
    LANGUAGE_CODE = _language

if os.environ.get("TUTORIAL_FAST_PASSWORDS"):
    # Both, because the demo data holds passwords of the real hasher.
    PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]

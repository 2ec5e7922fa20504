"""What CPython has on a computer and not in a page, supplied or refused in words."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from json import decoder, scanner
from types import ModuleType
from typing import Any, NoReturn

Derive = Callable[[bytes, bytes, int, int], bytes]


class NeedsAComputer(BaseException):
    """Something that a page cannot do.

    No subclass of Exception, because a part takes any Exception of Pillow's for a damaged
    picture, and would tell the sender so.
    """


def supply(derive: Derive) -> None:
    """Make the standard library and Pillow fit to run a part in. ``derive`` is PBKDF2-HMAC-SHA256.

    To be called before Django is imported.
    """
    # The page's event loop always runs, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    # A write-ahead log needs shared memory (sqlite.org/wal.html).
    os.environ["TUTORIAL_WITHOUT"] = "init_command"
    supply_pbkdf2(derive)
    count_nesting_in_python()
    for name in ("_imaging", "_imagingcms", "_webp"):
        sys.modules[f"PIL.{name}"] = pillow_without_pixels(name)


def supply_pbkdf2(derive: Derive) -> None:
    """Supply ``hashlib.pbkdf2_hmac``, which comes with OpenSSL; Django's own hasher asks for it.

    In Python alone a login would take five seconds instead of one.
    """

    def pbkdf2_hmac(
        hash_name: str, password: bytes, salt: bytes, iterations: int, dklen: int | None = None
    ) -> bytes:
        if hash_name != "sha256":
            raise ValueError(f"unsupported hash type {hash_name}")
        return derive(password, salt, iterations, dklen or 32)

    hashlib.pbkdf2_hmac = pbkdf2_hmac  # type: ignore[assignment]


def count_nesting_in_python() -> None:
    """Let deeply nested JSON end in a RecursionError, as it does on a computer.

    The scanner in C recurses on the page's own stack, which is small: its end would be the end
    of the interpreter.
    """
    python: Any = scanner
    python.make_scanner = python.py_make_scanner
    # Made when the module was imported, with the scanner in C.
    vars(json)["_default_decoder"] = decoder.JSONDecoder()


def pillow_without_pixels(name: str) -> ModuleType:
    """Return what stands for a compiled module of Pillow, of which no wheel for a page exists.

    Pillow's own Python code reads a picture's format and size, and refuses what is not a picture.
    Whatever wants pixels raises NeedsAComputer.
    """
    from PIL import _version

    def refuse(*args: object, **options: object) -> NoReturn:
        raise NeedsAComputer(name)

    def missing(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        # A class, where one is asked for, because it may be compared with.
        is_class = attribute[0].isupper()
        return type(attribute, (), {"__new__": refuse}) if is_class else refuse

    module = ModuleType(f"PIL.{name}")
    # Read when Pillow is imported: the version, which has to fit, and the strategies of zlib.
    constants = ("DEFAULT_STRATEGY", "FILTERED", "HUFFMAN_ONLY", "RLE", "FIXED")
    vars(module).update({constant: number for number, constant in enumerate(constants)})
    vars(module).update(PILLOW_VERSION=_version.__version__, __getattr__=missing)
    return module

"""Lets a project whose API is below ``/api/`` answer where the chapters' API is.

``TUTORIAL_PREFIXES`` says which first segment of a path is found below what:
``{"/product": "/api"}``. Switched on by a check, in its own process and in its server's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

PREFIXES: dict[str, str] = json.loads(os.environ.get("TUTORIAL_PREFIXES") or "{}")


class PrefixMiddleware:
    """The first middleware of all: a request goes on with the project's own path."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        request.path_info = self.rewrite(request.path_info)
        return self.get_response(request)

    @staticmethod
    def rewrite(path: str) -> str:
        """Return the path at which the project has what is asked for."""
        first = "/" + path.split("/")[1] if "/" in path else path
        return PREFIXES.get(first, "") + path

"""What can be seen from inside the project's own interpreter, as plain data for the diagnosis.

Exceptions with the lines they passed through, a request with what came back, and the view that
a URL leads to: with its methods, parsers, authenticators and permissions. Nothing here judges.
Standard library, Django and, where it is installed, REST framework.
"""

from __future__ import annotations

import inspect
import linecache
import sys
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

BODY = 600  # characters of a response that are kept
FRAMES = 12


@cache
def relative(path: str | Path, project: Path) -> str:
    """Return the file's path within the project; an empty string when it is not the project's."""
    if str(path).startswith("<"):  # of Python itself: "<frozen importlib._bootstrap>"
        return ""
    try:
        inside = Path(path).resolve().relative_to(project.resolve())
    except (ValueError, OSError):
        return ""
    if {"site-packages", "dist-packages"} & set(inside.parts):
        return ""
    return inside.as_posix()


def raised(error: BaseException, project: Path, deep: int = 3) -> dict[str, Any]:
    """Return an exception, its chain of causes, and the project's own lines that it passed."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        inside = relative(frame.filename, project)
        # Of a library only where it was, the module's name: "rest_framework_simplejwt".
        where = inside or library(frame.filename)
        frames.append(
            {
                "file": where,
                "line": frame.lineno or 0,
                "function": frame.name,
                "code": (frame.line or "").strip(),
                "own": bool(inside),
            }
        )
    own = [frame for frame in frames if frame["own"]]
    kept = own[-FRAMES:] if own else []
    if frames and frames[-1] not in kept:
        kept.append(frames[-1])
    about = {}
    for name in ("name", "path", "obj", "filename", "lineno", "msg", "text", "name_from"):
        value = getattr(error, name, None)
        if isinstance(value, str | int):
            about[name] = str(value)
    if isinstance(error, SyntaxError) and error.filename:
        about["filename"] = relative(error.filename, project)
    if getattr(error, "path", None) and isinstance(error, ImportError):
        about["path"] = relative(error.path or "", project)
    owner = getattr(error, "obj", None)
    if owner is not None and isinstance(error, AttributeError):
        about["owner"] = getattr(owner, "__name__", type(owner).__name__)
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {
        "type": type(error).__name__,
        "message": str(error)[:1500],
        "frames": kept,
        "about": about,
        "cause": raised(before, project, deep - 1) if before and deep else None,
    }


def library(filename: str) -> str:
    """Return the distribution's folder that a file is in: ``rest_framework_simplejwt``."""
    parts = Path(filename).parts
    for marker in ("site-packages", "dist-packages"):
        if marker in parts:
            return parts[parts.index(marker) + 1].removesuffix(".py")
    return Path(filename).stem


@cache
def place(thing: Any, project: Path) -> dict[str, Any]:
    """Return the file and line where a class or a function of the project is written."""
    try:
        thing = inspect.unwrap(thing)
        file = relative(inspect.getsourcefile(thing) or "", project)
        return {"file": file, "line": inspect.getsourcelines(thing)[1] if file else 0}
    except (TypeError, OSError, ValueError):
        return {"file": "", "line": 0}


# Routes


def routes(patterns: Any = None, before: str = "/") -> Iterator[tuple[str, Any]]:
    """Yield every route of the project as a person writes it, ``/product/<pk>/``, and its view."""
    from django.urls import get_resolver
    from django.urls.resolvers import URLPattern

    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = readable(str(pattern.pattern))
        if isinstance(pattern, URLPattern):
            yield before + route, pattern.callback
        elif getattr(pattern, "app_name", None) == "admin":
            yield before + route, None  # hundreds of them
        else:
            yield from routes(pattern.url_patterns, before + route)


def readable(route: str) -> str:
    """Turn ``^image/(?P<pk>[^/.]+)/$`` into ``image/<pk>/``."""
    import re

    route = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", route)
    route = route.replace("\\Z", "").replace("\\", "")
    return route.removeprefix("^").removesuffix("$").replace("<format>", "<format>")


def closest(path: str) -> str:
    """Return the route that was most probably meant by a path that leads nowhere, or nothing."""
    import re
    from difflib import SequenceMatcher

    wanted = re.sub(r"/\d+(?=/|$)", "/<pk>", path.partition("?")[0])
    best, score = "", 0.0
    try:
        known = list(dict.fromkeys(route for route, _ in routes()))
    except Exception:
        return ""
    for route in known:
        plain = re.sub(r"<\w+:?\w*>", "<pk>", route)
        if "<format>" in route or ".<" in route or plain == "/":
            continue
        alike = SequenceMatcher(None, wanted, plain).ratio()
        if plain.endswith(wanted):
            alike = 0.95
        if alike > score:
            best, score = route, alike
    return best if score >= 0.6 else ""


def prefix(paths: list[str]) -> str:
    """Return what all of these paths have in front in this project, ``/api``, or nothing.

    Nothing, too, when one of them is where it was expected, or the prefix says what the
    path says: ``/auth/auth/login/`` is a mistake and no prefix.
    """
    known = {route for route, _ in routes()}
    if not paths or any(path in known for path in paths):
        return ""
    first = paths[0]
    heads = {route[: -len(first)] for route in known if route.endswith(first)}
    for head in sorted(heads, key=len):
        repeats = set(head.split("/")) & set(first.split("/")) - {""}
        if head and not repeats and "<" not in head and all(head + p in known for p in paths):
            return head
    return ""


# A request, and what came back


def exchange(response: Any, project: Path) -> dict[str, Any]:
    """Return what was sent, what came back, and the view in between, of a test's request."""
    request = response.request
    headers = {name.lower(): str(value) for name, value in response.headers.items()}
    error = None
    if isinstance(request, dict):  # Django's test client
        method, path = request["REQUEST_METHOD"], request["PATH_INFO"]
        query = request.get("QUERY_STRING", "")
        sent = str(request.get("CONTENT_TYPE", "")).partition(";")[0]
        token = str(authorization(response))
        if getattr(response, "exc_info", None):
            error = raised(response.exc_info[1], project)
    else:  # `requests`, from a real server
        method, (path, _, query) = request.method, request.path_url.partition("?")
        sent = str(request.headers.get("Content-Type", "")).partition(";")[0]
        token = str(request.headers.get("Authorization", ""))
    body = b"" if getattr(response, "streaming", False) else response.content[:BODY]
    return {
        "method": method,
        "path": path,
        "query": query,
        "sent": sent,
        "token": token.partition(" ")[0],
        "status": response.status_code,
        "headers": {
            name: value
            for name, value in headers.items()
            if name in {"content-type", "allow", "www-authenticate", "location", "retry-after"}
        },
        "body": body.decode("utf-8", "replace"),
        "raised": error,
        "view": view_at(path, project),
        "closest": closest(path) if response.status_code in {404, 301} else "",
    }


def view_of(response: Any) -> str:
    """Return the name of the view that answered; an empty string where that is not known."""
    match = getattr(response, "resolver_match", None)
    try:
        function = match.func if match else None
    except Exception:  # a URLconf that cannot be loaded
        return ""
    cls = getattr(function, "cls", None) or getattr(function, "view_class", None) or function
    return getattr(cls, "__name__", "")


def authorization(response: Any) -> str:
    """Return the Authorization header that was sent, by either kind of client."""
    request = response.request
    if not isinstance(request, dict):
        return request.headers.get("Authorization", "")
    sent = getattr(response, "wsgi_request", None)
    return sent.META.get("HTTP_AUTHORIZATION", "") if sent is not None else ""


def view_at(path: str, project: Path) -> dict[str, Any] | None:
    """Return what the view at this path takes, asks and allows; None where no route leads."""
    from django.conf import settings
    from django.urls import Resolver404, resolve
    from django.utils.module_loading import import_string

    for name in getattr(settings, "MIDDLEWARE", []):
        if name.endswith(".PrefixMiddleware"):
            path = import_string(name).rewrite(path)
    try:
        match = resolve(path)
    except Resolver404:
        return None
    except Exception as error:
        return {"name": "", "file": "", "line": 0, "broken": str(error)[:300]}
    function = match.func
    cls = getattr(function, "cls", None) or getattr(function, "view_class", None)
    found: dict[str, Any] = {
        "name": getattr(cls or function, "__name__", str(function)),
        "route": "/" + readable(match.route),
        "admin": "admin" in match.app_names,
        **place(cls or function, project),
    }
    if cls is None:
        return found
    actions = getattr(function, "actions", None)
    handlers = actions or {name for name in cls.http_method_names if hasattr(cls, name)}
    found["methods"] = sorted(name.upper() for name in handlers if name in cls.http_method_names)
    found["bases"] = [base.__name__ for base in cls.__mro__[1:] if base is not object]
    for attribute, key in {
        "parser_classes": "parsers",
        "authentication_classes": "authenticators",
        "permission_classes": "permissions",
        "throttle_classes": "throttles",
        "filter_backends": "filters",
    }.items():
        classes = getattr(cls, attribute, None)
        if isinstance(classes, list | tuple):
            found[key] = [spelled(one) for one in classes]
            found.setdefault("own", {})[key] = any(
                attribute in vars(base) and place(base, project)["file"] for base in cls.__mro__
            )
    for attribute in ("serializer_class", "filterset_class", "pagination_class"):
        value = getattr(cls, attribute, None)
        if inspect.isclass(value):
            found[attribute] = value.__name__
    return found


def spelled(cls: Any) -> str:
    return f"{getattr(cls, '__module__', '')}.{getattr(cls, '__name__', cls)}"


def shadowed(project: Path) -> list[dict[str, str]]:
    """Return the project's files that take the place of an installed or a standard module."""
    import importlib.machinery

    found = []
    outside = [entry for entry in sys.path if entry and not relative(entry, project) and
               Path(entry).resolve() != project.resolve()]  # fmt: skip
    for path in [*project.glob("*.py"), *(p.parent for p in project.glob("*/__init__.py"))]:
        name = path.stem
        if name in {"manage", "settings", "urls", "conftest", "setup", "tests", "test", "medium"}:
            continue
        if name in sys.stdlib_module_names or importlib.machinery.PathFinder.find_spec(
            name, outside
        ):
            found.append({"file": relative(path, project), "module": name})
    return found


def source_line(file: str, line: int) -> str:
    return linecache.getline(file, line).strip()

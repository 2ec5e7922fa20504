"""Causes of a response that is not as promised, each confirmed by a look at the view."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from tutorial.checking.diagnosis.model import CONFIRMED, RAISED, Cause, Seen
from tutorial.checking.diagnosis.raised import Raised

TYPES = {
    "JSONParser": "application/json",
    "FormParser": "application/x-www-form-urlencoded",
    "MultiPartParser": "multipart/form-data",
}
ACTIONS = {"list", "retrieve", "create", "update", "partial_update", "destroy"}


class Answered(Raised):
    """Turns a promise that does not hold into a cause."""

    def of_failure(self, failure: Seen) -> Cause | None:
        exchange = failure.get("exchange")
        seen = ""
        if exchange and failure["said"]:
            seen = failure["said"]
        cause = None
        if exchange and exchange.get("raised") and exchange["status"] >= 500:
            cause = self.of_raised(exchange["raised"], failure, RAISED)
        elif failure.get("raised") and failure["raised"]["type"] == "SystemCheckError":
            checks = [one for one in self.observed.findings if one["kind"] == "check"]
            cause = self.of_check(checks[0]) if checks else None
        elif failure.get("raised"):
            cause = self.of_raised(failure["raised"], failure, RAISED)
        if cause is None and exchange:
            got = re.search(r"got (\d{3})\b", failure["said"])
            if got and int(got[1]) == exchange["status"]:
                cause = self.of_status(exchange, failure)
        cause = cause or self.of_promise(failure)
        return replace(cause, seen=seen, promises=(failure["id"],)) if cause else None

    def of_status(self, exchange: Seen, failure: Seen) -> Cause | None:
        status = exchange["status"]
        method = getattr(self, f"of_{status}", None)
        return method(exchange, failure) if method else None

    def of_404(self, exchange: Seen, failure: Seen) -> Cause | None:
        if exchange["view"] is not None:
            return None
        path, closest = exchange["path"], exchange["closest"]
        said = f"No route leads to {path}."
        todo = "Add it to the URLs."
        segments = {part for part in re.split(r"[/\d]+", path) if part}
        if cause := self.without_actions(segments, said):
            return cause
        difference = self.best(
            lambda one: ("urls" in one.symbol.partition(":")[0]) * (
                1 + 2 * len(segments & set(re.findall(r"[\w]+", f"{one.ours} {one.theirs}")))
            ), 1)  # fmt: skip
        if difference is None and len(self.differences) <= 3:
            difference = self.related_difference(failure)
        if closest:
            said += f" The closest one is {closest}."
            todo = f"Is {path.rstrip('/')}/ spelled like that in the URLs?"
        if difference:
            slip = difference.kind != "missing" and not closest
            if slip or not difference.file.endswith("urls.py"):
                todo = "Compare it with the chapter."
            return self.cause(
                difference.file, difference.line, f"{said} {self.told(difference)}", todo, CONFIRMED
            )
        file, line = self.urls, 0
        if closest:
            last = [part for part in closest.split("/") if part and "<" not in part]
            for source in self.url_files:
                for word in reversed(last):
                    number, _ = self.line_of(source, f'"{word}', f"'{word}", f"{word}/")
                    if number:
                        return self.cause(source, number, said, todo, CONFIRMED)
        named = self.file(failure["file"])
        return self.cause(named if named.endswith("urls.py") else file, line, said, todo, CONFIRMED)

    def without_actions(self, segments: set[str], said: str) -> Cause | None:
        """A viewset that a router knows, and makes no routes of."""
        for file in self.url_files:
            for prefix, name in re.findall(
                r"\.register\(\s*r?['\"]([^'\"]*)['\"]\s*,\s*(?:\w+\.)*(\w+)",
                self.sources.get(file, ""),
            ):
                if prefix.strip("/") not in segments or name not in self.classes:
                    continue
                node = self.classes[name][1]
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                own = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
                acts = own & ACTIONS or any(base.endswith("ModelMixin") for base in bases)
                if bases & {"ViewSet", "GenericViewSet"} and not acts:
                    return self.cause(
                        self.classes[name][0], node.lineno,
                        f"{said} `{name}` is registered there, but has no actions: neither "
                        "`list` nor `retrieve`.",
                        "Inherit from `viewsets.ReadOnlyModelViewSet`, which has both, or from "
                        "`viewsets.ModelViewSet`, which can write too.",
                        CONFIRMED,
                    )  # fmt: skip
        return None

    def of_301(self, exchange: Seen, failure: Seen) -> Cause | None:
        return (
            self.of_404({**exchange, "view": None}, failure) if exchange["view"] is None else None
        )

    def of_405(self, exchange: Seen, failure: Seen) -> Cause | None:
        view = exchange["view"]
        if not view or exchange["method"] in view.get("methods", [exchange["method"]]):
            return None
        name, allowed = view["name"], ", ".join(view["methods"])
        said = f"`{name}` takes no {exchange['method']}: it takes {allowed}."
        difference = self.best(
            self.near(
                view,
                lambda one: (
                    1.0
                    * (
                        one.symbol.endswith((".bases", "http_method_names"))
                        or one.kind == "missing"
                    )
                ),
            ),
            1,
        )
        if difference is None:
            difference = self.best(self.near(view, lambda one: 0.5, exact=True), 0.5)
        if difference is None:  # another view than the one that was meant may be first
            difference = self.best(lambda one: 1.0 * ("urls" in one.symbol.partition(":")[0]), 1)
        if difference:
            return self.cause(difference.file, difference.line, f"{said} {self.told(difference)}",
                              "What does it inherit from?", CONFIRMED)  # fmt: skip
        file, line = self.class_line(name)
        if not file:
            file, line = self.urls, 0
        return self.cause(
            file,
            line,
            said,
            "What does it inherit from, and which methods does it define?",
            CONFIRMED,
        )

    def of_415(self, exchange: Seen, failure: Seen) -> Cause | None:
        view = exchange["view"] or {}
        parsers = [one.rpartition(".")[2] for one in view.get("parsers", [])]
        if not parsers or any(TYPES.get(one, "") == exchange["sent"] for one in parsers):
            return None
        wanted = next((name for name, kind in TYPES.items() if kind == exchange["sent"]), "")
        said = (
            f"{exchange['sent']} was sent, and no parser of `{view['name']}` takes it: "
            f"it has {', '.join(parsers)}."
        )
        if slip := self.slip("DEFAULT_PARSER_CLASSES"):
            return replace(slip, said=f"{said} {slip.said}", sure=CONFIRMED)
        todo = f"Add {wanted} to its parsers." if wanted else "Which parsers does it have?"
        file, line = self.where_set(view, "parsers", "parser_classes", "DEFAULT_PARSER_CLASSES")
        return self.cause(file, line, said, todo, CONFIRMED)

    def of_401(self, exchange: Seen, failure: Seen) -> Cause | None:
        view = exchange["view"] or {}
        names = [one.rpartition(".")[2] for one in view.get("authenticators", [])]
        if not view.get("name") or "authenticators" not in view:
            return None
        if not names and not view.get("own", {}).get("authenticators"):
            return None  # a library's view that does without, such as the one for logging in
        if exchange["token"] and not any("JWT" in name for name in names):
            listed = ", ".join(names) or "none at all"
            said = f"No authenticator of `{view['name']}` reads the token: it has {listed}."
            file, line = self.where_set(
                view, "authenticators", "authentication_classes", "DEFAULT_AUTHENTICATION_CLASSES"
            )
            if slip := self.slip("DEFAULT_AUTHENTICATION_CLASSES"):
                return replace(slip, said=f"{said} {slip.said}", sure=CONFIRMED)
            todo = "Is JWTAuthentication among them?"
            return self.cause(file, line, said, todo, CONFIRMED)
        if not exchange["token"] and "should be 2" in failure["said"]:
            return self.refused(exchange, view, failure)
        if exchange["token"] and "401" not in failure["said"].partition("got")[0]:
            difference = self.best(
                lambda one: one.symbol.startswith("SIMPLE_JWT.") * (
                    1 + bool(re.search("AUTH|KEY|ALGO|AUDI|ISSU|USER|CLAIM|LEEWAY", one.symbol))
                ), 2)  # fmt: skip
            if difference:
                said = f"`{view['name']}` refuses the token that the login gave."
                return self.cause(
                    difference.file, difference.line, f"{said} {self.told(difference)}",
                    "Compare it with the chapter.", CONFIRMED,
                )  # fmt: skip
        return None

    def of_403(self, exchange: Seen, failure: Seen) -> Cause | None:
        view = exchange["view"] or {}
        if "CSRF" in exchange["body"] and "authenticators" not in view:
            return None
        names = [one.rpartition(".")[2] for one in view.get("authenticators", [])]
        if "authenticators" not in view:
            return None
        if exchange["token"] and not any("JWT" in name for name in names):
            return self.of_401(exchange, failure)
        if "401" in failure["said"].partition("got")[0] or "CSRF Failed" in exchange["body"]:
            if not names or "JWT" not in names[0]:
                first = names[0] if names else "no authenticator"
                said = (
                    f"`{view['name']}` has {first} first, which cannot ask for a token: "
                    "without one, the response is 403 in place of 401."
                )
                file, line = self.where_set(view, "authenticators", "authentication_classes",
                                            "DEFAULT_AUTHENTICATION_CLASSES")  # fmt: skip
                if slip := self.slip("DEFAULT_AUTHENTICATION_CLASSES"):
                    return replace(slip, said=f"{said} {slip.said}", sure=CONFIRMED)
                todo = "Put JWTAuthentication first, or leave it alone there."
                return self.cause(file, line, said, todo, CONFIRMED)
            return None
        if re.search(r"should be (2|4(?!03))", failure["said"]):
            return self.refused(exchange, view, failure)
        return None

    def refused(self, exchange: Seen, view: Seen, failure: Seen) -> Cause | None:
        names = [one.rpartition(".")[2] for one in view.get("permissions", [])]
        if not names or names == ["AllowAny"]:
            return None
        own = view.get("own", {}).get("permissions")
        whose = "its own" if own else "by DEFAULT_PERMISSION_CLASSES"
        said = f"A permission of `{view['name']}` refused this: it has {', '.join(names)}, {whose}."
        file, line = self.where_set(
            view, "permissions", "permission_classes", "DEFAULT_PERMISSION_CLASSES"
        )
        difference = None
        if own:
            difference = self.best(self.near(view, lambda one: 1.0 * (
                "ermission" in one.symbol or "ermission" in one.file)), 0.9)  # fmt: skip
            if difference is None and len(self.differences) <= 4:
                difference = self.related_difference(failure)
        if difference:
            said, file, line = f"{said} {self.told(difference)}", difference.file, difference.line
        return self.cause(file, line, said, "Who should be let through here?", CONFIRMED)

    def where_set(self, view: Seen, key: str, attribute: str, setting: str) -> tuple[str, int]:
        """Return where a view's classes are set: in itself, or in the settings."""
        if view.get("own", {}).get(key):
            for name in [view["name"], *view.get("bases", [])]:
                if name in self.classes:
                    file, line = self.class_line(name, attribute)
                    if attribute in self.code(file, line):
                        return file, line
        return self.setting("REST_FRAMEWORK", setting)

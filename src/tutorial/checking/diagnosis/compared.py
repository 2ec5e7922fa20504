"""Causes from what differs: a difference has to do with what was observed, or is left alone."""

from __future__ import annotations

import re
from typing import Any

from tutorial.checking.comparison import Difference, related
from tutorial.checking.diagnosis.model import ASKED, COMPARED, Cause, Seen, sentence
from tutorial.checking.diagnosis.places import Places


class Compared(Places):
    """Finds the difference that has to do with something."""

    def near(self, view: Seen, score: Any, *, exact: bool = False) -> Any:
        """Count only what belongs to a view, or to what it uses."""
        names = related(view.get("name", ""), self.classes)

        def scored(one: Difference) -> float:
            if one.owner not in names or (exact and names[one.owner]):
                return 0
            return float(score(one)) * (1 if not names[one.owner] else 0.9)

        return scored

    def best(self, score: Any, least: float) -> Difference | None:
        scored = [(score(one), -place, one) for place, one in enumerate(self.differences)]
        scored = [item for item in scored if item[0] >= least]
        return max(scored)[2] if scored else None

    def differs(self, wanted: Any) -> Difference | None:
        return next((one for one in self.differences if wanted(one)), None)

    def told(self, one: Difference) -> str:
        """A difference in words."""
        name = re.sub(r"\[.*", "", one.symbol)
        name = name.rpartition(":")[2] if ":" in name else name
        if one.kind == "missing":
            what = f"`{one.theirs}`"
            inside = f" in `{name}`" if "[" in one.symbol else ""
            if "." in one.symbol and "[" not in one.symbol and ":" not in one.symbol:
                inside = f" in `{one.symbol.rpartition('.')[0]}`"
                if not one.theirs.startswith(("def ", "class ")) and "=" not in one.theirs:
                    what = (
                        f"`{one.symbol.rpartition('.')[2]}`: {one.theirs}".replace("`: ", ": ")
                        + "`"
                    )
                    what = what if what.startswith("`") else f"`{what}"
            return f"The chapter has {what}{inside}; here it is missing."
        if one.kind == "renamed" and "[" not in one.symbol and ":" not in one.symbol:
            last = one.symbol.rpartition(".")[2]
            if last not in one.ours:
                return f"Here it is `{one.ours}`, in the chapter `{last}`."
        if one.kind == "surplus":
            what = one.ours
            if one.symbol.count(".") == 1 and one.symbol.partition(".")[0].isupper():
                what = f'"{one.symbol.partition(".")[2]}": {one.ours}'
            return f"The chapter has no `{what}`."
        if one.symbol.endswith(" order"):
            return "In the chapter MIDDLEWARE has another order."
        if one.symbol.count(".") == 1 and one.symbol.partition(".")[0].isupper() and not one.here:
            last = one.symbol.partition(".")[2]
            return f"`{last}` is {one.ours} here, and {one.theirs} in the chapter."
        if one.here and one.there:
            return f"In `{name}`: `{one.here}`; the chapter has `{one.there}`."
        if one.there:
            return f"The chapter has `{one.there}` in `{name}`; here it is missing."
        if one.here:
            return f"In `{name}`: the chapter has no `{one.here}`."
        if one.ours == one.theirs or one.ours.startswith("def "):
            return f"`{name}` differs from the chapter."
        return f"Here it is `{one.ours}`, in the chapter `{one.theirs}`."

    def of_promise(self, failure: Seen) -> Cause | None:
        """A difference that has to do with the promise; else its question and its file."""
        if difference := self.related_difference(failure):
            # The question is of the file that it is asked of.
            its = difference.file == self.file(failure["file"])
            return self.cause(
                difference.file, difference.line,
                f"{sentence(failure['said'])} {self.told(difference)}",
                self.spelled(failure["question"]) if its else "Compare it with the chapter.",
                COMPARED,
            )  # fmt: skip
        file = self.file(failure["file"])
        names = re.findall(
            r"`([\w.]+)`|\b([A-Z][A-Z_]{4,}|[A-Z]\w+[a-z][A-Z]\w+)\b", failure["question"]
        )
        words = [one or other for one, other in names]
        line, _ = self.line_of(file, *words)
        return self.cause(file, line, failure["said"], self.spelled(failure["question"]), ASKED)

    def related_difference(self, failure: Seen) -> Difference | None:
        exchange = failure.get("exchange") or {}
        view = exchange.get("view") or {}
        near = related(view["name"], self.classes) if view.get("name") else {}
        for name in failure.get("views", []):  # what else the promise asked, before
            for one, far in related(name, self.classes).items():
                near.setdefault(one, far + 1)
        segments = {part for part in re.split(r"[/\d]+", exchange.get("path", "")) if part}
        file = self.file(failure["file"])
        question = f"{failure['question']} {failure['promise']}"
        asked = set(re.findall(r"\w+", failure["question"])) - {"the", "Is", "in", "of", "at"}
        families = {
            name.partition("_")[0] for name in asked if re.fullmatch("[A-Z]+_[A-Z_]+", name)
        }
        told = set(re.findall(r"\w+", failure["said"]))
        few = len(self.differences)
        path = exchange.get("path", "")
        models = {
            name
            for name in self.classes
            if re.search(rf"\b{name}\b", question + failure["said"] + failure["id"])
        }
        admin = bool(view.get("admin"))

        def score(one: Difference) -> float:
            points = 0.0
            last = re.split(r"[.\[:]", one.symbol)
            names = set(last) | set(re.findall(r"\w+", f"{one.ours} {one.theirs}"))
            points += 2.0 * bool(set(last) & asked - {"class", "fields"})
            points += 0.7 * min(3, len((names & asked) - set(last)))
            points += 0.4 * min(3, len(names & told))
            if one.owner in near:
                points += 2.5 - 0.4 * min(3, near[one.owner])
            if one.owner in models:
                points += 1.5
            if one.file == file:
                points += 1.5
            if "urls" in one.symbol.partition(":")[0] and segments & names:
                points += 2.5
            if admin and one.file.endswith("admin.py"):
                points += 1.5
            if one.file in self.settings_files() and file == self.settings:
                points += 0.5
                points += 2.0 * (one.symbol.partition("_")[0] in families)
            points += self.of_a_kind(one, path)
            if one.kind == "surplus" and one.ours.startswith("def ") and not near.get(one.owner):
                points -= 1
            if one.theirs.startswith("class ") or one.ours.startswith("class "):
                points -= 0.2
            if one.kind == "surplus" and one.ours.startswith("class ") and one.symbol == one.owner:
                points -= 2  # a class of one's own does nothing by being there
            if one.symbol.startswith(("INSTALLED_APPS", "MIDDLEWARE")):
                points += 1 + (failure["file"].partition("/")[0] in names)
            return points + (2.5 if few == 1 else 1.0 if few <= 4 else 0)

        return self.best(score, 2.5)

    def of_a_kind(self, one: Difference, path: str) -> float:
        """What a setting has to do with a request, by the name of either."""
        of_tokens = one.symbol.startswith("SIMPLE_JWT") or "Token" in one.symbol
        if of_tokens and re.search("token|login|logout", path):
            return 1.0
        if path.startswith(("/product", "/image", "/comment")):
            return 0.6 * one.symbol.startswith(("REST_", "PICTURES"))
        return 0.0

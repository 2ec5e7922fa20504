"""How a project's code differs from the chapter's, in what matters to Python.

A pure function of two sets of source texts. Quotes, comments, docstrings, imports, the order of
keywords and of a file's contents make no difference; a class is found by its name, in whichever
file it is. A difference alone proves nothing: the diagnosis takes one up only where it has to do
with something that was observed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatch
from functools import lru_cache

TEXTS = 500  # that are remembered
# Not part of how a project behaves.
ELSEWHERE = ("*/migrations/*", "*/tests/*", "test_*", "*/test_*", "*/tests.py", "tests.py",
             "conftest.py", "*/conftest.py", "manage.py", "*/wsgi.py", "*/asgi.py", "*/apps.py",
             "*/management/*")  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """One thing that code says: a class's attribute, a method, a setting, a route."""

    symbol: str  # "ImageViewSet.permission_classes", "SIMPLE_JWT.ROTATE_REFRESH_TOKENS"
    file: str
    line: int
    means: str  # equal when two of them mean the same
    text: str  # as written, on one line
    node: ast.AST | None = None  # what has parts of its own


@dataclass(frozen=True)
class Difference:
    """What one project says and the other does not, or says otherwise."""

    symbol: str
    file: str
    line: int
    kind: str  # missing, changed, renamed, surplus
    ours: str  # as it is written in the project
    theirs: str  # as it is written in the chapter
    here: str = ""  # of several lines, the first that differs …
    there: str = ""  # … and the chapter's in its place

    @property
    def owner(self) -> str:
        return self.symbol.partition(".")[0]


class Plain(ast.NodeTransformer):
    """Takes away what makes no difference."""

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        self.generic_visit(node)
        return ast.List(elts=node.elts, ctx=ast.Load())

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        # viewsets.ModelViewSet, rest_framework.viewsets.ModelViewSet and ModelViewSet
        if node.attr[:1].isupper() and isinstance(node.value, ast.Name):
            return ast.Name(id=node.attr, ctx=ast.Load())
        return ast.Attribute(value=node.value, attr=node.attr, ctx=ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(id=node.id, ctx=ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.keywords.sort(key=lambda keyword: keyword.arg or "")
        # dict(a=1) says what {"a": 1} says
        if isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
            return ast.Dict(
                keys=[ast.Constant(keyword.arg) for keyword in node.keywords],
                values=[keyword.value for keyword in node.keywords],
            )
        return node


def means(node: ast.AST) -> str:
    copy = ast.parse(ast.unparse(node))
    return ast.dump(Plain().visit(copy))


def units(sources: dict[str, str], settings: str) -> Iterator[Unit]:
    """Yield what the files say. ``settings`` is the path of the settings module.

    A settings module in several files counts as one: its whole folder, where it is a package.
    """
    folder = settings.rpartition("/")[0]
    split = settings.count("/") > 1 or settings.endswith("__init__.py")
    for file, text in sources.items():
        if not file.endswith(".py") or any(fnmatch(file, pattern) for pattern in ELSEWHERE):
            continue
        is_settings = file == settings or (split and file.rpartition("/")[0] == folder)
        scope = ""
        if file.endswith("urls.py"):
            first = file.split("/")[-2] if "/" in file else ""
            scope = "urls" if first == settings.split("/")[0] else f"{first}/urls"
        yield from of_file(text, file, scope, is_settings)


@lru_cache(TEXTS)
def parsed(text: str) -> ast.Module:
    """Return the tree of a module, an empty one where it is not Python. Nobody changes it.

    Most files of a project are the chapter's to the letter, and a watch looks at them again and
    again: each text is parsed once.
    """
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # however deep it goes
        return ast.Module(body=[], type_ignores=[])


@lru_cache(TEXTS)
def of_file(text: str, file: str, scope: str, is_settings: bool) -> tuple[Unit, ...]:
    return tuple(of_module(parsed(text), file, scope, is_settings))


@lru_cache(TEXTS)
def classes_in(text: str) -> tuple[ast.ClassDef, ...]:
    return tuple(node for node in ast.walk(parsed(text)) if isinstance(node, ast.ClassDef))


def of_module(tree: ast.Module, file: str, scope: str, is_settings: bool) -> Iterator[Unit]:
    for node in tree.body:
        match node:
            case ast.ImportFrom():
                yield from of_import(node, file)
            case ast.ClassDef():
                yield from of_class(node, file)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield unit(node.name, file, node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield from of_value(name, value, file, node, scope, is_settings)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield from of_value(name, value, file, node, scope, is_settings)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                yield from of_value(f"{name} +=", value, file, node, scope, is_settings)
            case ast.Expr(value=ast.Call()):
                call = node.value
                yield unit(f"{scope or stem(file)}:{ast.unparse(call)[:60]}", file, node)
            case ast.If() | ast.Try() | ast.With():
                inside = [*node.body, *getattr(node, "orelse", [])]
                yield from of_module(
                    ast.Module(body=inside, type_ignores=[]), file, scope, is_settings
                )
            case ast.Assign(targets=[target]):
                yield unit(f"{scope or stem(file)}:{ast.unparse(target)}", file, node)
            case _:
                pass


def of_import(node: ast.ImportFrom, file: str) -> Iterator[Unit]:
    """Where a name comes from. Only that it comes from elsewhere makes a difference."""
    folder = file.rpartition("/")[0].replace("/", ".")
    module = f"{folder}.{node.module or ''}" if node.level else node.module or ""
    for alias in node.names:
        name = alias.asname or alias.name
        text = " ".join(ast.unparse(node).split())
        yield Unit(f"{file}:import {name}", file, node.lineno, f"{module}.{alias.name}", text)


def stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".py")


def of_value(
    name: str, value: ast.expr, file: str, node: ast.stmt, scope: str, is_settings: bool
) -> Iterator[Unit]:
    value = plain_dict(value)
    inside = name if is_settings or not scope else f"{scope}:{name}"
    if not is_settings and not scope and not name.isupper():
        inside = f"{stem(file)}:{name}"
    if isinstance(value, ast.Dict) and is_settings and name not in {"DATABASES"}:
        for key, item in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant):
                yield Unit(
                    f"{inside}.{key.value!s}", file, key.lineno, means(item), one_line(item), item
                )
        yield Unit(inside, file, node.lineno, "", f"{name} = {{…}}")
    elif isinstance(value, ast.List | ast.Tuple) and (is_settings or scope) and value.elts:
        for item in value.elts:
            shown = one_line(item)
            yield Unit(f"{inside}[{shown}]", file, item.lineno, means(item), shown)
        if name == "MIDDLEWARE":  # where the order counts
            order = [ast.unparse(item) for item in value.elts]
            yield Unit(f"{inside} order", file, node.lineno, str(order), "MIDDLEWARE")
        yield Unit(inside, file, node.lineno, "", f"{name} = […]")
    else:
        yield Unit(inside, file, node.lineno, means(value), one_line(node), value)


def plain_dict(value: ast.expr) -> ast.expr:
    """Return ``{"a": 1}`` for ``dict(a=1)``, with the lines it has."""
    match value:
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords) if all(
            keyword.arg for keyword in keywords
        ):
            keys: list[ast.expr | None] = [
                ast.copy_location(ast.Constant(keyword.arg), keyword) for keyword in keywords
            ]
            plain = ast.Dict(keys=keys, values=[keyword.value for keyword in keywords])
            return ast.copy_location(plain, value)
    return value


def of_class(node: ast.ClassDef, file: str, outer: str = "") -> Iterator[Unit]:
    name = f"{outer}{node.name}"
    yield Unit(name, file, node.lineno, "", f"class {node.name}")
    bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
    head = f"class {node.name}({', '.join(ast.unparse(base) for base in node.bases)})"
    yield Unit(f"{name}.bases", file, node.lineno, str(bases), head)
    decorators = [means(one) for one in node.decorator_list]
    shown = " ".join(f"@{ast.unparse(one)}" for one in node.decorator_list)
    yield Unit(f"{name}.decorators", file, node.lineno, str(decorators), shown)
    for inner in node.body:
        match inner:
            case ast.ClassDef():
                yield from of_class(inner, file, f"{name}.")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield unit(f"{name}.{inner.name}", file, inner)
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                yield Unit(
                    f"{name}.{target}", file, inner.lineno, means(value), one_line(inner), value
                )
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
                yield Unit(
                    f"{name}.{target}", file, inner.lineno, means(value), one_line(inner), value
                )
            case _:
                pass


def unit(symbol: str, file: str, node: ast.stmt) -> Unit:
    """A function, or a statement: all that it does counts, its docstring does not."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        plain = ast.FunctionDef(
            name=node.name,
            args=node.args,
            body=body or [ast.Pass()],
            decorator_list=node.decorator_list,
        )
        plain.type_params = []  # type: ignore[attr-defined]
        ast.copy_location(plain, node)
        return Unit(symbol, file, node.lineno, means(plain), f"def {node.name}", node)
    return Unit(symbol, file, node.lineno, means(node), one_line(node))


def one_line(node: ast.AST) -> str:
    return shortened(ast.unparse(node))


def compare(
    ours: dict[str, str], settings: str, theirs: dict[str, str], their_settings: str
) -> list[Difference]:
    """Return the differences from the chapter's sources, each with its place in the project."""
    if not theirs:
        return []
    mine = index(units(ours, settings))
    model = index(units(theirs, their_settings))
    differences = []
    for symbol, wanted in model.items():
        if symbol in mine:
            found = mine[symbol]
            if found.means != wanted.means:
                file, (line, *lines) = found.file, first_change(found, wanted)
                differences.append(
                    Difference(symbol, file, line, "changed", found.text, wanted.text, *lines)
                )
            continue
        if parent(symbol) and parent(symbol) not in mine and parent(symbol) in model:
            continue  # told once, of the parent
        if ":import " in symbol:
            continue
        file, line = beside(symbol, mine, wanted, ours, settings)
        if file:
            differences.append(Difference(symbol, file, line, "missing", "", wanted.text))
    for symbol, found in mine.items():
        if ":import " in symbol:
            continue
        if symbol not in model and (not parent(symbol) or parent(symbol) in model):
            differences.append(
                Difference(symbol, found.file, found.line, "surplus", found.text, "")
            )
    return renamed(differences)


def renamed(differences: list[Difference]) -> list[Difference]:
    """Take what is missing and what is there too much together where the two look alike.

    A slip in a name, or another argument in a list's item, is one difference and not two.
    """
    surplus = [one for one in differences if one.kind == "surplus"]
    result = []
    for one in differences:
        if one.kind == "missing":
            scope = scope_of(one.symbol)
            alike = [
                (likeness(one, other), place, other)
                for place, other in enumerate(surplus)
                if scope_of(other.symbol) == scope
            ]
            best = max(alike, default=(0.0, 0, None))
            if best[2] is not None and best[0] >= 0.7:
                other = best[2]
                surplus.remove(other)
                one = Difference(
                    one.symbol, other.file, other.line, "renamed", other.ours, one.theirs
                )
        result.append(one)
    return [one for one in result if one.kind != "surplus" or one in surplus]


def scope_of(symbol: str) -> str:
    if "[" in symbol:
        return symbol.partition("[")[0]
    if ":" in symbol:
        return symbol.partition(":")[0]
    return symbol.rpartition(".")[0] or "module"


def likeness(one: Difference, other: Difference) -> float:
    """How alike two things of one place are: by name; items of a list by what they say."""
    if "[" in one.symbol:
        return SequenceMatcher(None, one.theirs, other.ours).ratio()
    name, slip = (re.split(r"[.:]", each.symbol)[-1] for each in (one, other))
    return SequenceMatcher(None, name.strip(), slip.strip()).ratio()


def index(found: Iterator[Unit]) -> dict[str, Unit]:
    """By symbol. Of two files that say the same thing, the later one speaks."""
    return {one.symbol: one for one in found}


def parent(symbol: str) -> str:
    if "[" in symbol:
        return symbol.partition("[")[0]
    return "" if ":" in symbol else symbol.rpartition(".")[0]


def beside(
    symbol: str, mine: dict[str, Unit], wanted: Unit, ours: dict[str, str], settings: str
) -> tuple[str, int]:
    """Return where something that is missing belongs: beside its like, or in a file of its name."""
    above = parent(symbol)
    if above in mine:
        return mine[above].file, mine[above].line
    if wanted.file.endswith("settings.py"):
        return settings, 0
    return (wanted.file, 0) if wanted.file in ours else ("", 0)


def first_change(found: Unit, wanted: Unit) -> tuple[int, str, str]:
    """Return where a function, a dictionary or a list begins to differ: the line's number, what it
    says, and what the chapter says in its place. Of what is missing, the line before it.
    """
    mine, model = list(parts(found.node)), list(parts(wanted.node))
    texts, other = [text for _, text in mine], [text for _, text in model]
    changes = SequenceMatcher(None, texts, other, autojunk=False).get_opcodes() if mine else []
    for kind, start, end, first, last in changes:
        if kind != "equal":
            line = mine[start if end > start else max(0, start - 1)][0]
            here = shortened(texts[start]) if end > start else ""
            there = shortened(other[first]) if last > first else ""
            return line, here, there
    return found.line, "", ""


def parts(node: ast.AST | None) -> Iterator[tuple[int, str]]:
    """Yield the statements of a function, or the items of a value, each with its line."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            for statement in body:
                yield from steps(statement)
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                name = f"{ast.unparse(key)}: " if key else "**"
                yield value.lineno, f"{name}{ast.unparse(value)}"
        case ast.List() | ast.Tuple():
            for item in node.elts:
                yield item.lineno, ast.unparse(item)


def steps(statement: ast.stmt) -> Iterator[tuple[int, str]]:
    """Yield a statement; of one that holds others, its first line, and then each of them."""
    text = ast.unparse(statement)
    inside = [
        one
        for name in ("body", "handlers", "orelse", "finalbody")
        for one in getattr(statement, name, [])
    ]
    yield statement.lineno, text.splitlines()[0] if inside else " ".join(text.split())
    for one in inside:
        yield from steps(one)


def shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 90 else f"{text[:89]}…"


# What belongs together


def other_names(ours: dict[str, str], theirs: dict[str, str]) -> dict[str, str]:
    """Return the project's name for each class of the chapter that it calls otherwise.

    Two classes are one where most of what they are made of is the same.
    """
    mine, model = classes(ours), classes(theirs)
    unknown = {name: made_of(mine[name][1]) for name in mine.keys() - model.keys()}
    missing = {name: made_of(model[name][1]) for name in sorted(model.keys() - mine.keys())}
    found: dict[str, str] = {}
    before = -1
    while before != len(found):  # one that is known helps to know those that use it
        before = len(found)
        for name in sorted(missing.keys() - found.keys()):
            wanted = {found.get(one, one) for one in missing[name]}
            alike = {one: len(has & wanted) / len(has | wanted) for one, has in unknown.items()}
            best = max(sorted(alike), key=lambda one: alike[one], default="")
            if best and alike[best] >= 0.6:
                found[name] = best
                del unknown[best]
    return found


def made_of(node: ast.ClassDef) -> set[str]:
    """Return the names and strings that a class is made of, without its own name."""
    text = " ".join(ast.unparse(one) for one in [*node.bases, *node.body])
    return set(re.findall(r"\w+", text)) or {""}


def classes(sources: dict[str, str]) -> dict[str, tuple[str, ast.ClassDef]]:
    """Return the project's classes and functions by name, each with its file."""
    found: dict[str, tuple[str, ast.ClassDef]] = {}
    for file, text in sources.items():
        if file.endswith(".py"):
            for node in classes_in(text):
                found.setdefault(node.name, (file, node))
    return found


def related(name: str, known: dict[str, tuple[str, ast.ClassDef]]) -> dict[str, int]:
    """Return the project's classes that a class uses, directly (1) or through others (2, 3 …)."""
    found = {name: 0}
    edge = [name]
    while edge:
        current = edge.pop(0)
        if current not in known:
            continue
        for node in ast.walk(known[current][1]):
            used = node.id if isinstance(node, ast.Name) else None
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                used = node.value.rpartition(".")[2]
            if used and used in known and used not in found:
                found[used] = found[current] + 1
                edge.append(used)
    return found

"""The notebooks: committed clean, built alike, and true from the first cell to the last.

Each is executed three times, in a fresh kernel: as it is, with a server of its own; with the
solutions filled in, against an outside server whose clock can be moved; and with wrong
answers, against an outside server whose clock cannot.
"""

import ast
import json
import re
import tempfile
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import NotebookNode

from tutorial.book import notebooks
from tutorial.book.notebooks import FOLDER, execute, execute_as_it_is, read
from tutorial.errors import Problem
from tutorial.ladder import Part, find, first
from tutorial.notebook import Lesson
from tutorial.running.server import serve

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CLAIMS = {
    *("exp", "hash_password", "iat", "jti", "nbf"),
    *("sid", "token_type", "user_id", "username"),
}
BY_PYJWT = [
    "lambda token: jwt.decode(token, options={'verify_signature': False})",
    "lambda payload, key: jwt.encode(payload, key)",
]
WRONG_ANSWERS = {
    "01": [["5"], ["lambda token: {}", BY_PYJWT[0]], ["lambda payload, key: 'a.b.c'", BY_PYJWT[1]]],
    "02": [["200", "True"], ["lambda username, password: {}"], ["401"]],
    "03": [
        ["'valid'"],
        ["lambda token, now: 300"],
        ["lambda answer: answer.status_code == 401"],
    ],
    "04": [["5 / (24 * 60)"], ["lambda pair: pair", "lambda pair: {}"], ["[0]"]],
    "05": [
        ["lambda token: claims(token).get('username')"],
        ["{'username'}", "{'password_hash', 'card_number', 'iban'}"],
        ["True", "0"],
    ],
    "06": [["30"], ["lambda address, server: address.startswith(server)"], ["10"]],
    "07": [["lambda token: '\"none\"' in str(token)"], ["'expired'"], ["b'secret'"]],
    "08": [["'alive'"], ["lambda first, second: False"], ["lambda answer: 60"]],
    "09": [["5"], ["20 * 365"], ["lambda pair: True", "lambda pair: False"]],
    "10": [
        ["1000"],
        ["lambda newer, seconds: 'refused'"],
        ["lambda answer: answer.status_code == 401"],
    ],
    "11": [
        ["15 * 24 * 60"],
        ["lambda line: 'Secure' in line", "lambda line: '; Secure' in line"],
        ["lambda origin, kind: 401 if origin == PAGE else 403"],
    ],
}

# What is no answer to any exercise, not even by chance.
RUBBISH = ['"x"', "None", "-1", "1j", "[]", "set()", "b'x'", "repr", "lambda *_: None", "int"]

# What would give an answer away.
TELLING = {
    "01": ["'exp'", "300"],
    "02": ["401", "400"],
    "03": ["token_not_valid"],
    "04": ["15", "40"],
    "05": ["password_hash", "card_number"],
    "06": ["urlsplit"],
    "07": ["refresh used", "settings.py", "django-insecure"],
    "08": ["Retry-After", "hash_password"],
    "09": ["300", "blacklisted"],
    "10": ["token_reused", "used twice"],
    "11": ["5 minutes", "415"],
}

# The real hasher takes its time with every login; how long is not what these servers are for.
QUICK = {"TUTORIAL_FAST_PASSWORDS": "1"}

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def part_of(notebook: NotebookNode) -> Part:
    """The part that a notebook runs on: the first with tokens, unless it asks for another."""
    asked = re.search(r"^lesson\.part = (\d+)$", code(notebook)[0].source, re.MULTILINE)
    return find(asked[1]) if asked else first("has_tokens")


def tagged(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(cell: NotebookNode) -> str:
    """What a cell printed, and the message of its error."""
    return "".join(
        output.get("text", "")
        + output.get("evalue", "")
        + output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def test_there_are_eleven_and_each_has_wrong_answers():
    assert [path.stem[:2] for path in NOTEBOOKS] == list(WRONG_ANSWERS)


@every_notebook
def test_is_committed_clean(path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    nbformat.validate(notebook)

    assert notebook["metadata"] == METADATA, "Only the kernel's general name belongs here."
    for cell in notebook["cells"]:
        assert re.fullmatch(r"[a-z][a-z0-9-]+", cell["id"]), f"Give the cell {cell['id']} a name."
        assert set(cell["metadata"]) <= {"tags"}, f"Cell {cell['id']}: {cell['metadata']}"
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], f"Clear the output of the cell {cell['id']}."
            assert cell["execution_count"] is None, f"Clear the count of the cell {cell['id']}."
    assert text == nbformat.writes(read(path)) + "\n", "Save it as Jupyter does."


@every_notebook
def test_opens_and_ends_as_all_do(path):
    notebook = read(path)
    first = notebook.cells[0].source
    headings = [cell.source.splitlines()[0] for cell in notebook.cells if cell.source[:1] == "#"]

    assert first.startswith(f"# {int(path.stem[:2])} · ")
    assert re.search(r"^\*.+\?.*\*$", first, re.MULTILINE), "It opens with the learner's question."
    assert "**You will see**" in first
    assert headings[-4:-2] == ["## To remember", "## Exercises"]
    assert [cell.metadata.tags[0] for cell in notebook.cells if cell.metadata.get("tags")] == [
        "answer",
        "check",
        "solution",
    ] * 3


@every_notebook
def test_shares_one_name_and_asserts_status_codes_and_claims(path):
    notebook = read(path)
    checks = {cell.id for cell in tagged(notebook, "check")}
    asserts = [
        node
        for cell in code(notebook)
        if cell.id not in checks
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Assert)
    ]
    nodes = [node for statement in asserts for node in ast.walk(statement)]
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    shared = [
        line for cell in code(notebook) for line in cell.source.splitlines() if "tutorial" in line
    ]

    assert "status_code" in names
    assert texts & CLAIMS
    assert [line for line in shared if "import" in line] == ["from tutorial.notebook import lesson"]


@every_notebook
def test_links_lead_somewhere(path):
    for cell in read(path).cells:
        for target in (
            re.findall(r"\]\(([^)#:]+)\)", cell.source) if cell.cell_type == "markdown" else ()
        ):
            assert (FOLDER / target).exists(), f"{cell.id}: {target}"


@every_notebook
def test_runs_with_a_server_of_its_own(path, tmp_path, monkeypatch):
    """And what came of it is what the book shows."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    notebook = execute_as_it_is(path)

    assert not list(tmp_path.iterdir()), "The kernel's servers should have left nothing."
    for check in tagged(notebook, "check"):
        assert said(check).startswith("Not yet:"), check.source
    for cell in code(notebook):
        assert not [output for output in cell.outputs if output.get("name") == "stderr"], said(cell)
    told = []
    for cell in code(notebook):
        if "lesson.timeline(" in cell.source:
            (output,) = cell.outputs
            picture, words = output.data["text/html"], output.data["text/plain"]
            assert 'role="img" aria-label="Timeline.' in picture
            assert "currentColor" in picture
            assert all(line in picture for line in words.splitlines())
            told.append(words)
    assert not told or ": 401." in told[-1], "The last picture should show what is refused."


@every_notebook
def test_solutions_hold_against_an_outside_server(path, tmp_path):
    notebook = read(path)
    for answer, solution in zip(
        tagged(notebook, "answer"), tagged(notebook, "solution"), strict=True
    ):
        answer.source = re.search(r"```python\n(.*?)\n```", solution.source, re.DOTALL)[1]
    for cell in code(notebook):
        cell.source = cell.source.replace("REALLY_WAIT = False", "REALLY_WAIT = True")
    if any("lesson.panel(" in cell.source for cell in code(notebook)):
        notebook.cells.append(nbformat.v4.new_code_cell(CLICK_ALL_BUTTONS))

    part = part_of(notebook)
    with serve(part.path, clock=True, environment=QUICK) as server:
        named = {"TUTORIAL_URL": f"{server.url}/", "TUTORIAL_CLOCK_URL": server.clock.url}
        execute(notebook, tmp_path, named)
        log = server.log()

    for check in tagged(notebook, "check"):
        assert said(check).startswith("Right"), said(check)
    assert f'"GET {part.protected}' in log, "It should have talked to the server that was named."
    assert '" 500 ' not in log


CLICK_ALL_BUTTONS = """
import re

import ipywidgets

widgets = list(ipywidgets.Widget.get_manager_state()["state"]) and list(
    ipywidgets.widgets.widget._instances.values()
)
buttons = [widget for widget in widgets if isinstance(widget, ipywidgets.Button)]
for wanted in ("Obtain", "Call", "Advance 5 min", "Advance 5 min", "Call", "Refresh", "Call"):
    next(button for button in buttons if button.description == wanted).click()
values = [getattr(widget, "value", "") for widget in widgets]
(log,) = [value for value in values if value.startswith('<div style="line-height')]
shown = [text[:3] for text in re.findall(r": (.*?)</span>", log)]
assert shown == ["200", "200", "don", "don", "401", "200", "200"], log
assert any("Access token: <strong>expires in" in value for value in values)
assert any("Call: <strong>200 OK" in value for value in values)
"""


def test_the_shell_changes_nothing(hostile, tmp_path):
    """A kernel gets what is exported, and so does what it starts."""
    for name in ("TUTORIAL_URL", "TUTORIAL_CLOCK_URL"):  # which are for notebooks
        hostile.pop(name)
    notebook = read(NOTEBOOKS[1])
    execute(notebook, tmp_path, hostile | {"no_proxy": "", "NO_PROXY": ""})
    assert any("lives 5 minutes" in said(cell) for cell in code(notebook))


@every_notebook
def test_wrong_answers_are_told_so(path, tmp_path):
    """Against a server whose clock stands still, and in a kernel without ipywidgets."""
    notebook = read(path)
    wrong = WRONG_ANSWERS[path.stem[:2]]
    for number, (check, values) in enumerate(zip(tagged(notebook, "check"), wrong, strict=True), 1):
        place = notebook.cells.index(check)
        notebook.cells[place : place + 1] = [
            nbformat.v4.new_code_cell(
                f"answer_{number} = {value}\n{check.source}", metadata={"tags": ["check"]}
            )
            for value in [*RUBBISH, *values]
        ]
    first = code(notebook)[0]
    first.source = "import sys\n\nsys.modules['ipywidgets'] = None\n" + first.source

    with serve(part_of(notebook).path, environment=QUICK) as server:
        execute(notebook, tmp_path, {"TUTORIAL_URL": server.url}, allow_errors=True)
        log = server.log()

    checks = tagged(notebook, "check")
    for cell in code(notebook):
        failed = [output for output in cell.outputs if output.output_type == "error"]
        if cell in checks:
            assert failed, f"Nothing is wrong with {cell.source!r}: {said(cell)}"
            card, error = [each for each in cell.outputs if each.output_type != "stream"]
            assert error.ename == "NotQuite", said(cell)
            assert error.traceback == ["This cell fails until the answer is right."]
            assert said(cell).startswith("Not quite: "), said(cell)
            assert "Not quite</strong>" in card.data["text/html"]
            assert not any(words in said(cell) for words in TELLING[path.stem[:2]]), said(cell)
        else:
            assert not failed, said(cell)
    assert '" 500 ' not in log


def test_a_server_of_another_part_is_told_so(monkeypatch):
    with serve(first("has_tokens").path) as server:
        monkeypatch.setenv("TUTORIAL_URL", server.url)
        lesson = Lesson()
        assert lesson.part == first("has_tokens")
        assert lesson.url == server.url

        lesson = Lesson()
        lesson.part = 10
        assert lesson.part == find(10)
        with pytest.raises(Problem, match=r"takes a server of part 10.*serve 10 --clock"):
            _ = lesson.url


@pytest.mark.parametrize("text", ["nowhere in it", "import"])
def test_a_second_server_goes_without_exactly_one_line(text, monkeypatch):
    monkeypatch.setenv("TUTORIAL_URL", "http://127.0.0.1:1")  # so that it starts no first one
    with pytest.raises(Problem, match="There should be one line"):
        Lesson().another(without=text)


# What the book takes


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A notebook whose output is another with every execution."""
    monkeypatch.setattr(notebooks, "KEPT", tmp_path / "kept")
    path = tmp_path / "chance.ipynb"
    cells = [nbformat.v4.new_code_cell("import uuid; print(uuid.uuid4())")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_the_book_takes_what_was_executed_until_something_changes(notebook, monkeypatch):
    first = notebooks.execute_as_it_is(notebook)
    assert said(notebooks.executed(notebook).cells[0]) == said(first.cells[0])
    monkeypatch.setattr(notebooks, "surroundings", lambda: b"another part")
    assert not notebooks.kept(notebook).exists()
    second = notebooks.executed(notebook)
    assert said(second.cells[0]) != said(first.cells[0])
    assert list(notebooks.KEPT.iterdir()) == [notebooks.kept(notebook)]
    notebook.write_bytes(notebook.read_bytes() + b"\n")
    assert not notebooks.kept(notebook).exists()


def test_the_book_has_the_lab_where_a_notebook_has_buttons():
    cell = nbformat.v4.new_code_cell("lesson.panel(lambda: None, print)")
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/plain": "VBox()"})]
    notebook = nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_code_cell("1")])
    shown = notebooks.for_the_book(notebook, first("has_tokens")).cells
    assert [each.cell_type for each in shown] == ["code", "markdown", "code"]
    assert shown[0].outputs == []
    assert (
        f"```{{playground}} Open the token lab in this page\n:part: {first('has_tokens').number}\n"
        in (shown[1].source)
    )


def test_a_part_a_tool_and_a_package_are_what_a_notebook_can_see(tmp_path, monkeypatch):
    def seen():
        notebooks.surroundings.cache_clear()
        return notebooks.surroundings()

    part = tmp_path / "part"
    (part / "reviews").mkdir(parents=True)
    monkeypatch.setattr(notebooks, "LADDER", (SimpleNamespace(path=part),))
    states = [seen()]
    assert states[0] == seen()
    (part / "reviews/models.py").touch()
    states.append(seen())
    (part / "reviews/models.py").write_text("# changed", encoding="utf-8")
    states.append(seen())
    (part / "db.sqlite3").touch()  # no file of the part
    assert states[-1] == seen()
    monkeypatch.setattr(notebooks, "distributions", list)
    states.append(seen())
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    (tmp_path / "src/tutorial").mkdir(parents=True)
    states.append(seen())
    assert len(set(states)) == len(states)
    notebooks.surroundings.cache_clear()

"""The diagnosis is a pure function: of plain data, in any interpreter, a browser's too."""

import json
import subprocess
import sys

import pytest

from tutorial.checking.comparison import compare
from tutorial.checking.diagnosis import Doctor, Observed, diagnose
from tutorial.running.environment import SOURCES

VIEWS = """
from rest_framework import viewsets

class ProductViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Product.objects.all()
    permission_classes = [IsAuthenticated]
"""


def failure(**more):
    return {
        "id": "test_x",
        "part": 3,
        "promise": "GET /product/ lists the newest first.",
        "file": "reviews/models.py",
        "question": "Is `ordering` in Product's Meta?",
        "said": "GET /product/ should be 200, got 401",
        "exchange": None,
        "raised": None,
        **more,
    }


def test_it_needs_neither_django_nor_a_process():
    code = (
        "import json, sys; from tutorial.checking.diagnosis import Observed, diagnose\n"
        "print(diagnose(Observed()).causes)\n"
        "assert not {'django', 'subprocess', 'rich', 'pytest'} & set(sys.modules), sys.modules"
    )
    run = [sys.executable, "-S", "-c", code]
    result = subprocess.run(
        run, env={"PYTHONPATH": str(SOURCES)}, capture_output=True, encoding="utf-8", check=False
    )
    assert result.returncode == 0 and result.stdout.strip() == "[]", result.stderr


def test_what_was_observed_can_travel_as_json():
    observed = {"failures": [failure()], "sources": {"reviews/views.py": VIEWS}}
    [cause] = diagnose(Observed(**json.loads(json.dumps(observed)))).causes
    assert cause.file == "reviews/models.py"
    assert cause.todo == "Is `ordering` in Product's Meta?"


@pytest.mark.parametrize("rule", ["of_promise", "of_load", "is_the_place_of_an_app"])
def test_a_rule_that_fails_leaves_what_was_observed(rule, monkeypatch):
    """The promise's own question, or the exception; nothing of ours shows."""

    def fail(*_):
        raise KeyError("a slip of ours")

    monkeypatch.setattr(Doctor, rule, fail)
    other = {"reviews/views.py": VIEWS.replace("queryset", "query_set")}
    observed = {"failures": [failure()], "sources": {"reviews/views.py": VIEWS}, "chapter": other}
    [cause] = diagnose(Observed(**observed)).causes
    if rule == "of_promise":
        assert (cause.file, cause.todo) == ("reviews/models.py", "Is `ordering` in Product's Meta?")
    frame = {"file": "reviews/views.py", "line": 4, "code": "class …", "function": "", "own": True}
    raised = {"type": "TypeError", "message": "odd", "about": {}, "frames": [frame], "cause": None}
    finding = {"kind": "load", "fatal": True, "raised": raised}
    found = diagnose(Observed(**observed, findings=[finding]))
    assert found.blocked and found.causes[0].file == "reviews/views.py"
    assert (found.causes[0].line, "TypeError" in found.causes[0].said) == (4, True)
    assert "slip of ours" not in str(found.causes)
    # Our own tests are told.
    assert bool(found.slips) == (rule in {"of_load", "is_the_place_of_an_app"})


def test_a_confirmed_status_code_outranks_the_question():
    exchange = {
        "method": "GET",
        "path": "/product/",
        "query": "",
        "sent": "",
        "token": "",
        "status": 401,
        "headers": {},
        "body": "",
        "raised": None,
        "closest": "",
        "view": {
            "name": "ProductViewSet",
            "file": "reviews/views.py",
            "line": 4,
            "authenticators": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
            "permissions": ["rest_framework.permissions.IsAuthenticated"],
            "own": {"permissions": True, "authenticators": False},
        },
    }
    sources = {"reviews/views.py": VIEWS}
    [cause] = diagnose(Observed(failures=[failure(exchange=exchange)], sources=sources)).causes
    assert (cause.file, cause.line) == ("reviews/views.py", 6)
    exchange["view"]["permissions"] = ["rest_framework.permissions.AllowAny"]
    [cause] = diagnose(Observed(failures=[failure(exchange=exchange)], sources=sources)).causes
    assert cause.file == "reviews/models.py", "nothing confirms it: the question speaks"


def test_what_is_written_otherwise_and_means_the_same_is_no_difference():
    ours = {
        "medium/settings.py": "INSTALLED_APPS = ('a', \"b\",)\nX = dict(a=1, b=[1,\n 2])\n",
        "reviews/api.py": "# moved\nclass A(models.Model):\n  'A docstring.'\n  x = f(b=2, a=1)\n",
    }
    theirs = {
        "medium/settings.py": 'INSTALLED_APPS = ["a", "b"]\nX = {"a": 1, "b": (1, 2)}\n',
        "reviews/views.py": "class A(Model):\n    x = f(a=1, b=2)\n",
    }
    assert compare(ours, "medium/settings.py", theirs, "medium/settings.py") == []


def test_a_slip_in_a_name_is_one_difference():
    ours = {"reviews/views.py": "class A(B):\n    permission_class = [C]\n"}
    theirs = {"reviews/views.py": "class A(B):\n    permission_classes = [C]\n"}
    [one] = compare(ours, "medium/settings.py", theirs, "medium/settings.py")
    assert (one.kind, one.line, one.symbol) == ("renamed", 2, "A.permission_classes")

"""Promises fail in words: whatever a project answers, no promise crashes in its own code."""

import json
import os
import subprocess
import sys

import pytest
from filelock import FileLock

from tutorial.ladder import LADDER, ROOT
from tutorial.project_files import clean_copy
from tutorial.running.environment import child_environment

# Another answer to each request than any that was meant.
ANSWERS = {
    "empty": "HttpResponse(b'')",
    "500": "HttpResponse(b'Server error', status=500)",
    "a list": "JsonResponse([1, 'x', None], safe=False)",
    "a string": "JsonResponse('x', safe=False)",
    "nothing": "JsonResponse(None, safe=False)",
    "an object of nothing": "JsonResponse({})",
    "an object of objects": "JsonResponse(Anything())",
    "broken JSON": "HttpResponse(b'{', content_type='application/json')",
    "created": "JsonResponse({}, status=201)",
    "refused": "JsonResponse({}, status=400)",
    "unknown": "JsonResponse([], safe=False, status=401)",
    "forbidden": "JsonResponse({}, status=403)",
    "gone": "HttpResponse(status=204)",
}
FIRST = "500"
MIDDLEWARE = """
from django.http import HttpResponse, JsonResponse


class Anything(dict):
    def __init__(self):
        super().__init__(
            {{
                "count": "x", "results": [{{}}, None], "next": None, "access": 1, "refresh": [],
                "pk": "x", "detail": [], "code": None, "messages": {{}}, "image": None,
                "renditions": [], "user": "x", "name": {{}}, "category": None, "sites": 1,
            }}
        )


class Odd:
    def __init__(self, get_response):
        pass

    def __call__(self, request):
        return {answer}
"""


@pytest.fixture(scope="session")
def at_first(tmp_path_factory):
    """What came of all promises with the first answer: by one process for all of a run."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with FileLock(folder / "at-first.lock"):
        if not (folder / "at-first.json").exists():
            results = run_promises(FIRST, tmp_path_factory.mktemp("at-first"))
            (folder / "at-first.json").write_text(json.dumps(results), "utf-8")
    return json.loads((folder / "at-first.json").read_text("utf-8"))


def run_promises(answer, folder, left_out=()):
    """Run all promises of the last part where this is each answer; return what came of them."""
    part, copy, report = LADDER[-1], folder / "project", folder / "report.jsonl"
    clean_copy(part.path, copy)
    (copy / "medium" / "odd.py").write_text(MIDDLEWARE.format(answer=ANSWERS[answer]), "utf-8")
    settings = copy / "medium" / "settings.py"
    text = settings.read_text("utf-8")
    settings.write_text(
        text.replace("MIDDLEWARE = [", 'MIDDLEWARE = [\n    "medium.odd.Odd",'), "utf-8"
    )
    command = [sys.executable, "-m", "pytest", str(ROOT / "tests" / "checkpoints"), "-q"]
    command += [f"--part={part}", f"--project={copy}", f"--report={report}", "--tb=native"]
    command += [f"--deselect=tests/checkpoints/{name}" for name in left_out]
    command += ["--no-summary", "-p", "no:cacheprovider"]
    subprocess.run(
        [*command, f"--config-file={ROOT / 'pyproject.toml'}"],
        cwd=folder,
        env=child_environment(),
        capture_output=True,
        check=False,
    )
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    return {line["id"]: line for line in lines if "id" in line}


def looks_at_nothing(results):
    """Return the promises that hold where every response is a 500: no other answer is asked."""
    held = {name for name, line in results.items() if line["outcome"] == "passed"}
    # pytest deselects by how a name begins.
    others = results.keys() - held
    return {name for name in held if not any(other.startswith(name) for other in others)}


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_promise_crashes(answer, at_first, tmp_path):
    """Only failures in words, of all promises of the last part, and some do fail."""
    indifferent = looks_at_nothing(at_first)
    results = at_first if answer == FIRST else run_promises(answer, tmp_path, indifferent)
    assert results.keys() | indifferent == at_first.keys() and len(indifferent) > 10
    failed = [line for line in results.values() if line["outcome"] == "failed"]
    assert failed, list(results)[:3]
    crashed = [f"{line['id']}: {line['said']}" for line in failed if line["raised"]]
    assert not crashed, "\n".join(crashed)
